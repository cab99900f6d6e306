/* The keyboard's place among the thumbnails, and which of them are selected. */
import { isTyping, onKey } from "../../microscope/shell.js";

const byId = (id) => document.getElementById(id);
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export class Selection {
  constructor(grid, paging) {
    this.grid = grid;
    this.paging = paging;
    this.anchor = null;
    this.onChange = () => {};
    this.current = null;
    grid.element.addEventListener("change", (event) => this.note(event.target));
    grid.element.addEventListener("click", (event) => this.answerClick(event));
    grid.element.addEventListener("focusin", (event) => this.setCurrent(event.target.closest(".shot")));
    document.addEventListener("keydown", (event) => this.answerKey(event));
    onKey("Escape", () => document.querySelector("details.menu[open]") || this.clear());
    onKey("/", () => byId("text")?.focus());
  }

  get chosen() {
    return this.grid.shots.filter((shot) => boxOf(shot).checked);
  }

  choose(shots, isOn = true) {
    for (const shot of shots) boxOf(shot).checked = isOn;
    this.change();
  }

  clear() {
    this.choose(this.chosen, false);
    this.anchor = null;
  }

  change() {
    this.onChange(this.chosen);
  }

  /** Go on with this one: the only thumbnail that Tab reaches. */
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
    this.change();
  }

  answerClick(event) {
    const day = event.target.closest(".select-day")?.closest(".day");
    if (day) return this.toggleDay(day);
    const isBox = event.target.matches(".tick input");
    if (!event.shiftKey || !isBox || !this.anchor) return undefined;
    const { checked } = event.target;
    return this.choose(this.between(this.anchor, event.target.closest(".shot")), checked);
  }

  toggleDay(day) {
    const shots = [...day.querySelectorAll(".shot")];
    this.choose(shots, !shots.every((shot) => boxOf(shot).checked));
  }

  between(one, other) {
    const { shots } = this.grid;
    const [from, to] = [shots.indexOf(one), shots.indexOf(other)].sort((first, second) => first - second);
    return shots.slice(Math.max(from, 0), to + 1);
  }

  answerKey(event) {
    if (event.altKey || document.querySelector("dialog[open]") || isTyping(event.target)) return;
    const isElsewhere = event.target !== document.body && !event.target.closest(".shot");
    if (isElsewhere || !this.grid.shots.length) return;
    if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) this.chooseDay();
    else if (event.ctrlKey || event.metaKey) return;
    else if (event.key === " " && !event.target.matches("button, input")) this.toggleCurrent();
    else if (event.key.startsWith("Arrow")) this.move(event);
    else return;
    event.preventDefault();
  }

  chooseDay() {
    this.choose([...(this.current ?? this.grid.shots[0]).closest(".day").querySelectorAll(".shot")]);
  }

  toggleCurrent() {
    const shot = this.current ?? this.grid.shots[0];
    this.focus(shot);
    this.anchor = shot;
    this.choose([shot], !boxOf(shot).checked);
  }

  move(event) {
    const from = this.current?.isConnected ? this.current : null;
    const to = from ? this.neighbour(from, event.key) : this.grid.shots[0];
    if (!to) return;
    if (event.shiftKey && from) {
      this.anchor ??= from;
      this.choose(this.between(from, to));
    }
    this.focus(to);
  }

  neighbour(shot, key) {
    const { shots } = this.grid;
    if (key in STEPS) return shots[shots.indexOf(shot) + STEPS[key]];
    return nextRow(shots, shot, key === "ArrowDown");
  }
}

function nextRow(shots, shot, isDown) {
  const { left, top } = shot.getBoundingClientRect();
  const places = shots.map((other) => ({ other, box: other.getBoundingClientRect() }));
  const beyond = places.filter(({ box }) => (isDown ? box.top > top + 1 : box.top < top - 1));
  const row = isDown ? Math.min(...beyond.map(({ box }) => box.top)) : Math.max(...beyond.map(({ box }) => box.top));
  const inRow = beyond.filter(({ box }) => Math.abs(box.top - row) < 1);
  return inRow.sort((one, two) => Math.abs(one.box.left - left) - Math.abs(two.box.left - left))[0]?.other;
}

function boxOf(shot) {
  return shot.querySelector(".tick input");
}

function linkOf(shot) {
  return shot.querySelector("a");
}
