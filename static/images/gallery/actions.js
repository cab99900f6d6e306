/* The bar for what is selected: download, bin and undo, or restore. */
import { post } from "../../microscope/api.js";
import { formatBytes, onKey, showToast } from "../../microscope/shell.js";
import { connectDownload } from "./download.js";

const IDS_PER_CALL = 200;
const KEPT_DAYS = 30;

const byId = (id) => document.getElementById(id);

export class Actions {
  constructor(grid, selection) {
    this.grid = grid;
    this.selection = selection;
    selection.onChange = (chosen) => this.show(chosen);
    byId("clear").addEventListener("click", () => selection.clear());
    connectDownload(() => idsOf(selection.chosen));
    byId("restore")?.addEventListener("click", () => this.restore(selection.chosen));
    const toBin = byId("to-bin");
    toBin?.addEventListener("click", () => this.bin(selection.chosen));
    if (toBin) onKey("Delete", () => this.bin(this.chosenOrCurrent()));
    addEventListener("pageshow", () => selection.change());
  }

  show(chosen) {
    byId("actions").hidden = chosen.length === 0;
    if (!chosen.length) return;
    const toBin = byId("to-bin");
    if (toBin) toBin.disabled = !chosen.some(({ dataset }) => "mayBin" in dataset);
    byId("actions-count").textContent = `${chosen.length} selected`;
    byId("actions-size").textContent = formatBytes(chosen.reduce((sum, { dataset }) => sum + Number(dataset.size), 0));
  }

  chosenOrCurrent() {
    const { chosen, current } = this.selection;
    return chosen.length ? chosen : [current].filter(Boolean);
  }

  async bin(shots) {
    const done = await this.move("/api/v1/images/bin", shots);
    if (!done.length) return;
    const until = new Date(Date.now() + KEPT_DAYS * 86_400_000);
    showToast({
      message: `${count(done)} moved to the bin`,
      detail: `Kept until ${until.toLocaleDateString("en-GB", { day: "numeric", month: "long" })}`,
      action: { label: "Undo", run: () => this.undo(done) },
    });
  }

  async restore(shots) {
    const done = await this.move("/api/v1/images/restore", shots);
    if (done.length) showToast({ message: `${count(done)} restored`, action: { label: "Images", href: "/images/" } });
    this.showWhetherEmpty();
  }

  async undo(shots) {
    try {
      const { done } = await send("/api/v1/images/restore", idsOf(shots));
      for (const shot of shots.filter((one) => done.has(Number(one.dataset.id)))) this.grid.place(shot);
      this.selection.focus(shots.find((shot) => shot.isConnected));
    } catch (problem) {
      showToast({ message: problem.message, isError: true });
    }
  }

  /** Take out what the server moved; answers those. What it refused stays, with a sentence. */
  async move(address, shots) {
    if (!shots.length) return [];
    try {
      const { done, refused } = await send(address, idsOf(shots));
      const moved = shots.filter((shot) => done.has(Number(shot.dataset.id)));
      this.leave(moved);
      if (refused.length) showToast({ message: describeRefused(refused), isError: true });
      return moved;
    } catch (problem) {
      showToast({ message: problem.message, isError: true });
      return [];
    }
  }

  /** The keyboard goes on at what follows. */
  leave(moved) {
    const all = this.grid.shots;
    const last = all.indexOf(moved.at(-1));
    this.selection.choose(moved, false);
    const next = all.slice(last + 1).concat(all.slice(0, Math.max(last, 0)).reverse()).find((shot) => !moved.includes(shot));
    this.grid.take(moved);
    if (next) this.selection.focus(next);
  }

  showWhetherEmpty() {
    const empty = byId("empty");
    if (empty) empty.hidden = this.grid.shots.length > 0;
  }
}

async function send(address, ids) {
  const done = new Set();
  const refused = [];
  for (let start = 0; start < ids.length; start += IDS_PER_CALL) {
    const asked = ids.slice(start, start + IDS_PER_CALL);
    const answer = await post(address, { ids: asked });
    const told = Array.isArray(answer.done) ? answer.done : asked;
    for (const one of told) done.add(Number(one.imageId ?? one));
    refused.push(...(Array.isArray(answer.refused) ? answer.refused : []));
  }
  return { done, refused };
}

function describeRefused(refused) {
  const reason = refused.find((one) => one.message)?.message ?? "Only who captured them, or a manager, may do this.";
  return `${count(refused)} stayed. ${reason}`;
}

function idsOf(shots) {
  return shots.map((shot) => Number(shot.dataset.id));
}

function count(things) {
  return things.length === 1 ? "1 image" : `${things.length} images`;
}
