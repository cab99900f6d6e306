/* Moves many images into the bin or out of it, some at a time, and describes the outcome. */
import { addressOf, leaveNotice, post } from "../../microscope/api.js";

export const IDS_PER_CALL = 200;
const MOVING_MS = 60_000;

export const BIN = { address: addressOf("/api/v1/images/bin"), doing: "Moving to the bin", did: "moved to the bin", rest: "The rest is still selected." };
export const RESTORE = { address: addressOf("/api/v1/images/restore"), doing: "Restoring", did: "restored", rest: "The rest is still selected." };
export const UNDO = { ...RESTORE, rest: "The rest is in the bin." };

/** {asked, done, refused, problem, isStopped}: `done` holds the numbers that the server confirmed. Raises nothing: what
    was done before a problem stays done. */
export async function moveImages(deed, ids, { signal, show }) {
  const outcome = { asked: ids.length, done: new Set(), refused: [], problem: null, isStopped: false };
  addEventListener("beforeunload", warn);
  try {
    for (let start = 0; start < ids.length && !outcome.isStopped; start += IDS_PER_CALL) {
      if (ids.length > IDS_PER_CALL) show(start, ids.length);
      note(outcome, await post(deed.address, { ids: ids.slice(start, start + IDS_PER_CALL) }, { deadlineMs: MOVING_MS }));
      outcome.isStopped = signal.aborted && start + IDS_PER_CALL < ids.length;
    }
  } catch (problem) {
    outcome.problem = problem;
  } finally {
    removeEventListener("beforeunload", warn);
  }
  tellNextPage(deed, outcome);
  return outcome;
}

function note(outcome, { done, refused }) {
  for (const id of done) outcome.done.add(id);
  outcome.refused.push(...refused);
}

export function isWhole({ asked, done }) {
  return done.size === asked;
}

/** Returns {message, detail} that describe the outcome. */
export function describeOutcome(deed, outcome) {
  const { asked, done, refused, problem, isStopped } = outcome;
  const isCut = Boolean(problem) || isStopped;
  const reasons = [refused.length && describeRefused(refused), problem?.message, isStopped && "Stopped by you.", isCut && deed.rest];
  const sentences = reasons.filter(Boolean);
  if (isWhole(outcome)) return { message: `${count(asked)} ${deed.did}`, detail: "" };
  if (!done.size) return { message: sentences[0], detail: asked > 1 ? sentences.slice(1).join(" ") : "" };
  const least = problem?.isUnanswered ? "At least " : "";
  return { message: `${least}${format(done.size)} of ${count(asked)} ${deed.did}`, detail: sentences.join(" ") };
}

export function format(number) {
  return number.toLocaleString("en-GB");
}

/** If the user must sign in again, the next page says how much was done. */
function tellNextPage(deed, outcome) {
  const isLeaving = outcome.problem?.status === 401 || outcome.problem?.code === "user_changed";
  if (!isLeaving || !outcome.done.size) return;
  const { message } = describeOutcome(deed, outcome);
  leaveNotice(`${message}. ${outcome.problem.message}`);
}

function describeRefused(refused) {
  const reason = refused.find((one) => one.message)?.message ?? "Only the user who captured them or a manager can do this.";
  return `${count(refused.length)} not changed. ${reason}`;
}

function count(number) {
  return number === 1 ? "1 image" : `${format(number)} images`;
}

/** The browser asks whether to leave the page. */
function warn(event) {
  event.preventDefault();
}
