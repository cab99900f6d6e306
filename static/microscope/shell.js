/* The parts of every page: status line, menus, keys. */
import { get, takeNotice } from "./api.js";
import { showAskedToasts } from "./control/asked-toast.js";
import { showReceivedToasts } from "./control/received-toast.js";
import { playWhenAsked } from "./control/sound.js";
import { askAnewWith, noteControl, pollPauseMs } from "./control/state.js";
import { elapsedMs, markNow } from "./elapsed.js";
import { showJob } from "./job-status.js";
import { isPlain, onKey } from "./keys.js";
import { focusLastToast, showToast } from "./toasts.js";

export { showToast };

const POLL_MS = 5000;
const POLL_DEADLINE_MS = 4000;
// An older state is not shown as the current one.
const OLD_MS = POLL_MS + POLL_DEADLINE_MS + 1000;
const TICK_MS = 1000;
const STATE_WORDS = {
  closed: "Closed",
  opening: "Opening",
  ready: "Ready",
  streaming: "Streaming",
  reopening: "Reopening",
  fault: "Camera lost",
};

const byId = (id) => document.getElementById(id);

/** Put the camera's state into badge and status line. `state` is what GET /api/v1/camera answers; `silence`: what the
    page says in place of the state while no pictures come. */
export function showCamera(state, silence = null) {
  if (!byId("status")) return;
  byId("status-simulated").hidden = !state.simulated;
  byId("status-camera").hidden = state.simulated;
  byId("status-camera").replaceChildren(strong(state.model ?? "–"), ` ${state.serialNumber ?? ""}`);
  byId("simulated-badge").hidden = !state.simulated;
  if (state.simulationReason) {
    byId("simulated-badge").querySelector("span").textContent =
      `${state.simulationReason} The images are drawn by the program. They are not data.`;
  }
  showWarnings(state.warnings);
  if (silence) showState("reopening", silence);
  else showState(state.state, describeState(state));
}

/** Shows the warnings of a working camera. Screen readers announce each one once. */
function showWarnings(warnings) {
  const place = byId("camera-warning");
  const sentences = warnings.map(({ message }) => message).join(" ");
  place.hidden = !sentences;
  const text = place.querySelector("span");
  if (text.textContent.trim() !== sentences) text.textContent = sentences;
}

/** Dot and word of the status line. */
export function showState(state, words = STATE_WORDS[state]) {
  const place = byId("status-state");
  if (!place || (place.dataset.state === state && place.textContent === words)) return;
  place.dataset.state = state;
  place.textContent = words;
}

/** Times are in the lab's time zone and not in the browser's, so that all users read the same time. */
export const timeZone = document.documentElement.dataset.timeZone;

export function formatTime(moment) {
  return new Date(moment).toLocaleTimeString("en-GB", { hour12: false, timeZone });
}

export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 1 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function describeState(state) {
  if (state.state !== "fault") return STATE_WORDS[state.state] ?? state.state;
  const words = state.model ? "Camera lost" : "No camera";
  return `${words} since ${formatTime(state.since)}`;
}

function strong(text) {
  return Object.assign(document.createElement("strong"), { textContent: text });
}

function closeMenus(event) {
  const isKey = event.type === "keydown";
  if (isKey && (event.key !== "Escape" || !isPlain(event) || document.querySelector("dialog[open]"))) return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!isKey && menu.contains(event.target)) continue;
    menu.open = false;
    if (isKey) menu.querySelector("summary").focus();
  }
}

function showDisk({ freeBytes, reserveBytes, job }) {
  showJob(job);
  const isLow = freeBytes < 2 * reserveBytes;
  const [amount, unit] = formatBytes(freeBytes).split(" ");
  byId("status-disk").replaceChildren(strong(`${amount} ${unit}`), " free");
  byId("status-disk").classList.toggle("disk-low", isLow);
  warnOfDisk(isLow && `${formatBytes(freeBytes)} left. Captures stop at ${formatBytes(reserveBytes)}.`);
}

function warnOfDisk(sentence) {
  byId("disk-warning").hidden = !sentence;
  byId("disk-warning").querySelector("span").textContent = sentence || "";
}

/** Polls the server, one request at a time. Clears values that are too old. `pauseMs()`: until the next request. */
class Poll {
  constructor(path, { show, showOld, showProblem, pauseMs = () => POLL_MS }) {
    Object.assign(this, { path, show, showOld, showProblem, pauseMs, answered: markNow() });
    this.ask();
    setInterval(() => this.checkAge(), TICK_MS);
    for (const [place, name] of [[document, "visibilitychange"], [window, "pageshow"]]) {
      place.addEventListener(name, () => this.checkAge() || this.ask());
    }
  }

  async ask() {
    this.askLater();
    if (document.hidden || this.isAsking) return;
    this.isAsking = true;
    const askedAt = performance.now();
    try {
      const answer = await get(this.path, { deadlineMs: POLL_DEADLINE_MS });
      this.answered = markNow();
      this.isOld = false;
      this.show(answer, askedAt);
      this.askLater();
    } catch (problem) {
      this.note(problem);
    }
    this.isAsking = false;
  }

  askLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), this.pauseMs());
  }

  note(problem) {
    if (problem.code === "server_unreachable") this.setOld("Server not reachable");
    else if (problem.isUnanswered) this.setOld("No response from the server");
    else this.showProblem?.(problem.message);
  }

  checkAge() {
    if (!document.hidden && !this.isOld && elapsedMs(this.answered) > OLD_MS) this.setOld("Waiting for the server");
  }

  setOld(words) {
    this.isOld = true;
    this.showOld(words);
  }
}

function noteCamera(state, askedAt) {
  showCamera(state);
  noteControl(state.control, askedAt);
}

function showOldCamera(words) {
  showState("fault", words);
}

function showDiskProblem(sentence) {
  warnOfDisk(sentence);
  showJob(null);
}

function showOldDisk() {
  showJob(null);
  byId("status-disk").replaceChildren(strong("–"), " free");
}

const status = byId("status");
if (status?.hasAttribute("data-poll-camera")) {
  const poll = new Poll("/api/v1/camera", { show: noteCamera, showOld: showOldCamera, pauseMs: () => pollPauseMs(POLL_MS) });
  askAnewWith(() => poll.ask());
  showAskedToasts();
  showReceivedToasts();
}
if (status?.dataset.storage) {
  new Poll(status.dataset.storage, { show: showDisk, showOld: showOldDisk, showProblem: showDiskProblem });
}

playWhenAsked();

const notice = byId("toasts") && takeNotice();
if (notice) showToast({ message: notice, isError: true });
// A page from the back-forward cache shows old values, so load it again.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

const keysButton = byId("keys-button");
if (keysButton) {
  const dialog = byId("keys-dialog");
  keysButton.hidden = false;
  keysButton.addEventListener("click", () => dialog.showModal());
  onKey("?", () => dialog.showModal());
}
onKey("u", focusLastToast);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
