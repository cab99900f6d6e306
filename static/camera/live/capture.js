/* The Capture button, the space bar, and the slot that shows the result. */
import { addressOf } from "../../microscope/api.js";
import { keepDraft, readDraft } from "../../microscope/drafts.js";
import { firstName } from "../../microscope/control/names.js";
import { icon } from "../../microscope/icon.js";
import { onKey } from "../../microscope/keys.js";
import { formatBytes, formatTime } from "../../microscope/shell.js";
import { askUntilAnswered, makePending, Stopped, takePending } from "./pending-capture.js";

const FILL_FROM_MS = 300;
const DONE_MS = 1200;
const KEPT = "capture-choices";
const ICONS = { idle: "ring", exposing: "ring", saving: "busy", done: "check" };

const UNANSWERED = "The microscope has not responded yet. Trying again. The image is captured only once.";
const RECOVERED = "This page was reloaded during a capture. Checking the result.";
const STOPPED = "Stopped waiting. If the image was captured, it is in the gallery.";

const byId = (id) => document.getElementById(id);
/** The text fields of a capture. The id of each is its name in the API. */
const textFields = () => [...document.querySelectorAll("#panel [data-text]")];

export class Capture {
  constructor(mayCapture, { settings, stage, recent }) {
    Object.assign(this, { mayCapture, settings, stage, recent });
    this.button = byId("capture");
    this.isAway = !mayCapture;
    this.isSimulated = byId("live").hasAttribute("data-simulated");
    this.restoreChoices();
    this.button.addEventListener("click", () => this.run());
    byId("panel").addEventListener("submit", (event) => event.preventDefault());
    byId("panel").addEventListener("change", () => this.keepChoices());
    addEventListener("pagehide", () => this.keepChoices());
    onKey(" ", ({ target }) => !target.closest("a") && this.run());
    recent.onChange = () => this.describe();
    this.describe();
    const pending = takePending();
    if (pending && mayCapture) this.recover(pending);
  }

  noteCamera(state) {
    this.isSimulated = state.simulated;
    if (!state.cause) this.setBack();
    this.describe();
  }

  noteFrame({ width, height }) {
    if (this.size?.width === width && this.size?.height === height) return;
    this.size = { width, height };
    this.describe();
  }

  noteLoss() {
    if (!this.mayCapture) return;
    this.isAway = true;
    this.awayReason = "No camera. You can capture again when it is back.";
    this.describe();
  }

  setBack() {
    this.isAway = !this.mayCapture;
    this.describe();
  }

  /** While somebody else controls the camera, the page keeps the next frame as the camera is set. */
  noteControl({ kind, holder, share, you }, isHeld) {
    const whose = isHeld && (kind === "job" ? "the job" : firstName(holder.name));
    this.held = isHeld ? { whose, mayKeep: you.mayKeepPicture, isShared: share } : null;
    this.describe();
  }

  async run() {
    if (this.isAway || this.isBusy || this.held?.mayKeep === false) return;
    const exposureMs = this.settings.exposureMs ?? 0;
    this.beginExposing(exposureMs);
    const savingTimer = setTimeout(() => this.setState("saving", "Saving"), exposureMs);
    await this.carryOut(makePending(this.choices()), () => clearTimeout(savingTimer));
    clearTimeout(savingTimer);
  }

  /** Continues a capture that was requested before the page was reloaded. */
  async recover(pending) {
    if (pending.isOld) {
      const when = formatTime(pending.askedAt);
      this.fail(new Error(`The capture of ${when} got no response. If the image was captured, it is in the gallery.`));
      return;
    }
    const stop = new AbortController();
    this.sayAskingAgain(RECOVERED, stop);
    await this.carryOut(pending, () => {}, stop);
  }

  async carryOut(pending, onUnanswered, stop = new AbortController()) {
    this.isBusy = true;
    this.isDone = false;
    clearTimeout(this.doneTimer);
    const noteUnanswered = () => {
      onUnanswered();
      this.sayAskingAgain(UNANSWERED, stop);
    };
    try {
      this.finish(await askUntilAnswered(pending, stop.signal, noteUnanswered));
    } catch (problem) {
      this.fail(problem instanceof Stopped ? new Error(STOPPED) : problem);
    }
    this.isBusy = false;
    this.describe();
  }

  sayAskingAgain(words, stop) {
    this.setState("saving", "Asking again");
    if (byId("slot-error").querySelector("button")) return;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: "Stop" });
    button.addEventListener("click", () => stop.abort());
    byId("slot-result").replaceChildren();
    byId("slot-error").replaceChildren(icon("warning"), sentence(words), button);
  }

  beginExposing(exposureMs) {
    this.setState("exposing", exposureMs ? `Exposing ${Math.round(exposureMs) || "under 1"} ms` : "Exposing");
    if (exposureMs > FILL_FROM_MS) {
      const steps = [{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }];
      byId("capture-fill").animate(steps, { duration: exposureMs, easing: "linear" });
    }
  }

  finish(captured) {
    const words = captured.databaseSaved ? "Safe on disk" : "Saved, not in the gallery yet";
    const format = captured.metadata.format;
    this.setState("done", words);
    this.say(words, `${formatTime(captured.capturedAt)}, ${format}, ${formatBytes(captured.fileSize)}`, captured.imageId);
    this.stage.blink();
    this.recent.refresh();
    this.isDone = true;
    this.doneTimer = setTimeout(() => this.endDone(), DONE_MS);
  }

  endDone() {
    this.isDone = false;
    this.describe();
  }

  fail(problem) {
    this.setState("idle");
    byId("slot-result").replaceChildren();
    byId("slot-error").replaceChildren(icon("warning"), sentence(problem.message));
    this.describe();
  }

  /** The result slot: words, a line below, and where to see it. */
  say(words, detail = "", imageId = null) {
    const text = document.createElement("span");
    text.append(Object.assign(document.createElement("strong"), { textContent: words }), " ");
    text.append(Object.assign(document.createElement("small"), { textContent: detail }));
    const parts = [icon("check"), text];
    if (imageId) parts.push(Object.assign(document.createElement("a"), { href: addressOf(`/images/${imageId}/`), textContent: "Open" }));
    byId("slot-error").replaceChildren();
    byId("slot-result").replaceChildren(...parts);
  }

  /** Empty the slot if these words are still there. */
  unsay(words) {
    const slot = byId("slot-result");
    if (slot.querySelector("strong")?.textContent === words) slot.replaceChildren();
  }

  setState(state, label = this.idleLabel()) {
    this.button.dataset.state = state;
    byId("capture-icon").setAttribute("href", `#icon-${ICONS[state]}`);
    byId("capture-label").textContent = label;
    this.button.setAttribute("aria-busy", String(state === "exposing" || state === "saving"));
  }

  idleLabel() {
    if (this.held) return "Keep this picture";
    return this.isSimulated ? "Capture simulated" : "Capture";
  }

  /** Update the line below the button, and the button itself if no capture is running. */
  describe() {
    if (!this.isBusy && !this.isDone) this.setState("idle");
    const isNothingToKeep = this.held?.mayKeep === false;
    this.button.disabled = (this.isAway || isNothingToKeep) && !this.isBusy;
    const hint = byId("capture-hint");
    hint.classList.toggle("is-bad", this.mayCapture && this.isAway);
    if (!this.mayCapture) hint.textContent = "Viewers can watch but not capture.";
    else if (this.isAway) hint.textContent = this.awayReason ?? "Waiting for the camera.";
    else if (isNothingToKeep) hint.textContent = this.held.isShared ? "No live picture to keep." : `${this.held.whose} does not share the picture.`;
    else hint.replaceChildren(...this.describeFile().map(makeLine));
  }

  describeFile() {
    const format = this.choices().format;
    const parts = [format.toUpperCase()];
    if (this.size) parts.push(`${this.size.width} × ${this.size.height}`);
    const bytes = this.recent.typicalSize(format, this.size);
    if (bytes) parts.push(`about ${formatBytes(bytes)}`);
    if (this.held && this.isSimulated) parts.push("SIMULATED");
    const lines = [parts.join(", ")];
    if (this.held) lines.unshift(`The next frame, as ${this.held.whose} has set the camera.`);
    else if (this.isSimulated) lines.push("The image and its record are marked SIMULATED");
    return lines;
  }

  choices() {
    const chosen = { format: document.querySelector("[name=format]:checked").value };
    const quality = byId("quality").valueAsNumber;
    if (chosen.format === "jpg" && !Number.isNaN(quality)) chosen.quality = quality;
    for (const field of textFields()) {
      const text = field.value.trim();
      if (text) chosen[field.id] = text;
    }
    return chosen;
  }

  keepChoices() {
    byId("quality-part").hidden = this.choices().format !== "jpg";
    const texts = Object.fromEntries(textFields().map((field) => [field.id, field.value]));
    const { format, quality } = this.choices();
    keepDraft(KEPT, { format, quality, ...texts });
    this.describe();
  }

  /** This user's choices survive a reload of this tab. Other tabs keep their own. */
  restoreChoices() {
    const kept = readDraft(KEPT) ?? {};
    const format = document.querySelector(`[name=format][value="${kept.format ?? ""}"]`);
    if (format) format.checked = true;
    for (const field of [byId("quality"), ...textFields()]) if (kept[field.id]) field.value = kept[field.id];
    byId("quality-part").hidden = this.choices().format !== "jpg";
  }
}

function sentence(text) {
  return Object.assign(document.createElement("span"), { className: "slot-sentence", textContent: text });
}

function makeLine(text) {
  return Object.assign(document.createElement("span"), { textContent: text });
}
