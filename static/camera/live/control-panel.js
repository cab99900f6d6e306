/* The panel while somebody else controls the camera: it shows whose the settings are, and keeps what is seen. */
import { shortHolderName, untilWords } from "../../microscope/control/names.js";
import { isHeldElsewhere, onControl } from "../../microscope/control/state.js";

const MINE = "You control the camera.";

const byId = (id) => document.getElementById(id);

export class ControlPanel {
  /** `parts`: those of the page with `setHeld(isHeld)`. `onPlace()`: the place of the line came or went. */
  constructor({ settings, capture, parts, onPlace }) {
    Object.assign(this, { settings, capture, parts, onPlace });
    this.page = byId("live");
    this.row = byId("control-row");
    onControl((control) => this.take(control));
  }

  take(control) {
    const isHeld = isHeldElsewhere(control) && !control.you.mayChange;
    this.showPlace(!control.isAlone);
    this.page.toggleAttribute("data-watching", isHeld);
    const words = isHeld ? `${shortHolderName(control)} sets the camera${untilWords(control)}.` : "";
    const text = this.row.querySelector("span");
    if (text.textContent !== words) text.textContent = words;
    for (const part of this.parts) {
      if (isHeld !== this.isHeld) part.setHeld(isHeld);
    }
    this.sayJob(isHeld && control.kind === "job");
    this.capture.noteControl(control, isHeld);
    this.sayWhetherMine(isHeld, control.isMine);
    this.isHeld = isHeld;
    for (const id of ["settings", "geometry-fields"]) byId(id).title = words;
  }

  /** Control passes from somebody else to this page: the slot says so once, and no longer than it is true. */
  sayWhetherMine(isHeld, isMine) {
    if (this.isHeld && isMine) this.capture.say(MINE);
    else if (isHeld && !this.isHeld) this.capture.unsay(MINE);
  }

  sayJob(isJob) {
    if (isJob && !this.isJob) this.settings.exposure.say("Kept for the whole job", "", true);
    if (!isJob && this.isJob) this.settings.exposure.say("");
    this.isJob = isJob;
  }

  showPlace(isKept) {
    if (this.page.hasAttribute("data-control-place") === isKept) return;
    this.page.toggleAttribute("data-control-place", isKept);
    this.onPlace();
  }
}
