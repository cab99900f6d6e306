/* Who controls the camera, as the server last said it. It comes with the answers that a page asks for anyway. */
import { onRefusal } from "../api.js";
import { elapsedMs, markNow } from "../elapsed.js";

// While somebody controls the camera, the page asks for its state so often that everybody soon sees a hand-over.
const HELD_POLL_MS = 1500;

const listeners = [];
let known = null;
let heard = markNow();
let actedAt = -Infinity;
let askAnew = () => {};

/** The newest state, or null if the server has not told it yet. */
export const currentControl = () => known;

/** Seconds since the server said so. Its own seconds count from there, so the clock of the browser may be wrong. */
export const heardSecondsAgo = () => elapsedMs(heard) / 1000;

/** Call `run(control)` with each new state. */
export function onControl(run) {
  listeners.push(run);
  if (known) run(known);
}

/** `askedAt`: when the page requested this state. One that was requested before the page's last act is out of date. */
export function noteControl(control, askedAt = performance.now()) {
  if (!control || askedAt < actedAt) return;
  known = control;
  heard = markNow();
  for (const run of listeners) run(control);
}

/** An act of this page has ended. `control`: what its answer says, if it says it. */
export function noteAct(control) {
  actedAt = performance.now();
  if (control?.you) noteControl(control);
  askAnew();
}

/** `run()` asks for the state of the camera at once. Each page has one request for it. */
export function askAnewWith(run) {
  askAnew = run;
}

/** How long a page waits until it asks again, if it otherwise waits for `calmMs`. */
export function pollPauseMs(calmMs) {
  return known?.state === "held" && !known.isAlone ? HELD_POLL_MS : calmMs;
}

/** Somebody else, or a script or a job of this user, controls the camera. */
export function isHeldElsewhere(control) {
  return control.state === "held" && !control.isMine;
}

/** This user is the one to answer: the holder, also of a script or a job. */
export function isAsked(control) {
  return Boolean(control?.ask) && !control.ask.isMine && (control.isMine || control.isOwn);
}

onRefusal((control) => noteAct(control));
