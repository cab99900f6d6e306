/* Histogram of the picture as the browser shows it: 8 bit, every pixel, counted strip by strip. */
import { onThemeChange, prepare, token } from "../../camera/live/palette.js";

const LEVELS = 256;
const STRIP_ROWS = 256;
const QUARTERS = [0.25, 0.5, 0.75];
const CAP_SHARE = 0.7;
const KEPT = "image-histogram";

const byId = (id) => document.getElementById(id);

export class Histogram {
  constructor(image) {
    this.canvas = byId("histogram");
    this.counts = null;
    this.choices = [...document.querySelectorAll("[name=histogram-scale]")];
    if (localStorage.getItem(KEPT) === "log") this.choices[1].checked = true;
    for (const choice of this.choices) choice.addEventListener("change", () => this.keepScale());
    byId("histogram-part").hidden = false;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onThemeChange(() => this.draw());
    this.load(image);
  }

  async load({ shown }) {
    const picture = Object.assign(new Image(), { src: shown });
    try {
      await picture.decode();
    } catch {
      return; // the stage says that the original is missing
    }
    this.counts = await countPixels(picture);
    byId("share-underexposed").textContent = share(this.counts.underexposed, this.counts.pixels);
    byId("share-clipped").textContent = share(this.counts.clipped, this.counts.pixels);
    this.draw();
  }

  switchScale() {
    this.choices.find(({ checked }) => !checked).checked = true;
    this.keepScale();
  }

  keepScale() {
    localStorage.setItem(KEPT, this.choices[1].checked ? "log" : "linear");
    this.draw();
  }

  draw() {
    if (!this.canvas.clientWidth) return;
    const { context, width, height } = prepare(this.canvas);
    context.fillStyle = token("line");
    for (const quarter of QUARTERS) context.fillRect(Math.round(quarter * width), 0, 1, height);
    if (!this.counts) return;
    const isLog = this.choices[1].checked;
    const scaled = this.counts.channels.map((counts) => Array.from(counts, (count) => (isLog ? Math.log1p(count) : count)));
    this.drawChannels(context, scaled, width, height);
    if (!this.counts.clipped) return;
    context.fillStyle = token("clip-high");
    context.fillRect(width - 3, height * (1 - CAP_SHARE), 3, height * CAP_SHARE);
  }

  drawChannels(context, [grey, ...colours], width, height) {
    // Leave out the ends: a clipped background would make all other bars too small.
    const most = Math.max(1, ...[grey, ...colours].flatMap((counts) => counts.slice(1, -1))) * 1.08;
    const trace = (counts) => {
      const path = new Path2D();
      counts.forEach((count, level) => path.lineTo((level / (LEVELS - 1)) * width, height - Math.min(count / most, 1) * (height - 1)));
      return path;
    };
    context.lineWidth = 1.25;
    context.lineJoin = "round";
    if (this.counts.isMono) return stroke(context, trace(grey), "histogram-mono");
    const area = trace(grey);
    area.lineTo(width, height);
    area.lineTo(0, height);
    context.fillStyle = token("histogram-grey");
    context.fill(area);
    return ["red", "green", "blue"].forEach((name, index) => stroke(context, trace(colours[index]), `histogram-${name}`));
  }
}

async function countPixels(picture) {
  const { naturalWidth: width, naturalHeight: height } = picture;
  const canvas = new OffscreenCanvas(width, Math.min(STRIP_ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const channels = Array.from({ length: 4 }, () => new Uint32Array(LEVELS));
  const totals = { channels, underexposed: 0, clipped: 0, pixels: width * height, isMono: true };
  for (let top = 0; top < height; top += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - top);
    context.drawImage(picture, 0, top, width, rows, 0, 0, width, rows);
    countStrip(context.getImageData(0, 0, width, rows).data, totals);
    await new Promise((resume) => setTimeout(resume));
  }
  return totals;
}

function countStrip(values, totals) {
  const [grey, red, green, blue] = totals.channels;
  for (let at = 0; at < values.length; at += 4) {
    const r = values[at];
    const g = values[at + 1];
    const b = values[at + 2];
    red[r] += 1;
    green[g] += 1;
    blue[b] += 1;
    grey[(r * 77 + g * 150 + b * 29) >> 8] += 1;
    if (r === 255 || g === 255 || b === 255) totals.clipped += 1;
    if (r === 0 && g === 0 && b === 0) totals.underexposed += 1;
    if (r !== g || g !== b) totals.isMono = false;
  }
}

function stroke(context, path, name) {
  context.strokeStyle = token(name);
  context.stroke(path);
}

function share(part, whole) {
  return `${((100 * part) / whole).toFixed(2)} %`;
}
