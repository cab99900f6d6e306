/* The job that is under way, in the status line of every page. */
import { elapsedMs, formatSeconds, markNow } from "./elapsed.js";

const TICK_MS = 250;
const place = document.getElementById("status-job");
let known = null;

/** Show what the server says of the job; null: there is none, or nobody knows. `secondsToNext` counts from now, so the
    clock of the browser may be wrong. */
export function showJob(job) {
  if (!place) return;
  known = job && { ...job, asked: markNow() };
  place.hidden = !job;
  if (!job) return;
  const link = Object.assign(document.createElement("a"), { href: `${place.dataset.jobs}${job.jobId}/` });
  link.textContent = link.title = job.name;
  const shown = place.querySelector("a");
  if (shown?.href !== link.href || shown.textContent !== job.name) {
    place.replaceChildren("Job ", link, ", ", document.createElement("span"));
  }
  tick();
}

function tick() {
  if (!known) return;
  const words = describe(known);
  const text = place.querySelector("span");
  if (text.textContent !== words) text.textContent = words;
}

function describe({ state, secondsToNext, asked }) {
  if (secondsToNext === null) return state;
  const left = Math.ceil(secondsToNext - elapsedMs(asked) / 1000);
  return left > 0 ? `next picture in ${formatSeconds(left)}` : "next picture now";
}

if (place) setInterval(tick, TICK_MS);
