/* The order of the jobs that wait: dragged, or moved with Alt and an arrow. Each row has buttons that do the same. */
import { post } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

const WAYS = { ArrowUp: "up", ArrowDown: "down" };

export class Queue {
  /** `onMoved` is called after each move, also after one that was refused. */
  constructor(page, onMoved) {
    Object.assign(this, { page, onMoved, dragged: null });
    page.addEventListener("keydown", (event) => this.step(event));
    page.addEventListener("dragstart", (event) => this.drag(event));
    page.addEventListener("dragover", (event) => this.dragOver(event));
    page.addEventListener("drop", (event) => this.drop(event));
    page.addEventListener("dragend", () => this.letGo());
  }

  get isDragging() {
    return this.dragged !== null;
  }

  step(event) {
    const way = event.altKey && !event.ctrlKey && !event.metaKey && WAYS[event.key];
    const row = way && event.target.closest(".is-queued[data-id]");
    if (!row) return;
    event.preventDefault();
    document.getElementById(`${way}-${row.dataset.id}`)?.click();
  }

  drag(event) {
    const row = event.target.closest(".is-queued");
    if (!row) return;
    if (!row.dataset.id) return event.preventDefault();
    this.dragged = row.dataset.id;
    row.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
  }

  dragOver(event) {
    const row = this.isDragging && event.target.closest(".is-queued");
    if (!row) return;
    event.preventDefault();
    this.unmark();
    row.classList.add(isInLowerHalf(event, row) ? "is-after" : "is-before");
  }

  async drop(event) {
    const row = this.isDragging && event.target.closest(".is-queued");
    if (!row) return;
    event.preventDefault();
    const jobId = this.dragged;
    const next = isInLowerHalf(event, row) ? row.nextElementSibling : row;
    this.letGo();
    try {
      await post(`/api/v1/jobs/${jobId}/move`, { before: next ? Number(idOf(next)) : null });
    } catch (problem) {
      showToast({ message: problem.message, isError: true });
    }
    await this.onMoved();
  }

  letGo() {
    this.dragged = null;
    this.unmark();
    this.page.querySelector(".is-dragged")?.classList.remove("is-dragged");
  }

  unmark() {
    for (const row of this.page.querySelectorAll(".is-before, .is-after")) row.classList.remove("is-before", "is-after");
  }
}

function isInLowerHalf({ clientY }, row) {
  const { top, height } = row.getBoundingClientRect();
  return clientY > top + height / 2;
}

/** Rows of other people's jobs cannot be moved, but one can move a job before them. */
function idOf(row) {
  return row.querySelector(".job-link").id.replace("link-", "");
}
