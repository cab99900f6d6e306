/* Paints the clipped pixels. A worker finds them, so that the picture never waits. */
import { token } from "./palette.js";

const MIN_INTERVAL_MS = 100;

export class Clipping {
  constructor() {
    this.jpeg = null;
    this.canvas = document.getElementById("clipped-pixels");
    this.isOn = false;
    this.isBusy = false;
    this.isOutdated = false;
    this.startedAt = 0;
  }

  /** The picture shows another part of the specimen or was rotated: the painted pixels no longer fit. */
  forget() {
    this.jpeg = null;
    this.isOutdated = this.isBusy;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  setOn(isOn) {
    this.isOn = isOn;
    this.canvas.hidden = !isOn;
    if (isOn && this.jpeg) this.ask();
  }

  /** The worker decodes the JPEG again: copying the decoded picture would cost the page more time. */
  show(frame) {
    this.jpeg = frame.jpeg;
    const isDue = performance.now() - this.startedAt >= MIN_INTERVAL_MS;
    if (this.isOn && !this.isBusy && isDue) this.ask();
  }

  ask() {
    if (this.isBusy) return;
    this.isBusy = true;
    this.startedAt = performance.now();
    this.worker ??= this.startWorker();
    this.worker.postMessage({ jpeg: this.jpeg, high: token("clip-high"), low: token("clip-low") });
  }

  startWorker() {
    const worker = new Worker(new URL("clipping-worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => this.paint(data));
    return worker;
  }

  paint(mask) {
    this.isBusy = false;
    if (this.isOutdated) return this.startAnew(mask);
    if (!mask) return;
    const { width, height } = mask;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    context.drawImage(mask, 0, 0);
    mask.close();
  }

  startAnew(mask) {
    mask?.close();
    this.isOutdated = false;
    if (this.isOn && this.jpeg) this.ask();
  }
}
