/* Region and format of the camera, for everyone. What the camera accepted is what stands in the fields. */
import { patch } from "../../microscope/api.js";
import { isSame } from "./geometry-part.js";
import { makeParts } from "./geometry-parts.js";
import { Region } from "./region.js";
import { widen } from "./sensor.js";

const KEPT = "live-geometry-open";
const FOREIGN_FRAMES = 5;

const byId = (id) => document.getElementById(id);

export class Geometry {
  /** `onAccepted(settings)`: the camera was set from here. `onChange()`: limits and scale may be others now; the camera
      should be asked. */
  constructor(maySet, stage, { onAccepted, onChange }) {
    Object.assign(this, { maySet, onAccepted, onChange });
    this.parts = makeParts((part, asked) => this.send(part, asked));
    this.answeredAt = -Infinity;
    this.sending = 0;
    this.line = Promise.resolve();
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

  /** `askedAt`: when this state was asked for. One asked for before our last change knows nothing of it. */
  noteCamera(state, askedAt) {
    this.setAway(Boolean(state.cause) || !state.settings);
    if (!state.settings || !state.limits || this.sending || askedAt < this.answeredAt) return;
    this.limits = state.limits;
    byId("geometry").hidden = false;
    for (const part of this.parts) part.offer(state.limits);
    this.take(state.settings, state.settingsBy);
  }

  /** `by`: who set each of them, where it need not have been this page. */
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

  setAway(isAway) {
    byId("geometry-fields").disabled = isAway || !this.maySet;
    if (isAway) this.region?.end();
  }

  /** Frames of another geometry than ours mean that somebody has changed it. */
  noteFrame(frame) {
    this.region?.noteFrame(frame);
    if (!this.settings || this.sending) return;
    const { geometry } = frame;
    const now = this.settings;
    const isOurs =
      isSame(geometry.roi, now.roi) &&
      isSame(geometry.addressing, now.pixelAddressing) &&
      isSame([geometry.flipHorizontal, geometry.flipVertical], [now.flipHorizontal, now.flipVertical]) &&
      geometry.rotation === now.rotation;
    this.foreignFrames = isOurs ? 0 : this.foreignFrames + 1;
    if (this.foreignFrames === FOREIGN_FRAMES) this.onChange();
  }

  async send(part, asked) {
    part.isEdited = false;
    part.waiting += 1;
    part.say("Setting…", "", true);
    const request = () => patch("/api/v1/camera/settings", asked).finally(() => (part.waiting -= 1));
    try {
      this.accept(part, asked, await this.set(request));
    } catch (problem) {
      this.refuse(part, problem);
    }
    this.onChange();
  }

  /** What `request` makes the camera accept stands in the fields. One request goes after the other. */
  async set(request) {
    this.sending += 1;
    const answer = this.line.then(request);
    this.line = answer.catch(() => {});
    try {
      const accepted = await answer;
      this.take(accepted);
      this.onAccepted(accepted);
      return accepted;
    } finally {
      this.sending -= 1;
      this.answeredAt = performance.now();
    }
  }

  accept(part, asked, accepted) {
    const isWhole = part.names.some((name) => asked[name] === null);
    const [wanted, taken] = [isWhole ? "" : part.describe(asked), part.describe(accepted)];
    if (isWhole || wanted === taken) part.say("");
    else part.say(`Asked ${wanted}, the camera took ${taken}`, "accepted");
  }

  refuse(part, problem) {
    part.restore();
    const sentence = part.names.map((name) => problem.errors?.[name]?.[0]).find(Boolean);
    part.say(sentence ?? problem.message, "refused", true);
  }

  /** In one line, to be read while the section is closed. */
  describe() {
    const { roi, pixelAddressing, pixelFormat, rotation } = this.settings;
    const across = Math.ceil(roi.width / pixelAddressing.x);
    const down = Math.ceil(roi.height / pixelAddressing.y);
    const size = rotation % 180 === 0 ? `${across} × ${down}` : `${down} × ${across}`;
    const format = this.limits?.pixelFormats.find(({ name }) => name === pixelFormat);
    byId("geometry-now").textContent = format ? `${size}, ${format.bits} bit` : size;
  }
}
