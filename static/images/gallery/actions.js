/* The bar for what is selected: download, bin and undo, or restore. */
import { addressOf } from "../../microscope/api.js";
import { onKey } from "../../microscope/keys.js";
import { formatBytes, showToast, timeZone } from "../../microscope/shell.js";
import { connectSharing } from "../share.js";
import { BIN, IDS_PER_CALL, RESTORE, UNDO, describeOutcome, format, isWhole, moveImages } from "./batches.js";
import { connectDownload } from "./download.js";
import { idOf } from "./grid.js";

const KEPT_DAYS = 30;
// A screen reader announces the count only after a pause between key presses.
const PAUSE_MS = 600;

const byId = (id) => document.getElementById(id);

export class Actions {
  constructor(grid, selection, running) {
    this.grid = grid;
    this.selection = selection;
    this.running = running;
    selection.onChange = (chosen) => this.show(chosen);
    selection.paging.onEnd = () => this.showEnd();
    byId("clear").addEventListener("click", () => selection.clear());
    byId("select-all").addEventListener("click", () => selection.chooseAll());
    connectDownload(() => selection.chosen.ids);
    connectSharing(byId("share"), () => ({ images: selection.chosen.ids }));
    byId("restore")?.addEventListener("click", () => this.restore(selection.chosen.ids));
    const toBin = byId("to-bin");
    toBin?.addEventListener("click", () => this.bin(selection.chosen.ids));
    if (toBin) onKey("Delete", ({ target }) => this.binByKey(target));
    addEventListener("pageshow", () => selection.change());
  }

  show(chosen) {
    this.announce(chosen.count);
    byId("actions").hidden = chosen.count === 0;
    if (!chosen.count) return;
    const toBin = byId("to-bin");
    if (toBin) toBin.disabled = !chosen.mayBin;
    byId("actions-count").textContent = `${format(chosen.count)} selected`;
    byId("actions-size").textContent = formatBytes(chosen.sizeBytes);
    byId("select-all").hidden = this.selection.hasAll;
  }

  /** For screen readers: how many are selected now, not each number on the way. */
  announce(number) {
    if (number === (this.announced ?? 0)) return;
    this.announced = number;
    clearTimeout(this.announceTimer);
    const words = number ? `${format(number)} selected` : "Nothing selected";
    this.announceTimer = setTimeout(() => (byId("selection-news").textContent = words), PAUSE_MS);
  }

  /** The selected images, or else the thumbnail with the focus. Nothing if the focus is elsewhere on the page. */
  binByKey(focused) {
    if (focused !== document.body && !focused.closest("#days, #actions")) return false;
    const { ids } = this.selection.chosen;
    const shot = focused.closest(".shot");
    if (ids.length) return this.bin(ids);
    return shot !== null && this.binShot(shot);
  }

  async binShot(shot) {
    await this.bin(await this.selection.idsOf(shot));
  }

  async restoreShot(shot) {
    await this.restore(await this.selection.idsOf(shot));
  }

  async bin(ids) {
    const outcome = await this.move(BIN, ids);
    if (!outcome) return;
    const taken = this.leave(outcome.done);
    const undo = { label: "Undo", run: () => this.undo([...outcome.done], taken) };
    tell(BIN, outcome, { detail: describeKept(), action: outcome.done.size ? undo : null });
  }

  async restore(ids) {
    const outcome = await this.move(RESTORE, ids);
    if (!outcome) return;
    this.leave(outcome.done);
    const images = { label: "Images", href: addressOf("/images/") };
    tell(RESTORE, outcome, { action: outcome.done.size ? images : null });
    this.showWhetherEmpty();
  }

  /** `shots`: the removed thumbnails. Other images of the action may not have been loaded on the page. */
  async undo(ids, shots) {
    const outcome = await this.move(UNDO, ids);
    if (!outcome) return;
    const back = shots.filter((shot) => outcome.done.has(idOf(shot)));
    for (const shot of back) this.grid.place(shot);
    this.selection.focus(back[0]);
    const rest = ids.filter((id) => !outcome.done.has(id));
    const again = { label: "Try again", run: () => this.undo(rest, shots.filter((shot) => !shot.isConnected)) };
    const reload = { label: "Show them", run: () => location.reload() };
    if (rest.length) tell(UNDO, outcome, { action: again });
    else if (back.reduce((sum, shot) => sum + this.selection.countOf(shot), 0) < ids.length) tell(UNDO, outcome, { action: reload });
  }

  /** Returns the outcome; null if there was nothing to do or another action is still running. */
  async move(deed, ids) {
    if (!ids.length || this.running.isOn) return null;
    return this.running.during(deed.doing, (progress) => moveImages(deed, ids, progress));
  }

  /** Remove the images from page and selection, and return their thumbnails. The focus moves to the next thumbnail. */
  leave(ids) {
    const all = this.grid.shots;
    const moved = all.filter((shot) => this.selection.isWithin(shot, ids));
    const last = all.indexOf(moved.at(-1));
    this.selection.forget(ids);
    const rest = all.slice(last + 1).concat(all.slice(0, Math.max(last, 0)).reverse());
    const next = moved.length ? rest.find((shot) => !moved.includes(shot)) : null;
    this.grid.take(moved);
    this.selection.focus(next);
    return moved;
  }

  /** All images are on the page now. */
  showEnd() {
    this.show(this.selection.chosen);
    this.showWhetherEmpty();
  }

  showWhetherEmpty() {
    const empty = byId("empty");
    if (empty) empty.hidden = this.grid.shots.length > 0 || !this.selection.paging.isAtEnd;
  }
}

/** The result of long work stays until the user closes it. */
function tell(deed, outcome, { detail = "", action = null }) {
  const said = describeOutcome(deed, outcome);
  const isError = !isWhole(outcome);
  showToast({ message: said.message, detail: said.detail || detail, action, isError, isLasting: outcome.asked > IDS_PER_CALL });
}

function describeKept() {
  const until = new Date(Date.now() + KEPT_DAYS * 86_400_000);
  return `Kept until ${until.toLocaleDateString("en-GB", { timeZone, day: "numeric", month: "long" })}`;
}
