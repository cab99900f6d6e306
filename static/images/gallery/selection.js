/* The keyboard focus among the thumbnails, and which images are selected. */
import { onKey } from "../../microscope/keys.js";
import { Chosen } from "./chosen.js";
import { idOf } from "./grid.js";
import { askForIds } from "./ids.js";
import { between, boxOf, fieldsOf, isInSight, linkOf, neighbour, shotsOf } from "./shots.js";
import { Contents, isStack } from "./stacks.js";

const byId = (id) => document.getElementById(id);

export class Selection {
  constructor(grid, paging, running) {
    this.grid = grid;
    this.paging = paging;
    this.running = running;
    this.chosen = new Chosen();
    this.idsByDay = new Map(); // only of days whose ids were loaded
    this.contents = new Contents();
    this.numberOfAll = null; // null until it was loaded
    this.isContinued = grid.element.hasAttribute("data-continued");
    grid.onPlace = (shot) => this.mark(shot);
    grid.onGrown = (shot) => this.contents.forget(shot);
    this.anchor = null;
    this.onChange = () => {};
    this.current = null;
    grid.element.addEventListener("change", (event) => this.note(event.target));
    grid.element.addEventListener("click", (event) => this.answerClick(event));
    grid.element.addEventListener("focusin", (event) => this.setCurrent(event.target.closest(".shot")));
    this.connectKeys();
  }

  connectKeys() {
    const connect = (key, run, options) => onKey(key, (event) => this.hasKeys(event) && run(event), options);
    for (const arrow of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
      for (const key of [arrow, `Shift+${arrow}`]) connect(key, (event) => this.move(event), { isRepeated: true });
    }
    connect(" ", () => this.toggleCurrent());
    connect("Ctrl+a", () => this.chooseDay(this.place.closest(".day")));
    onKey("Escape", () => !this.running.isOn && this.clear());
    onKey("/", () => byId("text")?.focus());
  }

  /** Keys move and select only with the focus on a thumbnail or on nothing. */
  hasKeys({ target }) {
    return this.grid.shots.length > 0 && (target === document.body || target.closest(".shot") !== null);
  }

  /** Also all pictures of each stack among them, for which the server may have to be asked. */
  async choose(shots, isOn = true) {
    const singles = shots.filter((shot) => !isStack(shot));
    this.chooseSingles(singles, isOn);
    if (singles.length < shots.length) await this.chooseStacks(shots.filter(isStack), isOn);
  }

  chooseSingles(shots, isOn = true) {
    for (const shot of shots) {
      if (isOn) this.chosen.add(idOf(shot), fieldsOf(shot));
      else this.chosen.remove(idOf(shot));
    }
    if (shots.length) this.change();
  }

  /** If that fails for one of them, the others that follow stay as they were too. */
  async chooseStacks(stacks, isOn) {
    for (const shot of stacks) {
      const found = this.contents.of(shot) ?? (await this.load(shot));
      if (!found) break;
      if (isOn) this.chosen.addAll(found);
      else for (const id of found.ids) this.chosen.remove(id);
    }
    this.change();
  }

  /** The pictures of a stack, without selecting them; null if they cannot be known. */
  async load(shot) {
    const { job, day } = shot.dataset;
    const found = await askForIds(this.grid, this.running, "Looking through the job", { job, day });
    if (found) this.contents.keep(shot, found);
    return found;
  }

  /** The numbers of what this thumbnail stands for. */
  async idsOf(shot) {
    if (!isStack(shot)) return [idOf(shot)];
    return (this.contents.of(shot) ?? (await this.load(shot)))?.ids ?? [];
  }

  /** True if these numbers are all that this thumbnail stands for, as far as this is known. */
  isWithin(shot, ids) {
    return this.contents.of(shot)?.ids.every((id) => ids.has(id)) ?? ids.has(idOf(shot));
  }

  /** How many pictures it stands for. */
  countOf(shot) {
    return isStack(shot) ? (this.contents.of(shot)?.ids.length ?? Number(shot.dataset.count)) : 1;
  }

  clear() {
    this.chosen.clear();
    this.anchor = null;
    this.change();
  }

  /** Forget images that are no longer on the page. */
  forget(ids) {
    for (const id of ids) this.chosen.remove(id);
    this.change();
  }

  /** Restore the selection from when the page was left. */
  fill(kept) {
    this.chosen.fill(kept);
    this.change();
  }

  change() {
    for (const shot of this.grid.shots) this.mark(shot);
    this.onChange(this.chosen);
  }

  mark(shot) {
    boxOf(shot).checked = this.isWithin(shot, this.chosen);
  }

  /** Make this the only thumbnail that the Tab key reaches. */
  setCurrent(shot) {
    if (!shot || shot === this.current) return;
    if (this.current) linkOf(this.current).tabIndex = -1;
    else for (const other of this.grid.shots) linkOf(other).tabIndex = -1;
    this.current = shot;
    linkOf(shot).tabIndex = 0;
  }

  focus(shot) {
    if (!shot) return;
    this.setCurrent(shot);
    linkOf(shot).focus({ preventScroll: true });
    shot.scrollIntoView({ block: "nearest" });
    const { shots } = this.grid;
    if (shots.indexOf(shot) > shots.length - 20) this.paging.load();
  }

  note(box) {
    const shot = box.closest(".shot");
    if (!shot) return;
    this.setCurrent(shot);
    this.anchor = shot;
    this.choose([shot], box.checked);
  }

  answerClick(event) {
    const day = event.target.closest(".select-day")?.closest(".day");
    if (day) return this.toggleDay(day);
    const isBox = event.target.matches(".tick input");
    if (!event.shiftKey || !isBox || !this.anchor) return undefined;
    const { checked } = event.target;
    return this.choose(between(this.grid.shots, this.anchor, event.target.closest(".shot")), checked);
  }

  toggleDay(day) {
    const [shots, others] = [shotsOf(day), this.idsByDay.get(day.dataset.day)];
    const isKnown = this.isWhole(day) || others?.every((id) => this.chosen.has(id));
    if (!isKnown || !shots.every((shot) => this.isWithin(shot, this.chosen))) return this.chooseDay(day);
    for (const id of others ?? []) this.chosen.remove(id);
    this.chooseSingles(shots.filter((shot) => !isStack(shot)), false);
    return this.change();
  }

  /** Select the whole day, including images that are not loaded yet. */
  async chooseDay(day) {
    if (this.running.isOn) return;
    const shots = shotsOf(day);
    if (this.isWhole(day)) {
      this.choose(shots);
      return;
    }
    const found = await this.askAndAdd("Selecting the day", { day: day.dataset.day });
    if (!found) return;
    this.idsByDay.set(day.dataset.day, found.ids);
    this.chooseSingles(shots.filter((shot) => !isStack(shot)));
    this.change();
  }

  /** Select all images that match the filters, from the start of this page. */
  async chooseAll() {
    if (this.running.isOn) return;
    const cursor = new URLSearchParams(location.search).get("cursor");
    const found = await this.askAndAdd("Selecting all", cursor ? { cursor } : {});
    if (!found) return;
    this.numberOfAll = found.ids.length;
    this.chooseSingles(this.grid.shots.filter((shot) => !isStack(shot)));
    this.change();
  }

  /** True if all images of the day are on the page. */
  isWhole(day) {
    if (day.querySelector(".is-stack")) return false;
    const isCutAbove = this.isContinued && !day.previousElementSibling;
    return !isCutAbove && (this.paging.isAtEnd || day.nextElementSibling !== null);
  }

  /** True if everything is selected. */
  get hasAll() {
    if (this.numberOfAll && this.chosen.count >= this.numberOfAll) return true;
    return this.paging.isAtEnd && this.grid.shots.every((shot) => this.isWithin(shot, this.chosen));
  }

  /** Select the images that existed when the page was made. If that fails, the selection stays as it was. */
  async askAndAdd(words, asked) {
    const found = await askForIds(this.grid, this.running, words, asked);
    if (found) this.chosen.addAll(found);
    return found;
  }

  /** The thumbnail with the focus. Without one: the last one with the focus if it is in sight, else the first in sight.
      */
  get place() {
    const focused = document.activeElement.closest(".shot");
    if (focused) return focused;
    const { current, grid } = this;
    return current?.isConnected && isInSight(current) ? current : (grid.shots.find(isInSight) ?? grid.shots[0]);
  }

  toggleCurrent() {
    const shot = this.place;
    this.focus(shot);
    this.anchor = shot;
    this.choose([shot], !this.isWithin(shot, this.chosen));
  }

  move(event) {
    const from = this.place === this.current ? this.current : null;
    const to = from ? neighbour(this.grid.shots, from, event.key) : this.place;
    if (!to) return;
    if (event.shiftKey && from) {
      this.anchor ??= from;
      this.choose(between(this.grid.shots, from, to));
    }
    this.focus(to);
  }
}
