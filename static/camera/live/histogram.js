/* Histogram of the sensor values, and the shares of clipped and black pixels. */
import { onThemeChange, prepare, token } from "./palette.js";

const KEPT = "live-histogram";
const QUARTERS = [0.25, 0.5, 0.75];
const CAP_SHARE = 0.7;

const byId = (id) => document.getElementById(id);

export class Histogram {
  constructor() {
    this.canvas = byId("histogram");
    this.channels = null;
    this.target = null;
    this.clipped = 0;
    this.choices = [...document.querySelectorAll("[name=histogram-scale]")];
    if (localStorage.getItem(KEPT) === "log") this.choices.find(({ value }) => value === "log").checked = true;
    for (const choice of this.choices) choice.addEventListener("change", () => this.keepScale());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onThemeChange(() => this.draw());
  }

  get isLog() {
    return this.choices.find(({ checked }) => checked).value === "log";
  }

  switchScale() {
    this.choices.find(({ checked }) => !checked).checked = true;
    this.keepScale();
  }

  keepScale() {
    localStorage.setItem(KEPT, this.isLog ? "log" : "linear");
    this.draw();
  }

  /** The share of full scale that auto-exposure aims at, if the camera says it. */
  noteCamera(state) {
    this.target = state.autoExposureTarget ?? null;
  }

  noteFrame(frame) {
    this.clipped = frame.clipped ?? 0;
    for (const id of ["share-clipped", "legend-clipped"]) byId(id).textContent = formatShare(frame.clipped);
    for (const id of ["share-underexposed", "legend-underexposed"]) byId(id).textContent = formatShare(frame.underexposed);
    if (frame.significantBits) byId("histogram-range").textContent = `0 to ${2 ** frame.significantBits - 1}`;
    if (!frame.histogram) return;
    this.channels = frame.histogram;
    this.draw();
  }

  /** The values of the last frame are no longer current. */
  noteSilence() {
    this.channels = null;
    this.draw();
    this.noteLoss();
  }

  noteLoss() {
    for (const id of ["share-clipped", "legend-clipped", "share-underexposed", "legend-underexposed"]) byId(id).textContent = "–";
  }

  draw() {
    if (!this.canvas.clientWidth) return;
    const { context, width, height } = prepare(this.canvas);
    drawQuarters(context, width, height);
    if (this.channels) this.drawChannels(context, width, height);
    if (this.target !== null) drawTarget(context, this.target * width, height);
    if (this.channels && this.clipped > 0) drawCap(context, width, height);
  }

  drawChannels(context, width, height) {
    const [grey, ...colours] = this.channels.map((counts) => counts.map((count) => this.scale(count)));
    const most = highest([grey, ...colours]);
    const asPath = (counts) => trace(counts, most, width, height);
    const isMono = colours.length === 0;
    context.lineWidth = 1.25;
    context.lineJoin = "round";
    if (isMono) return strokePath(context, asPath(grey), "histogram-mono");
    fillPath(context, asPath(grey), width, height);
    for (const [index, name] of ["red", "green", "blue"].entries()) {
      strokePath(context, asPath(colours[index]), `histogram-${name}`);
    }
  }

  scale(count) {
    return this.isLog ? Math.log1p(count) : count;
  }
}

/** Leaves out the ends: a clipped background would make all other bars too small. */
function highest(channels) {
  return Math.max(1e-9, ...channels.flatMap((counts) => counts.slice(1, -1))) * 1.08;
}

function trace(counts, most, width, height) {
  const path = new Path2D();
  const step = width / (counts.length - 1);
  counts.forEach((count, index) => path.lineTo(index * step, height - Math.min(count / most, 1) * (height - 1)));
  return path;
}

function strokePath(context, path, name) {
  context.strokeStyle = token(name);
  context.stroke(path);
}

function fillPath(context, outline, width, height) {
  const path = new Path2D(outline);
  path.lineTo(width, height);
  path.lineTo(0, height);
  context.fillStyle = token("histogram-grey");
  context.fill(path);
}

function drawQuarters(context, width, height) {
  context.fillStyle = token("line");
  for (const share of QUARTERS) context.fillRect(Math.round(share * width), 0, 1, height);
}

function drawTarget(context, place, height) {
  context.strokeStyle = context.fillStyle = token("lamp");
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(place, 0);
  context.lineTo(place, height);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(place - 4, 0);
  context.lineTo(place + 4, 0);
  context.lineTo(place, 5);
  context.fill();
}

function drawCap(context, width, height) {
  context.fillStyle = token("clip-high");
  context.fillRect(width - 3, height * (1 - CAP_SHARE), 3, height * CAP_SHARE);
}

function formatShare(share) {
  return share === null ? "–" : `${(100 * share).toFixed(2)} %`;
}
