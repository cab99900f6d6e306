/* What every page has: status line, menus, keys, toasts. */
import { get } from "./api.js";

const POLL_MS = 5000;
const TOAST_MS = 6000;
const STATE_WORDS = {
  closed: "Closed",
  opening: "Opening",
  ready: "Ready",
  streaming: "Streaming",
  reopening: "Reopening",
  fault: "Camera lost",
};

const byId = (id) => document.getElementById(id);
const keys = new Map();

/** Call `run` when this key is pressed outside of fields. Names as in KeyboardEvent.key; "Shift+F" for the like. */
export function onKey(key, run) {
  keys.set(key, run);
}

/** A passing message, bottom left; errors stay until closed. `action`: {label, run} or {label, href}. */
export function showToast({ message, detail = "", action = null, isError = false }) {
  const toast = document.createElement("div");
  toast.className = isError ? "toast is-error" : "toast";
  toast.setAttribute("role", isError ? "alert" : "status");
  const text = document.createElement("div");
  text.append(message);
  if (detail) text.append(Object.assign(document.createElement("small"), { textContent: detail }));
  toast.append(text);
  if (action) toast.append(makeAction(action, toast));
  if (isError) toast.append(makeAction({ label: "Close" }, toast));
  byId("toasts").append(toast);
  if (!isError) setTimeout(() => toast.remove(), TOAST_MS);
  return toast;
}

/** Put the camera's state into badge and status line. `state` is what GET /api/v1/camera answers. */
export function showCamera(state) {
  if (!byId("status")) return;
  byId("status-simulated").hidden = !state.simulated;
  byId("status-camera").hidden = state.simulated;
  byId("status-camera").replaceChildren(strong(state.model ?? "–"), ` ${state.serialNumber ?? ""}`);
  byId("simulated-badge").hidden = !state.simulated;
  if (state.simulationReason) {
    byId("simulated-badge").querySelector("span").textContent =
      `${state.simulationReason} These pictures are drawn, not data.`;
  }
  showState(state.state, describeState(state));
}

/** Dot and word of the status line. */
export function showState(state, words = STATE_WORDS[state]) {
  const place = byId("status-state");
  if (!place || (place.dataset.state === state && place.textContent === words)) return;
  place.dataset.state = state;
  place.textContent = words;
}

export function formatTime(moment) {
  return new Date(moment).toLocaleTimeString("en-GB", { hour12: false });
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

export function singleLetterKeysAreOn() {
  return localStorage.getItem("single-letter-keys") !== "off";
}

export function isTyping(target) {
  return target.isContentEditable || target.matches("textarea, select, input:not([type=range], [type=radio], [type=checkbox])");
}

function describeState(state) {
  if (state.state !== "fault") return STATE_WORDS[state.state] ?? state.state;
  const words = state.model ? "Camera lost" : "No camera";
  return `${words} since ${formatTime(state.since)}`;
}

function strong(text) {
  return Object.assign(document.createElement("strong"), { textContent: text });
}

function makeAction({ label, run, href }, toast) {
  const control = document.createElement(href ? "a" : "button");
  control.textContent = label;
  if (href) control.href = href;
  else Object.assign(control, { type: "button", className: "plain" });
  control.addEventListener("click", () => {
    toast.remove();
    run?.();
  });
  return control;
}

function answerKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const isLetter = event.key.length === 1 && event.key !== " ";
  if (isLetter && !singleLetterKeysAreOn()) return;
  const name = event.shiftKey && /^[a-z]$/i.test(event.key) ? `Shift+${event.key.toUpperCase()}` : event.key.toLowerCase();
  const run = keys.get(name) ?? keys.get(event.key);
  if (!run) return;
  event.preventDefault();
  run(event);
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const isLeft = event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target);
    if (!isLeft) continue;
    menu.open = false;
    if (event.type === "keydown") menu.querySelector("summary").focus();
  }
}

function showDisk({ freeBytes, reserveBytes }) {
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

async function poll(path, show, showProblem) {
  if (document.hidden) return;
  try {
    show(await get(path));
  } catch (problem) {
    if (problem.code === "server_unreachable") showState("fault", "Server not reached");
    else showProblem?.(problem.message);
  }
}

function keepPolling(path, show, showProblem) {
  const again = () => poll(path, show, showProblem);
  again();
  setInterval(again, POLL_MS);
  document.addEventListener("visibilitychange", again);
}

const status = byId("status");
if (status?.hasAttribute("data-poll-camera")) keepPolling("/api/v1/camera", showCamera);
if (status?.dataset.storage) keepPolling(status.dataset.storage, showDisk, warnOfDisk);

const keysButton = byId("keys-button");
if (keysButton) {
  const dialog = byId("keys-dialog");
  keysButton.hidden = false;
  keysButton.addEventListener("click", () => dialog.showModal());
  onKey("?", () => dialog.showModal());
}
document.addEventListener("keydown", answerKey);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
