/* Stacks: a thumbnail that stands for all pictures of a job on one day. */
import { format } from "./batches.js";

export function isStack(shot) {
  return shot.classList.contains("is-stack");
}

export function keyOf(jobId, day) {
  return `${jobId} ${day}`;
}

export function keyOfStack({ dataset }) {
  return keyOf(dataset.job, dataset.day);
}

/** What is shown of a stack, from the list of the API. `count`: if the page knows more pictures than the API told. */
export function describeStack(shot, { jobId, day, name, more, verdict }, count) {
  Object.assign(shot.dataset, { job: jobId, day, count });
  shot.toggleAttribute("data-more", more);
  shot.querySelector(".caption strong").textContent = name;
  shot.querySelector(".count").textContent = `${format(count)}${more ? "+" : ""} ${count === 1 && !more ? "picture" : "pictures"}`;
  shot.querySelector(".verdict").textContent = verdict;
}

/** The pictures of stacks, by their numbers, as far as they were asked for. */
export class Contents {
  constructor() {
    this.found = new WeakMap();
  }

  /** {ids, sizes, mayBin}, or undefined. */
  of(shot) {
    return this.found.get(shot);
  }

  keep(shot, found) {
    this.found.set(shot, found);
  }

  forget(shot) {
    this.found.delete(shot);
  }
}
