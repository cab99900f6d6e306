/* The focus score: how sharp now, over the last half minute, and at its best. */
import { onThemeChange, prepare, token } from "./palette.js";

const WINDOW_MS = 30_000;
const FIGURES_MS = 200;
const HEADROOM = 1.12;

const byId = (id) => document.getElementById(id);

export class Focus {
  constructor() {
    this.canvas = byId("focus-curve");
    this.points = [];
    this.peak = 0;
    this.writtenAt = 0;
    byId("focus-reset").addEventListener("click", () => this.reset());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onThemeChange(() => this.draw());
  }

  /** Scores can be compared only between pictures of the same region with the same settings. */
  noteFrame({ focus, shownAt, geometry }) {
    if (focus === null) return;
    if (this.geometryKey !== geometry.key) this.forget();
    this.geometryKey = geometry.key;
    this.points.push({ at: shownAt, score: focus });
    while (this.points[0].at < shownAt - WINDOW_MS) this.points.shift();
    this.peak = Math.max(this.peak, focus);
    if (shownAt - this.writtenAt >= FIGURES_MS) this.write(focus, shownAt);
    this.draw();
  }

  forget() {
    this.points = [];
    this.peak = this.writtenAt = 0;
  }

  reset() {
    this.points = this.points.slice(-1);
    this.peak = this.points[0]?.score ?? 0;
    if (this.points.length) this.write(this.peak, performance.now());
    this.draw();
  }

  noteLoss() {
    byId("focus-score").textContent = "–";
    byId("focus-share").textContent = "Focus";
    byId("focus-share-of").textContent = "no frames";
  }

  noteSilence() {
    this.noteLoss();
  }

  write(score, at) {
    this.writtenAt = at;
    byId("focus-score").textContent = formatScore(score, this.peak);
    byId("focus-share").textContent = this.peak ? `${Math.round((100 * score) / this.peak)} %` : "–";
    byId("focus-share-of").textContent = "of the peak";
    byId("focus-peak").textContent = formatScore(this.peak, this.peak);
  }

  draw() {
    if (!this.canvas.clientWidth) return;
    const { context, width, height } = prepare(this.canvas);
    context.fillStyle = token("line");
    for (const share of [1 / 3, 2 / 3]) context.fillRect(Math.round(share * width), 0, 1, height);
    if (!this.points.length) return;
    const newest = this.points.at(-1).at;
    const top = (this.peak || 1) * HEADROOM;
    const place = ({ at, score }) => [width - 4 - ((newest - at) / WINDOW_MS) * (width - 4), height - (score / top) * height];
    drawPeak(context, width, height - (this.peak / top) * height);
    drawCurve(context, this.points.map(place), height);
  }
}

function drawPeak(context, width, y) {
  context.strokeStyle = token("lamp");
  context.lineWidth = 1;
  context.setLineDash([3, 4]);
  context.beginPath();
  context.moveTo(0, Math.round(y) + 0.5);
  context.lineTo(width, Math.round(y) + 0.5);
  context.stroke();
  context.setLineDash([]);
}

function drawCurve(context, places, height) {
  const outline = new Path2D();
  for (const [x, y] of places) outline.lineTo(x, y);
  const area = new Path2D(outline);
  area.lineTo(places.at(-1)[0], height);
  area.lineTo(places[0][0], height);
  context.fillStyle = token("lamp-wash");
  context.fill(area);
  context.strokeStyle = context.fillStyle = token("lamp");
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.stroke(outline);
  context.beginPath();
  context.arc(...places.at(-1), 3, 0, 2 * Math.PI);
  context.fill();
}

/** As many decimals as leave three figures of the peak, so that the number does not jump about. */
function formatScore(score, peak) {
  const decimals = peak > 0 ? Math.min(Math.max(2 - Math.floor(Math.log10(peak)), 0), 5) : 2;
  return score.toFixed(decimals);
}
