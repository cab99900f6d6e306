/* A rectangle drawn on the live picture, by pointer or arrow keys; Enter applies it, Esc gives up. */
import { isPlain, onKey } from "../../microscope/keys.js";
import { toSensor } from "./sensor.js";

const MIN_DRAG_PX = 4;
const KEY_STEP_PX = 8;
const HINT = "Drag a rectangle on the picture";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const byId = (id) => document.getElementById(id);

export class Region {
  /** `onApply(roi)`: the region in sensor pixels. `onEnd()`: the drawing ended, applied or not. */
  constructor(stage, { onApply, onEnd }) {
    Object.assign(this, { stage, onApply, onEnd });
    this.layer = byId("region");
    this.box = byId("region-box");
    this.isDrawing = false;
    this.rectangle = null;
    byId("region-apply").addEventListener("click", () => this.apply());
    byId("region-cancel").addEventListener("click", () => this.end());
    this.layer.addEventListener("keydown", (event) => this.answerKey(event));
    onKey("Escape", () => this.isDrawing && this.end());
    onKey("Enter", () => this.isDrawing && this.apply());
    this.connectPointer();
    stage.onView(() => this.place());
  }

  connectPointer() {
    this.layer.addEventListener("pointerdown", (event) => this.press(event));
    this.layer.addEventListener("pointermove", (event) => this.drag(event));
    this.layer.addEventListener("pointerup", (event) => this.release(event));
    this.layer.addEventListener("pointercancel", () => this.take(null));
    this.layer.addEventListener("dblclick", (event) => event.stopPropagation());
  }

  begin() {
    if (!this.geometry) return;
    this.isDrawing = true;
    this.layer.hidden = byId("region-bar").hidden = false;
    this.take(null);
    this.layer.focus({ preventScroll: this.isInSight() });
  }

  /** If the picture stays in place while the page scrolls, scrolling to it would only move the controls out of sight.
      */
  isInSight() {
    const { top, bottom } = this.layer.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  }

  end() {
    if (!this.isDrawing) return;
    this.isDrawing = false;
    this.layer.hidden = byId("region-bar").hidden = true;
    this.onEnd();
  }

  apply() {
    if (!this.rectangle) return;
    const roi = toSensor(this.rectangle, this.geometry);
    this.end();
    this.onApply(roi);
  }

  /** A rectangle belongs to the picture on which it was drawn. On another picture it would mark something else. */
  noteFrame({ geometry }) {
    if (this.geometry?.key === geometry.key) return;
    const hadDrawn = this.isDrawing && this.rectangle;
    this.geometry = geometry;
    if (this.isDrawing) this.take(null);
    if (hadDrawn) byId("region-hint").textContent = "The picture has changed. Draw the region again.";
  }

  press(event) {
    event.stopPropagation();
    if (event.button !== 0 || this.start) return;
    this.layer.setPointerCapture(event.pointerId);
    this.start = { ...this.pointOf(event), pointerId: event.pointerId };
  }

  drag(event) {
    event.stopPropagation();
    if (this.start?.pointerId !== event.pointerId) return;
    const { x, y } = this.pointOf(event);
    const from = { x: Math.min(x, this.start.x), y: Math.min(y, this.start.y) };
    const rectangle = { ...from, width: Math.abs(x - this.start.x), height: Math.abs(y - this.start.y) };
    const least = MIN_DRAG_PX / this.stage.view.scale;
    if (Math.max(rectangle.width, rectangle.height) >= least) this.show(rectangle);
  }

  release(event) {
    event.stopPropagation();
    if (this.start?.pointerId === event.pointerId) this.start = null;
  }

  /** The nearest corner of the picture's pixels. */
  pointOf(event) {
    const { left, top } = this.stage.viewport.getBoundingClientRect();
    const { scale, x, y } = this.stage.view;
    const { width, height } = this.stage.frameSize;
    return { x: inside((event.clientX - left - x) / scale, width), y: inside((event.clientY - top - y) / scale, height) };
  }

  answerKey(event) {
    if (!ARROWS[event.key] || !isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation(); // else the arrow keys would also move the picture
    this.step(ARROWS[event.key], event.shiftKey);
  }

  /** The first arrow key makes a rectangle in the middle. */
  step([right, down], isSizing) {
    const { width, height } = this.stage.frameSize;
    if (!this.rectangle) return this.show({ x: width >> 2, y: height >> 2, width: width >> 1, height: height >> 1 });
    const pixels = Math.max(1, Math.round(KEY_STEP_PX / this.stage.view.scale));
    const now = { ...this.rectangle };
    if (isSizing) {
      now.width = Math.max(1, Math.min(now.width + right * pixels, width - now.x));
      now.height = Math.max(1, Math.min(now.height + down * pixels, height - now.y));
    } else {
      now.x = inside(now.x + right * pixels, width - now.width);
      now.y = inside(now.y + down * pixels, height - now.height);
    }
    this.show(now);
  }

  show(rectangle) {
    this.take(rectangle.width && rectangle.height ? rectangle : null, this.start);
  }

  take(rectangle, start = null) {
    this.rectangle = rectangle;
    this.start = start;
    this.box.hidden = !rectangle;
    byId("region-apply").disabled = !rectangle;
    byId("region-hint").textContent = rectangle ? "" : HINT;
    this.place();
  }

  place() {
    if (!this.isDrawing || !this.rectangle) return;
    const { scale, x, y } = this.stage.view;
    const { rectangle } = this;
    Object.assign(this.box.style, {
      left: `${x + rectangle.x * scale}px`,
      top: `${y + rectangle.y * scale}px`,
      width: `${rectangle.width * scale}px`,
      height: `${rectangle.height * scale}px`,
    });
    const { width, height } = toSensor(rectangle, this.geometry);
    byId("region-size").textContent = `${width} × ${height}`;
  }
}

function inside(value, most) {
  return Math.min(Math.max(Math.round(value), 0), most);
}
