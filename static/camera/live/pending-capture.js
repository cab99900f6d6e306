/* A capture without an answer yet. It is requested again and again under its key, also after the page was reloaded:
   so the picture is made once, and the user sees the outcome. */
import { post } from "../../microscope/api.js";
import { forgetDraft, keepDraft, readDraft } from "../../microscope/drafts.js";
import { cameraDeadlineMs } from "./deadlines.js";

const KEPT = "pending-capture";
// The camera finishes the frame in progress and then exposes the one that is captured.
const MAX_EXPOSURES = 2;
const REPEAT_MS = 1000;
const MAX_REPEAT_MS = 5000;
// After this time a capture is not retried: it would show another moment than the user wanted.
const MAX_AGE_MS = 60_000;

export class Stopped extends Error {}

export function makePending(choices) {
  return { key: makeKey(), choices, askedAt: Date.now() };
}

/** The capture that had no answer when this page was left, or null. It is returned only once. */
export function takePending() {
  const kept = readDraft(KEPT);
  forgetDraft(KEPT);
  const ageMs = kept && Date.now() - kept.askedAt;
  return kept && { ...kept, isRecovered: true, isOld: !(ageMs >= 0 && ageMs < MAX_AGE_MS) };
}

/** Returns the server's final answer. Raises its refusal, or Stopped after `signal`. Calls `onUnanswered()` before each
    repetition. */
export async function askUntilAnswered(pending, signal, onUnanswered) {
  keepDraft(KEPT, pending);
  try {
    for (let repeats = pending.isRecovered ? 1 : 0; ; repeats += 1) {
      const answer = await ask(pending, signal, repeats);
      if (answer) return answer;
      onUnanswered();
      await pause(Math.min(REPEAT_MS * 2 ** repeats, MAX_REPEAT_MS), signal);
      if (signal.aborted) throw new Stopped();
    }
  } finally {
    forgetDraft(KEPT);
  }
}

/** Null if there is no answer. */
async function ask({ key, choices }, signal, repeats) {
  const options = { headers: { "Idempotency-Key": key }, deadlineMs: cameraDeadlineMs(MAX_EXPOSURES), signal };
  try {
    return await post("/api/v1/camera/capture", choices, options);
  } catch (problem) {
    if (signal.aborted) throw new Stopped();
    if (!mayHaveBeenMade(problem, repeats)) throw problem;
    return null;
  }
}

/** Without the database, the server cannot know if an earlier attempt was saved. */
function mayHaveBeenMade({ isUnanswered, code }, repeats) {
  return isUnanswered || (repeats > 0 && code === "database_unavailable");
}

/** Browsers make random UUIDs only over HTTPS. */
function makeKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pause(ms, signal) {
  return new Promise((resume) => {
    setTimeout(resume, ms);
    signal.addEventListener("abort", resume);
  });
}
