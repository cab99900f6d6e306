/* What users wrote about the image, changed in place: only what was typed is sent, with the revision that was seen. */
import { patch } from "../../microscope/api.js";
import { connectDraft } from "../../microscope/drafts.js";
import { isPlain } from "../../microscope/keys.js";
import { showToast } from "../../microscope/shell.js";
import { Conflict } from "./edit-conflict.js";
import { showHistory } from "./history.js";

const byId = (id) => document.getElementById(id);
/** The id of each field is its name in the API. */
const textFields = () => [...document.querySelectorAll("#edit-form [data-text]")];
/** Picks the editable texts from an image, or from any object with the same keys. */
const textsOf = (image) => Object.fromEntries(textFields().map(({ id }) => [id, image[id]]));

/** Returns a function that opens the form, or null if the user may not edit. */
export function connectEditing(image) {
  return byId("edit-form") ? new Editing(image).opener : null;
}

class Editing {
  constructor({ id, filename, revision }) {
    Object.assign(this, { id, filename, form: byId("edit-form"), button: byId("edit") });
    this.opener = () => this.show(true);
    const texts = Object.fromEntries(textFields().map((field) => [field.id, field.defaultValue]));
    this.seen = { revision: Number(revision), ...texts };
    this.conflict = new Conflict({ onTake: (current) => this.takeTheirs(current) });
    this.button.hidden = false;
    this.button.addEventListener("click", this.opener);
    byId("edit-cancel").addEventListener("click", () => this.cancel());
    this.form.addEventListener("keydown", (event) => this.answerKey(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    connectDraft(`edit:${id}`, () => this.draft(), (draft) => this.restore(draft));
  }

  draft() {
    const typed = this.typed();
    return Object.keys(typed).length ? { seen: this.seen, typed } : null;
  }

  /** Restores text that was typed but not saved when the page was left. It belongs to the revision that was shown then. */
  restore({ seen, typed }) {
    this.seen = seen;
    this.put(typed);
    this.show(true);
    this.say("Not saved yet.");
  }

  show(isOpen) {
    this.form.hidden = !isOpen;
    byId("said").hidden = isOpen;
    this.button.hidden = isOpen;
    (isOpen ? textFields()[0] : this.button).focus();
  }

  answerKey(event) {
    if (event.key !== "Escape" || !isPlain(event)) return;
    event.stopPropagation();
    this.cancel();
  }

  cancel() {
    this.put(this.seen);
    this.close();
  }

  close() {
    this.say("");
    this.conflict.hide();
    this.show(false);
  }

  /** Only the fields that the user changed. */
  typed() {
    const read = textFields().map((field) => [field.id, field.value.trim()]);
    return Object.fromEntries(read.filter(([name, text]) => text !== this.seen[name].trim()));
  }

  put(texts) {
    for (const field of textFields()) if (field.id in texts) field.value = texts[field.id];
  }

  async save() {
    const typed = this.typed();
    if (this.isSaving) return;
    if (!Object.keys(typed).length) return this.close();
    this.isSaving = true;
    try {
      this.finish(await patch(`/api/v1/images/${this.id}`, { ...typed, revision: this.seen.revision }));
    } catch (problem) {
      await this.refuse(problem);
    } finally {
      this.isSaving = false;
    }
  }

  finish(image) {
    this.see(image);
    this.put(image);
    this.close();
    showToast({ message: "Saved" });
    showHistory(this.id);
  }

  async refuse(problem) {
    this.say(problem.code === "edit_conflict" ? "" : problem.message);
    if (problem.code !== "edit_conflict") return;
    const typed = this.typed();
    const isOther = textFields().some(({ id }) => problem.details.current[id] !== this.seen[id]);
    this.see(problem.details.current);
    this.put({ ...problem.details.current, ...typed });
    if (isOther) return this.conflict.show(problem.details.current);
    this.isSaving = false; // only other fields changed, for example by a calibration: there is nothing to resolve here
    await this.save();
  }

  takeTheirs(current) {
    const mine = Object.fromEntries(textFields().map((field) => [field.id, field.value]));
    this.put(current);
    this.conflict.hide();
    textFields()[0].focus();
    showToast({ message: "Their text is in the fields", action: { label: "Back to mine", run: () => this.put(mine) } });
  }

  /** Show the saved values. The next change is compared with them. */
  see(image) {
    this.seen = { revision: image.revision, ...textsOf(image) };
    for (const { id } of textFields()) byId(`said-${id}`).textContent = image[id] || "–";
    const sample = image.sample;
    byId("image-file").textContent = sample ? this.filename : "No sample";
    document.querySelector(".image-name h1").textContent = sample || this.filename;
  }

  say(sentence) {
    byId("edit-problem").textContent = sentence;
  }
}
