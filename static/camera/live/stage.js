/* The picture: painted from the stream, placed by fit, zoom and pan. Overlays are on a layer above it. */
import { elapsedMs } from "../../microscope/elapsed.js";
import { formatTime } from "../../microscope/shell.js";
import { Clipping } from "./clipping.js";
import { drawOverlay } from "./overlay.js";
import { ScaleBar } from "./scale-bar.js";

const MAX_ZOOM = 16;
const WIDE_PX = 1024;

export class Stage {
  constructor(element) {
    this.element = element;
    this.viewport = document.getElementById("viewport");
    this.place = document.getElementById("picture-place");
    this.canvas = document.getElementById("picture");
    this.overlay = document.getElementById("overlay");
    this.tag = document.getElementById("stage-tag");
    this.clipping = new Clipping();
    this.scaleBar = new ScaleBar();
    this.context = this.canvas.getContext("2d", { alpha: false });
    const { width, height } = document.getElementById("live").dataset;
    this.frameSize = width ? { width: Number(width), height: Number(height) } : {};
    this.mode = "fit";
    this.view = { scale: 1, x: 0, y: 0 };
    this.marks = { crosshair: false, grid: false };
    this.lookers = [];
    new ResizeObserver(() => this.refresh()).observe(this.viewport);
  }

  /** `run` is called each time the picture moves or changes its size on the screen. */
  onView(run) {
    this.lookers.push(run);
  }

  noteFrame(frame) {
    if (frame.geometry.key !== this.geometryKey) this.clipping.forget();
    this.geometryKey = frame.geometry.key;
    if (frame.width !== this.frameSize.width || frame.height !== this.frameSize.height || !this.hasPicture) {
      this.takeSize(frame);
    }
    this.draw(frame.bitmap);
    this.lastFrameAt = Date.now();
    this.clipping.show(frame);
    if (this.element.dataset.state !== "live") this.setState("live");
  }

  /** The live picture may have fewer pixels than the frame. It is still shown at the frame's size. */
  draw(bitmap) {
    const { width, height } = bitmap;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.context.drawImage(bitmap, 0, 0);
  }

  get isLost() {
    return this.element.dataset.state === "lost";
  }

  get hasPicture() {
    return this.lastFrameAt !== undefined;
  }

  pause() {
    if (this.hasPicture) this.setState("paused", `Paused while hidden, since ${formatTime(Date.now())}`);
  }

  /** No new picture has come: dim this one and show its age, unless the camera is lost. */
  showAge({ ageMs, shown }) {
    if (this.isLost) return;
    const age = formatAge((ageMs ?? 0) + elapsedMs(shown));
    this.setState("silent", `Picture ${age} old, from ${formatTime(this.lastFrameAt)}`);
  }

  lose() {
    this.setState("lost", this.hasPicture ? `Last frame, ${formatTime(this.lastFrameAt)}` : "");
  }

  /** Flash briefly, as a sign that a picture was taken. */
  blink() {
    this.place.animate?.([{ opacity: 0.6 }, { opacity: 1 }], { duration: this.isCalm ? 0 : 160 });
  }

  get isCalm() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  setState(state, words = "") {
    if (this.isLost && state === "lost") return;
    this.element.dataset.state = state;
    this.tag.textContent = words;
    this.tag.hidden = !words;
  }

  setMark(name, isOn) {
    this.marks[name] = isOn;
    this.refreshOverlay();
  }

  fit() {
    this.mode = "fit";
    this.refresh();
  }

  zoomToOne(at = this.middle()) {
    this.zoomTo(1 / devicePixelRatio, at);
    this.mode = "one";
    this.tellView();
  }

  toggleFit(at) {
    if (this.mode === "fit") this.zoomToOne(at);
    else this.fit();
  }

  zoomBy(factor, at = this.middle()) {
    this.zoomTo(this.view.scale * factor, at);
  }

  zoomTo(wanted, at) {
    const least = Math.min(this.fitScale(), 1 / devicePixelRatio);
    const scale = Math.min(Math.max(wanted, least), MAX_ZOOM / devicePixelRatio);
    const factor = scale / this.view.scale;
    this.view = { scale, x: at.x - (at.x - this.view.x) * factor, y: at.y - (at.y - this.view.y) * factor };
    this.mode = "free";
    this.refresh();
  }

  panBy(x, y) {
    if (this.mode === "fit") return;
    this.view.x += x;
    this.view.y += y;
    this.refresh();
  }

  middle() {
    return { x: this.viewport.clientWidth / 2, y: this.viewport.clientHeight / 2 };
  }

  /** Screen pixels for each picture pixel. */
  get zoom() {
    return this.view.scale * devicePixelRatio;
  }

  fitScale() {
    const { width, height } = this.frameSize;
    const scale = Math.min(this.viewport.clientWidth / width, this.viewport.clientHeight / height);
    return innerWidth < WIDE_PX ? scale : Math.min(scale, 1 / devicePixelRatio);
  }

  /** Fit and 1:1 stay. Any other zoom belonged to the old picture size and is reset. */
  takeSize({ width, height }) {
    if (this.mode === "free" && this.hasPicture) this.mode = "fit";
    this.frameSize = { width, height };
    this.refresh();
    dispatchEvent(new Event("resize"));
  }

  refresh() {
    const { width, height } = this.frameSize;
    if (!width || !this.viewport.clientWidth) return;
    if (this.mode === "fit") this.view = { scale: this.fitScale(), x: 0, y: 0 };
    this.view.x = keepInside(this.view.x, width * this.view.scale, this.viewport.clientWidth);
    this.view.y = keepInside(this.view.y, height * this.view.scale, this.viewport.clientHeight);
    Object.assign(this.place.style, {
      width: `${width}px`,
      height: `${height}px`,
      transform: `translate(${this.view.x}px, ${this.view.y}px) scale(${this.view.scale})`,
    });
    this.place.classList.toggle("is-square", this.zoom > 2);
    this.viewport.classList.toggle("is-movable", this.mode !== "fit");
    this.scaleBar.place(this.view.scale);
    this.refreshOverlay();
    this.tellView();
  }

  tellView() {
    for (const run of this.lookers) run();
  }

  refreshOverlay() {
    if (this.frameSize.width) drawOverlay(this.overlay, this.view, this.frameSize, this.marks);
  }
}

function formatAge(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

/** A picture smaller than its place is in the middle; a larger one always fills it. */
function keepInside(offset, length, space) {
  if (length <= space) return (space - length) / 2;
  return Math.min(0, Math.max(offset, space - length));
}
