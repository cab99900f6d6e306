/* What every setting of region and format has in common: it shows what is in force, and tells what the user wants. */
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

  /** Choices count at once. */
  connect() {
    this.element.addEventListener("change", () => this.commit());
  }

  answerKey() {}

  /** While a newer choice is on its way (`waiting`: how many) that is what stands there. */
  take(settings) {
    this.settings = settings;
    if (!this.isEdited && !this.waiting) this.show(settings);
  }

  /** Back to what is in force. */
  restore() {
    this.isEdited = false;
    if (this.settings) this.show(this.settings);
  }

  commit() {
    const asked = this.read();
    this.isEdited = false;
    if (asked && this.differs(asked)) this.onWant(this, asked);
    else this.restore();
  }

  differs(asked) {
    return this.names.some((name) => name in asked && !isSame(asked[name], this.settings?.[name]));
  }

  say(sentence, kind = "", isLasting = false) {
    clearTimeout(this.noteTimer);
    this.note.textContent = sentence;
    this.note.dataset.kind = kind;
    if (sentence && !isLasting) this.noteTimer = setTimeout(() => this.say(""), NOTE_MS);
  }
}

/** Numbers that are asked for together: by Enter, or once the last is left. Esc puts back what was. */
export class NumbersPart extends Part {
  connect() {
    this.element.addEventListener("input", () => (this.isEdited = true));
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (this.isEdited && !this.element.contains(relatedTarget)) this.commit();
    });
  }

  answerKey(event) {
    if (!event.target.matches("input")) return;
    if (event.key === "Escape") this.restore();
    else if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.key === "Enter") this.commit();
  }

  /** Null where one of them is no number. */
  readAll(prefix, names) {
    const values = names.map((name) => byId(`${prefix}-${name}`).valueAsNumber);
    return values.some(Number.isNaN) ? null : Object.fromEntries(names.map((name, index) => [name, values[index]]));
  }
}

/** Numbers that are equal but for the camera's 32-bit floats are the same; objects, if all their values are. */
export function isSame(one, other) {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) <= 1e-6 * Math.max(Math.abs(one), 1);
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return one === other;
  return Object.keys(one).every((name) => isSame(one[name], other[name]));
}

/** Options are made anew only where they changed: an open list must not close under the user. */
export function setOptions(select, options) {
  const key = JSON.stringify(options);
  if (select.dataset.options === key) return;
  select.dataset.options = key;
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
}

/** What another program set may be none of those offered here; it stands there all the same. */
export function choose(select, value, words) {
  for (const option of [...select.options]) if (option.dataset.foreign && option.value !== value) option.remove();
  if (![...select.options].some((option) => option.value === value)) {
    const option = new Option(words, value);
    option.dataset.foreign = "yes";
    select.add(option);
  }
  select.value = value;
}
