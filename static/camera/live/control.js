/* A slider with its number field, its ticks, and the line below that shows the result of a change. */
import { isPlain } from "../../microscope/keys.js";

const NOTE_MS = 4000;
const STEPS = 1000;
// A tick nearer to an end of the slider would touch the tick of that end.
const FIRST_MARK = 0.14;
const LAST_MARK = 0.8;
// If the accepted value differs by a larger share, the camera did not only round the typed value.
const SAME = 1e-6;

export class Control {
  /** `onWant(value, isLast)`: the user wants this. `isLog`: the slider is logarithmic. */
  constructor(name, { isLog, unit, format, onWant }) {
    Object.assign(this, { name, isLog, unit, format, onWant });
    this.field = document.getElementById(name);
    this.slider = document.getElementById(`${name}-slider`);
    this.ticks = document.getElementById(`${name}-ticks`);
    this.note = document.getElementById(`${name}-note`);
    this.limits = null;
    this.accepted = null;
    this.slider.addEventListener("input", () => this.followSlider(false));
    this.slider.addEventListener("change", () => this.followSlider(true));
    this.field.addEventListener("change", () => this.followField());
    this.field.addEventListener("keydown", (event) => this.answerKey(event));
    this.field.addEventListener("focus", () => (this.seen = this.field.value));
    this.field.addEventListener("input", () => (this.isEdited = true));
    this.field.addEventListener("blur", () => (this.isEdited = false));
  }

  setLimits({ minimum, maximum }) {
    if (this.limits?.minimum === minimum && this.limits?.maximum === maximum) return;
    this.limits = { minimum, maximum };
    this.drawTicks();
    if (this.accepted !== null) this.place(this.accepted);
  }

  /** Show the value that the camera accepted. */
  accept(value, asked = null) {
    this.accepted = value;
    this.field.removeAttribute("aria-invalid");
    this.place(value);
    if (!this.isEdited || asked !== null) this.seen = this.field.value = this.format(value);
    if (asked === null) return;
    this.isEdited = false;
    const isSame = Math.abs(asked - value) <= SAME * Math.max(Math.abs(asked), 1);
    if (isSame) this.say("");
    else this.say(`Asked ${this.format(asked)}, the camera took ${this.format(value)}`, "accepted");
  }

  /** Show the value in force again, whatever was being typed. */
  giveUp() {
    this.isEdited = false;
    if (this.accepted !== null) this.accept(this.accepted);
  }

  refuse(sentence) {
    this.field.setAttribute("aria-invalid", "true");
    this.place(this.accepted);
    this.say(sentence, "refused", true);
  }

  say(sentence, kind = "", isLasting = false) {
    clearTimeout(this.noteTimer);
    this.note.textContent = sentence;
    this.note.dataset.kind = kind;
    if (sentence && !isLasting) this.noteTimer = setTimeout(() => this.say(""), NOTE_MS);
  }

  followSlider(isLast) {
    const value = Number(this.valueAt(this.slider.value / STEPS).toPrecision(3));
    if (isLast && value === this.slidTo) return; // this value is already being sent
    this.slidTo = isLast ? null : value;
    this.field.value = this.format(value);
    this.field.removeAttribute("aria-invalid");
    this.place(value, false);
    this.onWant(value, isLast);
  }

  /** Sends only what the user has changed, because another user may have set a newer value than the one shown here.
      A refused value stays in the field and may be sent again. A field that was just disabled loses the focus, and sends
      nothing: the user has not finished. */
  followField() {
    if (this.field.matches(":disabled")) return;
    const value = this.field.valueAsNumber;
    const isOwn = this.field.hasAttribute("aria-invalid") || (this.isEdited && this.field.value !== this.seen);
    this.isEdited = false;
    if (Number.isNaN(value) || !isOwn) return this.accept(this.accepted);
    this.want(value);
  }

  want(value) {
    const { minimum, maximum } = this.limits ?? { minimum: -Infinity, maximum: Infinity };
    if (value < minimum || value > maximum) return this.refuse(this.describeLimits());
    this.place(value);
    this.onWant(value, true);
  }

  answerKey(event) {
    if (!isPlain(event)) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.followField();
    } else if (event.key === "Escape") {
      this.isEdited = false;
      this.accept(this.accepted);
      this.say("");
    }
  }

  describeLimits() {
    return `Between ${short(this.limits.minimum)} and ${short(this.limits.maximum)} ${this.unit} on this camera`;
  }

  place(value, movesSlider = true) {
    if (!this.limits || value === null) return;
    const share = this.shareOf(value);
    if (movesSlider) this.slider.value = String(Math.round(share * STEPS));
    this.slider.style.setProperty("--share", share.toFixed(4));
    this.slider.setAttribute("aria-valuetext", `${this.format(value)} ${this.unit}`);
  }

  shareOf(value) {
    const { minimum, maximum } = this.limits;
    const inside = Math.min(Math.max(value, minimum), maximum);
    if (this.isLog) return Math.log(inside / minimum) / Math.log(maximum / minimum);
    return (inside - minimum) / (maximum - minimum || 1);
  }

  valueAt(share) {
    const { minimum, maximum } = this.limits;
    if (share <= 0) return minimum;
    if (share >= 1) return maximum;
    return this.isLog ? minimum * (maximum / minimum) ** share : minimum + share * (maximum - minimum);
  }

  drawTicks() {
    const { minimum, maximum } = this.limits;
    const inner = this.isLog ? decades(minimum, maximum) : [(minimum + maximum) / 2];
    const marks = inner.filter((value) => this.shareOf(value) > FIRST_MARK && this.shareOf(value) < LAST_MARK);
    this.ticks.replaceChildren(...[minimum, ...marks, maximum].map((value) => this.makeTick(value)));
  }

  makeTick(value) {
    const tick = document.createElement("span");
    tick.textContent = short(value);
    tick.style.setProperty("--share", this.shareOf(value).toFixed(4));
    return tick;
  }
}

function decades(minimum, maximum) {
  const found = [];
  for (let power = Math.ceil(Math.log10(minimum)); 10 ** power < maximum; power += 1) found.push(10 ** power);
  return found;
}

function short(value) {
  return String(Number(value.toPrecision(3)));
}
