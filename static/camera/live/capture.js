/* The Capture button, the space bar, and the slot that says what came of it. */
import { post } from "../../microscope/api.js";
import { formatBytes, formatTime, isTyping } from "../../microscope/shell.js";

const FILL_FROM_MS = 300;
const DONE_MS = 1200;
const KEPT = "live-capture";
const ICONS = { idle: "ring", exposing: "ring", saving: "busy", done: "check" };

const byId = (id) => document.getElementById(id);

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
    document.addEventListener("keydown", (event) => this.answerSpace(event));
    recent.onChange = () => this.describe();
    this.describe();
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

  setAway(reason) {
    if (!this.mayCapture) return;
    this.isAway = true;
    this.awayReason = reason;
    this.describe();
  }

  setBack() {
    this.isAway = !this.mayCapture;
    this.describe();
  }

  answerSpace(event) {
    if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey) return;
    const isElsewhere = isTyping(event.target) || document.querySelector("dialog[open]");
    const hasOwnUse = event.target.closest("button, summary, a, [type=radio], .menu");
    if (isElsewhere || hasOwnUse) return;
    event.preventDefault();
    if (!event.repeat) this.run();
  }

  async run() {
    if (this.isAway || this.isBusy) return;
    this.isBusy = true;
    this.isDone = false;
    clearTimeout(this.doneTimer);
    const exposureMs = this.settings.exposureMs ?? 0;
    this.beginExposing(exposureMs);
    const savingTimer = setTimeout(() => this.setState("saving", "Saving"), exposureMs);
    try {
      this.finish(await post("/api/v1/camera/capture", this.choices()));
    } catch (problem) {
      this.fail(problem);
    }
    clearTimeout(savingTimer);
    this.isBusy = false;
  }

  beginExposing(exposureMs) {
    this.setState("exposing", exposureMs ? `Exposing ${Math.round(exposureMs) || "under 1"} ms` : "Exposing");
    if (exposureMs > FILL_FROM_MS) {
      const steps = [{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }];
      byId("capture-fill").animate(steps, { duration: exposureMs, easing: "linear" });
    }
  }

  finish(captured) {
    const words = captured.databaseSaved ? "Safe on disk" : "Safe on disk, listing follows";
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
    byId("slot-error").replaceChildren(icon("warning"), problem.message);
    this.describe();
  }

  /** The result slot: words, a line below, and where to see it. */
  say(words, detail = "", imageId = null) {
    const text = document.createElement("span");
    text.append(Object.assign(document.createElement("strong"), { textContent: words }), " ");
    text.append(Object.assign(document.createElement("small"), { textContent: detail }));
    const parts = [icon("check"), text];
    if (imageId) parts.push(Object.assign(document.createElement("a"), { href: `/images/${imageId}/`, textContent: "Open" }));
    byId("slot-error").replaceChildren();
    byId("slot-result").replaceChildren(...parts);
  }

  setState(state, label = this.idleLabel()) {
    this.button.dataset.state = state;
    byId("capture-icon").setAttribute("href", `#icon-${ICONS[state]}`);
    byId("capture-label").textContent = label;
    this.button.setAttribute("aria-busy", String(state === "exposing" || state === "saving"));
  }

  idleLabel() {
    return this.isSimulated ? "Capture simulated" : "Capture";
  }

  /** The line below the button, and the button itself where nothing is under way. */
  describe() {
    if (!this.isBusy && !this.isDone) this.setState("idle");
    this.button.disabled = this.isAway && !this.isBusy;
    const hint = byId("capture-hint");
    hint.classList.toggle("is-bad", this.mayCapture && this.isAway);
    if (!this.mayCapture) hint.textContent = "Viewers can watch, not capture.";
    else if (this.isAway) hint.textContent = this.awayReason ?? "Waiting for the camera.";
    else hint.replaceChildren(...this.describeFile().map(makeLine));
  }

  describeFile() {
    const format = this.choices().format;
    const parts = [format.toUpperCase()];
    if (this.size) parts.push(`${this.size.width} × ${this.size.height}`);
    const bytes = this.recent.typicalSize(format, this.size);
    if (bytes) parts.push(`about ${formatBytes(bytes)}`);
    const lines = [parts.join(", ")];
    if (this.isSimulated) lines.push("The picture and its record will say SIMULATED");
    return lines;
  }

  choices() {
    const chosen = { format: document.querySelector("[name=format]:checked").value };
    const quality = byId("quality").valueAsNumber;
    if (chosen.format === "jpg" && !Number.isNaN(quality)) chosen.quality = quality;
    for (const name of ["sample", "note"]) {
      const text = byId(name).value.trim();
      if (text) chosen[name] = text;
    }
    return chosen;
  }

  keepChoices() {
    byId("quality-part").hidden = this.choices().format !== "jpg";
    const { format, quality, sample } = this.choices();
    sessionStorage.setItem(KEPT, JSON.stringify({ format, quality, sample, note: byId("note").value }));
    this.describe();
  }

  /** What was chosen outlives a reload of this tab; other tabs keep their own. */
  restoreChoices() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    const format = document.querySelector(`[name=format][value="${kept.format ?? ""}"]`);
    if (format) format.checked = true;
    for (const name of ["quality", "sample", "note"]) if (kept[name]) byId(name).value = kept[name];
    byId("quality-part").hidden = this.choices().format !== "jpg";
  }
}

function makeLine(text) {
  return Object.assign(document.createElement("span"), { textContent: text });
}

function icon(name) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  drawing.firstChild.setAttribute("href", `#icon-${name}`);
  return drawing;
}
