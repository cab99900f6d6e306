/* The list of jobs: it renews itself, and nothing moves under the pointer. */
import { onKey } from "../microscope/keys.js";
import { elapsedMs, markNow } from "../microscope/elapsed.js";
import { connectActs } from "./job/acts.js";
import { connectCountdowns } from "./job/countdown.js";
import { Parts } from "./job/parts.js";
import { connectFilters } from "./jobs/filters.js";
import { Queue } from "./jobs/queue.js";

const POLL_MS = 5000;
const POINTER_GONE_MS = 5000;

const page = document.getElementById("jobs");
let moved = null;

page.addEventListener("pointermove", () => (moved = markNow()));

const queue = new Queue(page, () => parts.askAfterAct());
const parts = new Parts(page, {
  pollMs: POLL_MS,
  isHeld: () => queue.isDragging || (moved !== null && page.matches(":hover") && elapsedMs(moved) < POINTER_GONE_MS),
  onNews: () => tick(),
});
const tick = connectCountdowns(parts);
connectActs(page, parts);

connectFilters(document.getElementById("filters"));

function links() {
  return [...page.querySelectorAll(".job-link")];
}

function step(way) {
  const all = links();
  const next = all[all.indexOf(document.activeElement) + way] ?? all[way > 0 ? all.length - 1 : 0];
  next?.focus();
}

onKey("ArrowDown", () => step(1), { isRepeated: true });
onKey("ArrowUp", () => step(-1), { isRepeated: true });
onKey("/", () => document.getElementById("text").focus());
onKey("n", () => document.getElementById("new-job")?.click());
