/* The picture on the stage of a job: fit, zoom and pan, with crosshair, grid and scale bar above it. Zoom and pan survive
   a change of the picture, so that one place can be watched through the night. */
import { drawOverlay } from "../../camera/live/overlay.js";
import { ScaleBar } from "../../camera/live/scale-bar.js";

const MAX_ZOOM = 16;
const SQUARES_FROM = 2;
const WHEEL_STEP = 1.15;
const NEAR = 1.001;

export class JobViewer {
  constructor(page) {
    this.element = document.getElementById("viewer");
    this.picture = document.getElementById("picture");
    this.overlay = document.getElementById("overlay");
    this.marks = { crosshair: false, grid: false };
    this.watchers = [];
    this.scaleBar = new ScaleBar();
    this.scaleBar.setScale(Number(page.dataset.umPerPixel) || null);
    this.view = { x: 0, y: 0, scale: 1 };
    this.isFitted = true;
    this.element.classList.add("is-live");
    this.picture.addEventListener("load", () => this.refresh());
    new ResizeObserver(() => this.refresh()).observe(this.element);
    this.connectPointer();
  }

  /** Call `watch` each time the picture is moved or zoomed. */
  onView(watch) {
    this.watchers.push(watch);
  }

  get size() {
    return { width: this.picture.naturalWidth, height: this.picture.naturalHeight };
  }

  get box() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  /** Screen pixels for each picture pixel. */
  get zoom() {
    return this.view.scale * devicePixelRatio;
  }

  get isOne() {
    return !this.isFitted && this.zoom < NEAR && this.zoom > 1 / NEAR;
  }

  /** The whole picture, but never enlarged. */
  fit() {
    this.isFitted = true;
    this.refresh();
  }

  zoomToOne(at = this.middle) {
    this.zoomTo(1 / devicePixelRatio, at);
  }

  toggleFit(at) {
    if (this.isFitted) this.zoomToOne(at);
    else this.fit();
  }

  zoomBy(factor, at = this.middle) {
    this.zoomTo(this.view.scale * factor, at);
  }

  get middle() {
    return { x: this.box.width / 2, y: this.box.height / 2 };
  }

  get fitScale() {
    return Math.min(this.box.width / this.size.width, this.box.height / this.size.height, 1 / devicePixelRatio);
  }

  /** Keeps the point under `at`. */
  zoomTo(wanted, at) {
    if (!this.size.width) return;
    const scale = Math.min(Math.max(wanted, this.fitScale / 2), MAX_ZOOM / devicePixelRatio);
    const grown = scale / this.view.scale;
    this.isFitted = false;
    this.view = { x: at.x - (at.x - this.view.x) * grown, y: at.y - (at.y - this.view.y) * grown, scale };
    this.refresh();
  }

  setMark(name, isOn) {
    this.marks[name] = isOn;
    this.refresh();
  }

  refresh() {
    const { width, height } = this.size;
    if (!width) return;
    if (this.isFitted) this.view = this.placeWhole();
    const { x, y, scale } = this.view;
    Object.assign(this.picture.style, { width: `${width}px`, height: `${height}px`, transform: `translate(${x}px, ${y}px) scale(${scale})` });
    drawOverlay(this.overlay, this.view, this.size, this.marks);
    this.scaleBar.place(scale);
    this.element.classList.toggle("is-enlarged", this.zoom >= SQUARES_FROM);
    this.element.classList.toggle("is-moved", !this.isFitted);
    for (const watch of this.watchers) watch(this);
  }

  placeWhole() {
    const scale = this.fitScale;
    return { scale, x: (this.box.width - this.size.width * scale) / 2, y: (this.box.height - this.size.height * scale) / 2 };
  }

  connectPointer() {
    const { element } = this;
    const placeOf = (event) => ({ x: event.clientX - element.getBoundingClientRect().x, y: event.clientY - element.getBoundingClientRect().y });
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(event.deltaY < 0 ? WHEEL_STEP : 1 / WHEEL_STEP, placeOf(event));
    }, { passive: false });
    element.addEventListener("dblclick", (event) => this.toggleFit(placeOf(event)));
    element.addEventListener("dragstart", (event) => event.preventDefault());
    element.addEventListener("pointerdown", (event) => this.isFitted || element.setPointerCapture(event.pointerId));
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      this.view.x += event.movementX;
      this.view.y += event.movementY;
      this.refresh();
    });
  }
}
