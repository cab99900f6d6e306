/* Every setting of region and format shows the values in force and reports what the user wants. */
import { isPlain } from "../../microscope/keys.js";

const byId = (id) => document.getElementById(id);
const NOTE_MS = 10_000;

/** A part of the form: `names` are the API's words for what it sets. */
export class Part {
  constructor(name, names, onWant) {
    Object.assign(this, { names, onWant, waiting: 0 });
    this.element = byId(`setting-${name}`);
    this.note = byId(`${name}-note`);
    this.element.addEventListener("keydown", (event) => this.answerKey(event));
    this.connect();
  }

  /** A choice is sent at once. */
  connect() {
    this.element.addEventListener("change", () => this.commit());
  }

  answerKey() {}

  /** While newer choices are being sent (`waiting`: how many), the field shows the newest choice. */
  take(settings) {
    this.settings = settings;
    if (!this.isEdited && !this.waiting) this.put(settings);
  }

  put(settings) {
    this.shown = settings;
    this.show(settings);
  }

  /** Show the values in force again. */
  restore() {
    this.isEdited = false;
    if (this.settings) this.put(this.settings);
  }

  commit() {
    const asked = this.changed(this.read() ?? {});
    this.isEdited = false;
    if (Object.keys(asked).length === 0) return this.restore();
    this.shown = { ...this.shown, ...complete(asked, this.shown) };
    this.onWant(this, asked);
  }

  /** Only what the user has changed: another user may have set a newer value than the one shown here. */
  changed(read) {
    return Object.fromEntries(Object.entries(read).filter(([name, value]) => !isSame(value, this.shown?.[name])));
  }

  say(sentence, kind = "", isLasting = false) {
    clearTimeout(this.noteTimer);
    this.note.textContent = sentence;
    this.note.dataset.kind = kind;
    if (sentence && !isLasting) this.noteTimer = setTimeout(() => this.say(""), NOTE_MS);
  }
}

/** Numbers that are sent together: on Enter, or when the focus leaves the last one. Esc restores the old values. */
export class NumbersPart extends Part {
  connect() {
    this.element.addEventListener("input", () => (this.isEdited = true));
    this.element.addEventListener("focusout", ({ target, relatedTarget }) => {
      if (this.isEdited && !target.matches(":disabled") && !this.element.contains(relatedTarget)) this.commit();
    });
  }

  answerKey(event) {
    if (!event.target.matches("input") || !isPlain(event)) return;
    if (event.key === "Escape") this.restore();
    else if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.key === "Enter") this.commit();
  }

  /** Null if one of them is not a number. */
  readAll(prefix, names) {
    const values = names.map((name) => byId(`${prefix}-${name}`).valueAsNumber);
    return values.some(Number.isNaN) ? null : Object.fromEntries(names.map((name, index) => [name, values[index]]));
  }
}

/** What is asked, with whole objects: values of an object that are not asked are those of `settings`. */
export function complete(asked, settings) {
  const fill = ([name, value]) => [name, isObject(value) ? { ...settings?.[name], ...value } : value];
  return Object.fromEntries(Object.entries(asked).map(fill));
}

function isObject(value) {
  return value !== null && typeof value === "object";
}

/** True if numbers differ only by the rounding of the camera's 32-bit floats. For objects all values count. */
export function isSame(one, other) {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) <= 1e-6 * Math.max(Math.abs(one), 1);
  if (!isObject(one) || !isObject(other)) return one === other;
  return Object.keys(one).every((name) => isSame(one[name], other[name]));
}

/** Replaces options only if they changed, because replacing them would close an open list. */
export function setOptions(select, options) {
  const key = JSON.stringify(options);
  if (select.dataset.options === key) return;
  select.dataset.options = key;
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
}

/** Another program may have set a value that is not offered here. It is shown too. */
export function choose(select, value, words) {
  for (const option of [...select.options]) if (option.dataset.foreign && option.value !== value) option.remove();
  if (![...select.options].some((option) => option.value === value)) {
    const option = new Option(words, value);
    option.dataset.foreign = "yes";
    select.add(option);
  }
  select.value = value;
}
