/* The objective in place, which all users share, and the size of the picture's pixels. */
import { get, patch } from "../../microscope/api.js";
import { cameraDeadlineMs } from "./deadlines.js";
import { Line } from "./line.js";
import { sidePixels } from "./sensor.js";

const MAX_EXPOSURES = 2;
const NOTE_MS = 10_000;

const byId = (id) => document.getElementById(id);

export class Optics {
  constructor(mayChoose, stage) {
    this.mayChoose = mayChoose;
    this.stage = stage;
    this.select = byId("objective");
    this.note = byId("objective-note");
    this.shown = undefined;
    this.known = [];
    this.line = new Line();
    this.isAway = true;
    this.isHeld = false;
    this.select.addEventListener("change", () => this.choose(this.select.value || null));
  }

  /** `askedAt`: when this state was requested. */
  noteCamera(state, askedAt) {
    this.setAway(Boolean(state.cause) || !state.settings);
    if (this.line.isOutdated(askedAt) || state.objective === undefined) return;
    const id = state.objective?.id ?? null;
    const isForeign = this.shown !== undefined && id !== this.shown;
    this.take(state, state.settings);
    if (id && !this.known.includes(id)) this.list();
    else if (this.known.length === 0) this.list();
    if (isForeign) this.say(`Set by ${state.objectiveBy ?? "someone else"}`, "", true);
  }

  noteLoss() {
    this.setAway(true);
  }

  setAway(isAway) {
    this.isAway = isAway;
    byId("optics").disabled = isAway || this.isHeld || !this.mayChoose;
  }

  /** Somebody else controls the camera. */
  setHeld(isHeld) {
    this.isHeld = isHeld;
    this.setAway(this.isAway);
  }

  /** The scale belongs to the displayed picture, even if the camera is being changed. */
  noteFrame({ geometry }) {
    if (this.geometry?.key === geometry.key) return;
    this.geometry = geometry;
    this.setScale();
  }

  take({ objective, umPerPixelX }, settings) {
    this.shown = objective?.id ?? null;
    this.name = objective?.name ?? null;
    this.place();
    const told = settings && { binning: settings.binning, rotation: settings.rotation };
    this.umPerSensorPixel = told && umPerPixelX ? umPerPixelX / sidePixels(told) : null;
    this.setScale(told);
  }

  /** `told`: the camera's geometry, which is used until the first picture comes. */
  setScale(told = null) {
    const geometry = this.geometry ?? told;
    const umPerPixel = this.umPerSensorPixel && geometry ? this.umPerSensorPixel * sidePixels(geometry) : null;
    this.umPerPixel = umPerPixel;
    this.stage.scaleBar.setScale(umPerPixel);
    if (!this.isTold && this.shown !== undefined) this.sayScale();
    const tool = byId("tool-scale");
    tool.disabled = !umPerPixel;
    tool.title = umPerPixel ? "Scale bar (S)" : "Scale bar: the scale is unknown until the current objective is calibrated";
  }

  /** Offers the objectives. The one in place is offered even if the list could not be loaded. */
  async list() {
    if (this.isListing) return;
    this.isListing = true;
    try {
      const { results } = await get("/api/v1/objectives");
      const usable = results.filter((objective) => !objective.isRetired);
      this.known = results.map(({ id }) => id);
      const { value } = this.select;
      this.select.replaceChildren(new Option("Unknown", ""), ...usable.map(({ id, name }) => new Option(name, id)));
      this.select.value = value;
    } catch {
      this.known = []; // the list is loaded again with the camera's next state
    }
    this.isListing = false;
    this.place();
  }

  /** Shows the objective in place. While newer choices are being sent, the field shows the newest one. */
  place() {
    const { shown } = this;
    if (shown && ![...this.select.options].some((option) => option.value === shown)) this.select.add(new Option(this.name, shown));
    if (!this.line.isBusy) this.select.value = shown ?? "";
  }

  async choose(id) {
    this.say("Setting…");
    const deadlineMs = cameraDeadlineMs(MAX_EXPOSURES);
    try {
      await this.line.send(() => patch("/api/v1/camera/settings", { objective: id }, { deadlineMs }), (accepted) => this.accept(accepted));
    } catch (problem) {
      this.place();
      this.say(problem.errors?.objective?.[0] ?? problem.message, "refused", true);
    }
  }

  /** The note says "Setting…" until the newest choice is answered. */
  accept(accepted) {
    this.isTold = this.line.isBusy;
    this.take(accepted, accepted);
  }

  sayScale() {
    if (this.umPerPixel) this.put(`${this.umPerPixel.toPrecision(4)} µm/px`);
    else this.put(this.shown ? "Not calibrated" : "Scale unknown");
  }

  say(words, kind = "", isPassing = false) {
    clearTimeout(this.timer);
    this.isTold = isPassing;
    this.put(words, kind);
    if (isPassing) this.timer = setTimeout(() => this.endNote(), NOTE_MS);
  }

  endNote() {
    this.isTold = false;
    this.sayScale();
  }

  put(words, kind = "") {
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.dataset.kind = kind;
  }
}
