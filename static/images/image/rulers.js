/* Lines on a picture. The pointer draws them; pointer and arrow keys move their ends. Places are in pixels of the
   original. */
import { isPlain } from "../../microscope/keys.js";

const NUDGES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LARGE_STEP = 10;
const FINENESS = 10; // tenths of a pixel
const LABEL_GAP_PX = 12;
const SVG = "http://www.w3.org/2000/svg";

export class Rulers {
  /** `onChange(ruler)` is called after each change; `describe(ruler)` returns its label on the picture. */
  constructor(viewer, { onChange, onDrawn = () => {}, onRemove = null, describe = () => "", nameOf = () => "Line" }) {
    Object.assign(this, { viewer, onChange, onDrawn, onRemove, describe, nameOf });
    this.layer = document.getElementById("rulers");
    this.svg = this.layer.querySelector("svg");
    this.all = [];
    this.isDrawing = false;
    viewer.onView(() => this.place());
    this.connectDrawing();
  }

  setShown(isShown) {
    this.layer.hidden = !isShown;
    if (isShown) this.place();
  }

  /** While this is on, dragging draws a line and does not move the picture. */
  setDrawing(isOn) {
    this.isDrawing = isOn;
    this.viewer.element.classList.toggle("is-drawing", isOn);
  }

  add(line) {
    const ruler = { line: this.inside(line), group: makeGroup(this.svg), handles: [] };
    ruler.handles = ["1", "2"].map((end) => this.makeHandle(ruler, end));
    this.layer.append(...ruler.handles);
    this.all.push(ruler);
    this.note(ruler);
    return ruler;
  }

  /** Allow only this line: drawing then moves it and does not add another. */
  only(line) {
    this.single = this.add(line);
    return this.single;
  }

  /** A line across the middle half of the visible part. */
  addInView() {
    const { clientWidth, clientHeight } = this.viewer.element;
    const at = (share) => this.viewer.toImage({ x: clientWidth * share, y: clientHeight / 2 });
    const [from, to] = [at(0.25), at(0.75)];
    const ruler = this.add({ x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    ruler.handles[0].focus();
    return ruler;
  }

  set(ruler, change) {
    ruler.line = this.inside({ ...ruler.line, ...change });
    this.note(ruler);
  }

  remove(ruler) {
    this.all = this.all.filter((other) => other !== ruler);
    ruler.group.remove();
    for (const handle of ruler.handles) handle.remove();
    this.place();
  }

  note(ruler) {
    this.place();
    this.onChange(ruler);
  }

  inside(line) {
    const { width, height } = this.viewer.image;
    const keep = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * FINENESS) / FINENESS;
    return { x1: keep(line.x1, width), y1: keep(line.y1, height), x2: keep(line.x2, width), y2: keep(line.y2, height) };
  }

  makeHandle(ruler, end) {
    const handle = Object.assign(document.createElement("button"), { type: "button", className: "ruler-end" });
    let grip = null;
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      grip = { event, start: endOf(ruler.line, end) };
      event.stopPropagation();
    });
    handle.addEventListener("pointermove", (event) => grip && this.drag(ruler, end, grip, event));
    for (const name of ["pointerup", "pointercancel"]) handle.addEventListener(name, () => (grip = null));
    handle.addEventListener("keydown", (event) => this.answerKey(event, ruler, end));
    return handle;
  }

  drag(ruler, end, { event: began, start }, event) {
    const { scale } = this.viewer.view;
    const x = start.x + (event.clientX - began.clientX) / scale;
    const y = start.y + (event.clientY - began.clientY) / scale;
    this.set(ruler, { [`x${end}`]: x, [`y${end}`]: y });
  }

  answerKey(event, ruler, end) {
    if (!isPlain(event)) return;
    const nudge = NUDGES[event.key];
    if (nudge) {
      const step = event.shiftKey ? LARGE_STEP : 1;
      const { x, y } = endOf(ruler.line, end);
      this.set(ruler, { [`x${end}`]: x + nudge[0] * step, [`y${end}`]: y + nudge[1] * step });
    } else if (["Delete", "Backspace"].includes(event.key) && this.onRemove) {
      this.onRemove(ruler);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // else the arrow keys would also go to the next image
  }

  connectDrawing() {
    const { seadragon } = this.viewer;
    let drawn = null;
    let start = null;
    seadragon.addHandler("canvas-press", ({ position }) => {
      drawn = null;
      start = this.isDrawing ? this.viewer.toImage(position) : null;
    });
    seadragon.addHandler("canvas-drag", (event) => {
      if (!start) return;
      event.preventDefaultAction = true;
      const { x, y } = this.viewer.toImage(event.position);
      const line = { x1: start.x, y1: start.y, x2: x, y2: y };
      drawn ??= this.single ?? this.add(line);
      this.set(drawn, line);
    });
    seadragon.addHandler("canvas-drag-end", (event) => {
      if (start) event.preventDefaultAction = true;
      if (drawn) this.onDrawn(drawn);
      drawn = start = null;
    });
    seadragon.addHandler("canvas-pinch", () => (start = null));
  }


  place() {
    if (this.layer.hidden || !this.viewer.isOpen) return;
    for (const ruler of this.all) {
      const ends = ["1", "2"].map((end) => this.viewer.toScreen(endOf(ruler.line, end)));
      trace(ruler.group, ends, this.describe(ruler));
      ruler.handles.forEach((handle, index) => {
        handle.style.transform = `translate(${ends[index].x}px, ${ends[index].y}px) translate(-50%, -50%)`;
        const { x, y } = endOf(ruler.line, index + 1);
        handle.setAttribute("aria-label", `${this.nameOf(ruler)}, end ${index + 1}, at ${x}, ${y}`);
      });
    }
  }
}

function endOf(line, end) {
  return { x: line[`x${end}`], y: line[`y${end}`] };
}

function makeGroup(svg) {
  const group = document.createElementNS(SVG, "g");
  for (const name of ["ruler-halo", "ruler-line"]) group.append(makeElement("line", name));
  group.append(makeElement("text", "ruler-label"));
  svg.append(group);
  return group;
}

function makeElement(kind, name) {
  const element = document.createElementNS(SVG, kind);
  element.setAttribute("class", name);
  return element;
}

/** Puts the label beside the middle of the line, on its upper side. */
function trace(group, [from, to], words) {
  for (const line of group.querySelectorAll("line")) {
    for (const [name, value] of [["x1", from.x], ["y1", from.y], ["x2", to.x], ["y2", to.y]]) line.setAttribute(name, value);
  }
  const label = group.querySelector("text");
  label.textContent = words;
  label.setAttribute("x", (from.x + to.x) / 2);
  label.setAttribute("y", (from.y + to.y) / 2 - LABEL_GAP_PX);
}
