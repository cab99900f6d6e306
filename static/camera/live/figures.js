/* Frames a second, frame age and temperature in the status line. */
import { elapsedMs } from "../../microscope/elapsed.js";

const RATE_WINDOW_MS = 2000;
const WRITE_MS = 200;
const STALE_MS = 2000;
const UNKNOWN_MS = 5000;

const byId = (id) => document.getElementById(id);

export class Figures {
  constructor() {
    this.arrivals = [];
    this.last = null;
    setInterval(() => this.write(), WRITE_MS);
  }

  noteFrame(frame) {
    this.last = frame;
    this.arrivals.push(frame.shownAt);
    while (this.arrivals[0] < frame.shownAt - RATE_WINDOW_MS && this.arrivals.length > 2) this.arrivals.shift();
  }

  noteCamera({ temperature }) {
    byId("status-temperature").textContent = temperature === null ? "–" : temperature.toFixed(1);
  }

  noteLoss() {
    this.arrivals = [];
    byId("status-temperature").textContent = "–";
    this.write();
  }

  noteSilence() {
    this.noteLoss();
  }

  write() {
    if (document.hidden) return;
    const silenceMs = this.last ? elapsedMs(this.last.shown) - (this.last.exposureMs ?? 0) : Infinity;
    const rate = silenceMs < UNKNOWN_MS ? this.rate() : null;
    put("status-fps", rate === null ? "–" : rate.toFixed(1));
    byId("bar-state").textContent = `${rate === null ? "–" : rate.toFixed(1)} fps`;
    byId("bar-state").dataset.state = byId("status-state").dataset.state;
    this.writeAge(silenceMs);
    for (const id of ["status-fps", "status-age"]) byId(id).parentElement.classList.toggle("stale", silenceMs > STALE_MS);
  }

  /** While pictures come, the age of each when it is shown. When they stop, the growing age of the last one. */
  writeAge(silenceMs) {
    if (!this.last || this.last.ageMs === null) return this.putAge("–", "ms old");
    const ageMs = this.last.ageMs + (silenceMs > STALE_MS ? elapsedMs(this.last.shown) : 0);
    if (ageMs < 10_000) this.putAge(ageMs.toFixed(0), "ms old");
    else this.putAge(Math.round(ageMs / 1000).toString(), "s old");
  }

  putAge(number, unit) {
    put("status-age", number);
    put("status-age-unit", unit);
  }

  rate() {
    const [first, last] = [this.arrivals[0], this.arrivals.at(-1)];
    return last > first ? ((this.arrivals.length - 1) * 1000) / (last - first) : null;
  }
}

function put(id, text) {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
}
