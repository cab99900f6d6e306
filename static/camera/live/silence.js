/* If nothing comes, the values on the page grow old: the picture is dimmed and shows its age, numbers turn grey, then
   become a dash, and the status line says that the connection is silent. */
import { currentExposureMs } from "./deadlines.js";
import { elapsedMs } from "../../microscope/elapsed.js";
import { formatTime, showState } from "../../microscope/shell.js";

const TICK_MS = 200;
const GREY_MS = 2000;
const DIM_MS = 3000;
const UNKNOWN_MS = 5000;

const page = document.getElementById("live");

export class Silence {
  /** `onUnknown()` is called when the values are too old to show. */
  constructor(stage, stream, onUnknown) {
    Object.assign(this, { stage, stream, onUnknown });
    setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.tick());
    addEventListener("pageshow", () => this.tick());
  }

  noteFrame(frame) {
    this.frame = frame;
    // The other parts have just shown its values. It may be old: it was decoded while the computer fell asleep.
    this.isUnknown = false;
    this.tick();
  }

  /** The text of the status line while the connection is silent, or null. */
  get words() {
    if (this.stage.isLost || !this.stream.isSilent) return null;
    return `Connection silent since ${formatTime(this.stream.heardAt.wall)}`;
  }

  tick() {
    if (document.hidden) return;
    if (this.words) showState("reopening", this.words);
    const lateMs = this.frame ? this.lateMs() : 0;
    page.toggleAttribute("data-grey", lateMs > GREY_MS);
    if (lateMs > DIM_MS) this.stage.showAge(this.frame);
    const isUnknown = lateMs > UNKNOWN_MS;
    if (isUnknown && !this.isUnknown) this.onUnknown();
    this.isUnknown = isUnknown;
  }

  /** How much longer than an exposure the page waits for the next frame. */
  lateMs() {
    return (this.frame.ageMs ?? 0) + elapsedMs(this.frame.shown) - Math.max(this.frame.exposureMs ?? 0, currentExposureMs());
  }
}
