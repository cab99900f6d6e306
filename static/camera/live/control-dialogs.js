/* The dialogs about control on the live page: ask for it, keep it, take it from somebody. */
import { askForControl, keepControl, takeOver } from "../../microscope/control/acts.js";
import { connectDialog } from "../../microscope/control/dialogs.js";
import { clockTime, firstName, minutesAndSeconds } from "../../microscope/control/names.js";
import { currentControl, heardSecondsAgo, isHeldElsewhere } from "../../microscope/control/state.js";
import { currentExposureMs } from "./deadlines.js";

const DAY_MINUTES = 24 * 60;
const MINUTE_MS = 60_000;

const byId = (id) => document.getElementById(id);
// What the manager saw when the question was asked: if control passes on meanwhile, nothing is taken.
let fence = null;
const { timeZone } = document.documentElement.dataset;

export function openAsk() {
  const { holder, secondsSinceUse } = currentControl();
  const first = firstName(holder.name);
  byId("ask-title").textContent = `Ask ${first} for control`;
  byId("ask-what").textContent = `${describeUse(first, secondsSinceUse)} sees your question on every open page.`;
  byId("ask-dialog").showModal();
}

function describeUse(first, secondsSinceUse) {
  if (typeof secondsSinceUse !== "number") return first;
  const ago = Math.round(secondsSinceUse + heardSecondsAgo());
  return `${first} used the camera ${ago < 120 ? `${ago} s` : `${minutesAndSeconds(ago)} min`} ago, and`;
}

export function openKeep() {
  const { isKept, note } = currentControl();
  byId("keep-title").textContent = isKept ? "Keep control longer" : "Keep control";
  byId("keep-30").textContent = `30 minutes, until ${clockTime(Date.now() + 30 * MINUTE_MS)}`;
  byId("keep-120").textContent = `2 hours, until ${clockTime(Date.now() + 120 * MINUTE_MS)}`;
  byId("keep-dialog").querySelector("form").reset();
  byId("keep-note").value = note ?? "";
  byId("keep-dialog").showModal();
}

function keep(elements) {
  const { isKept } = currentControl();
  const minutes = elements.for.value === "time" ? minutesUntil(elements.until) : Number(elements.for.value);
  return keepControl(isKept, minutes, elements.note.value.trim());
}

/** The clock of the lab counts. A time that has passed today is that of tomorrow. */
function minutesUntil({ value }) {
  if (!value) throw new Error("Say until when you keep control.");
  const now = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
  return (minuteOfDay(value) - minuteOfDay(now) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
}

function minuteOfDay(time) {
  const [hours, minutes] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

export function openTakeOver() {
  const { kind, holder } = currentControl();
  const first = firstName(holder.name);
  const isJob = kind === "job";
  byId("take-title").textContent = `Take control from ${isJob ? `${first}'s job` : first}?`;
  byId("take-reason-label").textContent = `Reason, ${first} reads it`;
  byId("take-after").textContent = `After the picture in progress, at most ${describeExposure(currentExposureMs())}`;
  byId("take-what").textContent = isJob ? "The job pauses. What it misses is listed with your reason." : "";
  fence = currentControl().fence;
  byId("take-dialog").querySelector("form").reset();
  byId("take-dialog").showModal();
}

function describeExposure(ms) {
  return ms < 1000 ? `${Math.max(1, Math.ceil(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

byId("keep-dialog").querySelector("[name=until]").addEventListener("focus", () => (byId("keep-dialog").querySelector("[value=time]").checked = true));

const mayKeep = ({ state, isMine }) => state === "free" || isMine;

connectDialog(byId("ask-dialog"), ({ message }) => askForControl(message.value.trim()), isHeldElsewhere);
connectDialog(byId("keep-dialog"), async (elements) => keep(elements), mayKeep);
connectDialog(byId("take-dialog"), ({ reason, when }) => takeOver(reason.value.trim(), when.value === "after", fence), isHeldElsewhere);
