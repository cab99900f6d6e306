/* Lengths on the picture, in micrometres if the scale is known, else in pixels. They are not saved. */
import { formatLength } from "../../camera/live/scale-bar.js";
import { onKey } from "../../microscope/keys.js";
import { showToast } from "../../microscope/shell.js";
import { Rulers } from "./rulers.js";

const byId = (id) => document.getElementById(id);

export class Measuring {
  constructor(viewer, image) {
    this.image = image;
    this.perX = Number(image.umPerPixelX) || null;
    this.perY = Number(image.umPerPixelY) || null;
    this.rulers = new Rulers(viewer, {
      onChange: () => this.list(),
      onDrawn: (ruler) => this.tell(ruler),
      onRemove: (ruler) => this.remove(ruler),
      describe: (ruler) => this.length(ruler.line),
      nameOf: (ruler) => `Line ${this.rulers.all.indexOf(ruler) + 1}`,
    });
    byId("tool-measure").addEventListener("click", () => this.toggle());
    byId("measure-add").addEventListener("click", () => this.rulers.addInView());
    byId("measure-clear").addEventListener("click", () => this.clear());
    byId("measure-copy").addEventListener("click", () => this.hand());
    onKey("Escape", () => this.leave());
    if (!navigator.clipboard) byId("measure-copy").querySelector("span").textContent = "Download as CSV";
  }

  toggle() {
    const tool = byId("tool-measure");
    const isOn = tool.getAttribute("aria-pressed") !== "true";
    tool.setAttribute("aria-pressed", String(isOn));
    byId("measure-part").hidden = !isOn;
    this.rulers.setShown(isOn);
    this.rulers.setDrawing(isOn);
    if (isOn) byId("details").scrollTop = 0;
  }

  /** The first Escape ends measuring, the next one leaves the page. */
  leave() {
    if (byId("measure-part").hidden) return false;
    this.toggle();
    byId("tool-measure").focus();
    return true;
  }

  remove(ruler) {
    this.rulers.remove(ruler);
    this.list();
    byId("measure-news").textContent = "Line removed";
    byId("measure-add").focus();
  }

  clear() {
    for (const ruler of [...this.rulers.all]) this.rulers.remove(ruler);
    this.list();
    byId("measure-add").focus();
  }

  tell(ruler) {
    byId("measure-news").textContent = this.length(ruler.line);
  }

  list() {
    const { all } = this.rulers;
    byId("measure-end").hidden = all.length === 0;
    byId("measure-lines").replaceChildren(...all.map((ruler, index) => this.describe(ruler, index)));
  }

  describe(ruler, index) {
    const entry = document.createElement("li");
    const length = Object.assign(document.createElement("strong"), { textContent: this.length(ruler.line) });
    const pixels = this.perX ? `${pixelsOf(ruler.line).toFixed(1)} px` : "";
    const detail = Object.assign(document.createElement("small"), { textContent: pixels });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: "Remove" });
    button.setAttribute("aria-label", `Remove line ${index + 1}`);
    button.addEventListener("click", () => this.remove(ruler));
    entry.append(`${index + 1}`, length, detail, button);
    return entry;
  }

  length(line) {
    const um = this.micrometres(line);
    return um === null ? `${pixelsOf(line).toFixed(1)} px` : formatLength(um);
  }

  micrometres({ x1, y1, x2, y2 }) {
    return this.perX && Math.hypot((x2 - x1) * this.perX, (y2 - y1) * this.perY);
  }

  asCsv() {
    const rows = this.rulers.all.map(({ line }, index) => {
      const um = this.micrometres(line);
      const { x1, y1, x2, y2 } = line;
      return [index + 1, x1, y1, x2, y2, pixelsOf(line).toFixed(2), um === null ? "" : Number(um.toPrecision(6))].join(",");
    });
    return ["line,x1_px,y1_px,x2_px,y2_px,length_px,length_um", ...rows, ""].join("\n");
  }

  /** Browsers offer the clipboard only over HTTPS or on the same computer. */
  async hand() {
    const csv = this.asCsv();
    if (!navigator.clipboard) return download(csv, `${this.image.filename}-lengths.csv`);
    try {
      await navigator.clipboard.writeText(csv);
      showToast({ message: "Copied", detail: `${this.rulers.all.length} lengths as CSV` });
    } catch {
      showToast({ message: "The browser did not allow copying.", isError: true });
    }
  }
}

function pixelsOf({ x1, y1, x2, y2 }) {
  return Math.hypot(x2 - x1, y2 - y1);
}

function download(text, filename) {
  const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}
