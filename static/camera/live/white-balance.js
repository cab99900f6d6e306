/* White balance by one push: the camera chooses its gains so that the present picture is neutral. */
import { post } from "../../microscope/api.js";
import { cameraDeadlineMs } from "./deadlines.js";

// The camera may need this many frames.
const MAX_EXPOSURES = 24;
const NOTE_MS = 10_000;

const byId = (id) => document.getElementById(id);

export class WhiteBalance {
  constructor(geometry) {
    this.geometry = geometry;
    this.note = byId("white-balance-note");
    byId("white-balance").addEventListener("click", () => this.push());
  }

  noteCamera(state, askedAt) {
    if (!this.geometry.line.isOutdated(askedAt)) this.take(state.settings);
    byId("setting-white-balance").hidden = !state.whiteBalance;
  }

  async push() {
    if (this.isSending) return;
    this.isSending = true;
    this.say("Setting…", "", true);
    try {
      this.take(await this.geometry.set(() => post("/api/v1/camera/white-balance", {}, { deadlineMs: cameraDeadlineMs(MAX_EXPOSURES) })));
      this.say("Set on this view", "accepted");
    } catch (problem) {
      this.say(problem.message, "refused", true);
    }
    this.isSending = false;
  }

  /** Shows the gains in force below the button if there is no other message. */
  take(settings) {
    const gains = settings?.whiteBalance;
    this.gains = gains ? `R ${gains.red.toFixed(2)}, B ${gains.blue.toFixed(2)}` : "";
    if (!this.isTold) this.put(this.gains);
  }

  say(sentence, kind = "", isLasting = false) {
    clearTimeout(this.timer);
    this.isTold = true;
    this.put(sentence, kind);
    if (!isLasting) this.timer = setTimeout(() => this.endNote(), NOTE_MS);
  }

  endNote() {
    this.isTold = false;
    this.put(this.gains);
  }

  put(words, kind = "") {
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.dataset.kind = kind;
  }
}
