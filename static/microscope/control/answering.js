/* The dialogs of the one who is asked for control. They are on every page. */
import { giveControl, refuseControl } from "./acts.js";
import { connectDialog } from "./dialogs.js";
import { clockTime, firstName } from "./names.js";
import { currentControl, isAsked } from "./state.js";

const MINUTE_MS = 60_000;

const byId = (id) => document.getElementById(id);

/** The whole message of the asker, with both answers. */
export function openAsked() {
  const { ask, kind } = currentControl();
  const job = kind === "job" ? " Your job is paused." : "";
  byId("asked-title").textContent = `${ask.name} asks for control`;
  byId("asked-message").textContent = ask.message && `“${ask.message}”`;
  byId("asked-what").textContent =
    `Give control: ${firstName(ask.name)} may change all settings. The exposure in progress is finished first.${job} You can ask to have it back.`;
  byId("asked-dialog").showModal();
}

/** When the asker may expect control instead. */
export function openNotNow() {
  const { ask, until } = currentControl();
  const whom = firstName(ask.name);
  byId("not-now-title").textContent = `Tell ${whom} when`;
  byId("not-now-send").textContent = `Tell ${whom}`;
  for (const minutes of [5, 15]) {
    byId(`not-now-${minutes}`).textContent = `In ${minutes} minutes, at ${clockTime(Date.now() + minutes * MINUTE_MS)}`;
  }
  byId("not-now-end-choice").hidden = !until;
  byId("not-now-end").textContent = until ? `At the end of my time, ${clockTime(until)}` : "";
  byId("not-now-dialog").querySelector("form").reset();
  byId("not-now-dialog").showModal();
}

async function tell({ when, message }) {
  const time = when.value && byId(`not-now-${when.value}`).textContent;
  await refuseControl([time, message.value.trim()].filter(Boolean).join(": "));
  byId("asked-dialog").close();
}

if (byId("asked-dialog")) {
  connectDialog(byId("asked-dialog"), giveControl, isAsked);
  connectDialog(byId("not-now-dialog"), tell, isAsked);
  byId("asked-not-now").addEventListener("click", openNotNow);
}
