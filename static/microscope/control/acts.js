/* What a user does with control. Each act raises the server's refusal, and brings the page up to date. */
import { patch, post, remove } from "../api.js";
import { noteAct } from "./state.js";

const ADDRESS = "/api/v1/control";

async function done(request) {
  noteAct(await request);
}

/** Behind others, if others ask already. */
export const askForControl = (message) => done(post(`${ADDRESS}/ask`, { message, queue: true }));
export const withdrawAsk = () => done(remove(`${ADDRESS}/ask`));
export const giveControl = () => done(post(`${ADDRESS}/answer`, { give: true }));
export const release = () => done(remove(ADDRESS));
export const pauseJob = (jobId) => done(post(`/api/v1/jobs/${jobId}/pause`));

export const refuseControl = (message) => done(post(`${ADDRESS}/answer`, { give: false, message }));

/** Keep control for so many minutes from now. */
export function keepControl(isKept, minutes, note) {
  return done(isKept ? patch(ADDRESS, { minutes, note }) : post(ADDRESS, { minutes, note }));
}

/** Without a reason: one's own script, or an ask that nobody answered. */
export const takeControl = () => done(post(`${ADDRESS}/take`));

/** For managers. The holder reads the reason. `fence`: that of the holder whom the manager saw. */
export function takeOver(reason, afterPicture, fence) {
  return done(post(`${ADDRESS}/take`, { reason, afterPicture, fence }));
}
