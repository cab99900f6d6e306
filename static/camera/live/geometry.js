/* Region and format of the camera, which all users share. The fields show what the camera accepted. */
import { patch } from "../../microscope/api.js";
import { cameraDeadlineMs } from "./deadlines.js";
import { complete, isSame } from "./geometry-part.js";
import { makeParts } from "./geometry-parts.js";
import { Line } from "./line.js";
import { Region } from "./region.js";
import { widen } from "./sensor.js";

// Frames in progress end before the stream is stopped and started.
const MAX_EXPOSURES = 4;
const KEPT = "live-geometry-open";
const FOREIGN_FRAMES = 5;

const byId = (id) => document.getElementById(id);

export class Geometry {
  /** `onAccepted(settings)`: this page set the camera. `onChange()`: limits and scale may have changed, so the camera
      should be asked. */
  constructor(maySet, stage, { onAccepted, onChange }) {
    Object.assign(this, { maySet, onAccepted, onChange });
    this.parts = makeParts((part, asked) => this.send(part, asked));
    this.line = new Line();
    this.isAway = true;
    this.isHeld = false;
    this.foreignFrames = 0;
    this.keepOpenness();
    if (maySet) this.connectRegion(stage);
  }

  keepOpenness() {
    const details = byId("geometry");
    details.open = localStorage.getItem(KEPT) === "yes";
    details.addEventListener("toggle", () => localStorage.setItem(KEPT, details.open ? "yes" : "no"));
  }

  connectRegion(stage) {
    const roi = this.parts[0];
    this.region = new Region(stage, {
      onApply: (drawn) => this.send(roi, { roi: widen(drawn, this.limits.roi) }),
      onEnd: () => this.endDrawing(),
    });
    byId("draw-region").addEventListener("click", () => this.draw());
    byId("whole-sensor").addEventListener("click", () => this.send(roi, { roi: null }));
  }

  draw() {
    if (this.region.isDrawing) return this.region.end();
    this.parts[0].restore();
    this.region.begin();
    byId("draw-region").setAttribute("aria-pressed", String(this.region.isDrawing));
  }

  endDrawing() {
    byId("draw-region").setAttribute("aria-pressed", "false");
    byId("draw-region").focus({ preventScroll: true });
  }

  /** `askedAt`: when this state was requested. */
  noteCamera(state, askedAt) {
    this.setAway(Boolean(state.cause) || !state.settings);
    if (!state.settings || !state.limits || this.line.isOutdated(askedAt)) return;
    this.limits = state.limits;
    byId("geometry").hidden = false;
    for (const part of this.parts) part.offer(state.limits);
    this.take(state.settings, state.settingsBy);
  }

  /** `by`: who set each of them, if it may not have been this page. */
  take(settings, by = null) {
    const before = this.settings;
    this.settings = settings;
    for (const part of this.parts) {
      const changed = before && part.names.find((name) => !isSame(settings[name], before[name]));
      part.take(settings);
      if (changed && by) part.say(`Set by ${by[changed] ?? "someone else"}`);
    }
    this.describe();
  }

  noteLoss() {
    this.setAway(true);
  }

  setAway(isAway) {
    this.isAway = isAway;
    byId("geometry-fields").disabled = isAway || this.isHeld || !this.maySet;
    if (isAway || this.isHeld) this.region?.end();
  }

  /** Somebody else controls the camera. What is being typed here is no longer wanted. */
  setHeld(isHeld) {
    this.isHeld = isHeld;
    this.setAway(this.isAway);
    if (isHeld) for (const part of this.parts) part.restore();
  }

  /** Frames with another geometry than ours mean that somebody else changed it. */
  noteFrame(frame) {
    this.region?.noteFrame(frame);
    if (!this.settings || this.line.isBusy) return;
    const { geometry } = frame;
    const now = this.settings;
    const isOurs =
      isSame(geometry.roi, now.roi) &&
      isSame(geometry.binning, now.binning) &&
      isSame([geometry.flipHorizontal, geometry.flipVertical], [now.flipHorizontal, now.flipVertical]) &&
      geometry.rotation === now.rotation;
    this.foreignFrames = isOurs ? 0 : this.foreignFrames + 1;
    if (this.foreignFrames === FOREIGN_FRAMES) this.onChange();
  }

  async send(part, asked) {
    part.isEdited = false;
    part.waiting += 1;
    part.say("Setting…", "", true);
    const request = () => this.patch(asked).finally(() => (part.waiting -= 1));
    try {
      this.accept(part, asked, await this.set(request));
    } catch (problem) {
      this.refuse(part, problem);
    }
    this.onChange();
  }

  /** Called when the request's turn comes: then the settings in force are those that the request before it set. */
  patch(asked) {
    const deadlineMs = cameraDeadlineMs(MAX_EXPOSURES);
    return patch("/api/v1/camera/settings", complete(asked, this.settings), { deadlineMs });
  }

  /** Shows in the fields what the camera accepts of `request`, and returns it. */
  set(request) {
    return this.line.send(request, (accepted) => this.takeOwn(accepted));
  }

  takeOwn(accepted) {
    this.take(accepted);
    this.onAccepted(accepted);
    return accepted;
  }

  accept(part, asked, accepted) {
    const isWhole = part.names.some((name) => asked[name] === null);
    const [wanted, taken] = [isWhole ? "" : part.describe({ ...accepted, ...complete(asked, accepted) }), part.describe(accepted)];
    if (isWhole || wanted === taken) part.say("");
    else part.say(`Asked ${wanted}, the camera took ${taken}`, "accepted");
  }

  refuse(part, problem) {
    part.restore();
    const sentence = part.names.map((name) => problem.errors?.[name]?.[0]).find(Boolean);
    part.say(sentence ?? problem.message, "refused", true);
  }

  /** The settings in one line, for the closed section. */
  describe() {
    const { roi, binning, pixelFormat, rotation } = this.settings;
    const across = Math.ceil(roi.width / binning.x);
    const down = Math.ceil(roi.height / binning.y);
    const size = rotation % 180 === 0 ? `${across} × ${down}` : `${down} × ${across}`;
    const format = this.limits?.pixelFormats.find(({ name }) => name === pixelFormat);
    byId("geometry-now").textContent = format ? `${size}, ${format.bits} bit` : size;
  }
}
