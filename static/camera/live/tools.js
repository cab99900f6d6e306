/* The tools fit, zoom, overlays and full screen, by button, wheel, pointer and key. */
import { isPlain, onKey } from "../../microscope/keys.js";

const WHEEL_STEP = 0.0015;
const KEY_ZOOM = 1.25;
const KEY_PAN_PX = 60;
const KEPT = "live-overlays";

const byId = (id) => document.getElementById(id);

export class Tools {
  constructor(stage) {
    this.stage = stage;
    this.pointers = new Map();
    stage.onView(() => this.showView());
    this.connectView();
    this.connectOverlays();
    this.connectFullScreen();
    this.connectPointer(stage.viewport);
    this.connectArrows(stage.viewport);
    stage.refresh();
  }

  connectView() {
    const actions = [
      ["tool-fit", ["f"], () => this.stage.fit()],
      ["tool-one", ["1"], () => this.stage.zoomToOne()],
      ["tool-in", ["+", "="], () => this.stage.zoomBy(KEY_ZOOM)],
      ["tool-out", ["-", "−"], () => this.stage.zoomBy(1 / KEY_ZOOM)],
    ];
    for (const [id, keys, run] of actions) connect(id, keys, run);
  }

  connectOverlays() {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    for (const [name, key] of [["crosshair", "x"], ["grid", "g"], ["scale", "s"], ["clipped", "c"]]) {
      const toggle = () => this.toggleOverlay(name);
      connect(`tool-${name}`, [key], () => byId(`tool-${name}`).disabled || toggle());
      if (kept[name]) toggle();
    }
  }

  toggleOverlay(name) {
    const button = byId(`tool-${name}`);
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    if (name === "clipped") this.stage.clipping.setOn(isOn);
    else if (name === "scale") this.stage.scaleBar.setOn(isOn);
    else this.stage.setMark(name, isOn);
    if (name === "clipped") byId("clipped-legend").hidden = !isOn;
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    localStorage.setItem(KEPT, JSON.stringify({ ...kept, [name]: isOn }));
  }

  connectFullScreen() {
    const button = byId("tool-full");
    const page = byId("live");
    if (!document.fullscreenEnabled) {
      button.hidden = true;
      return;
    }
    const toggle = () => (document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen());
    connect("tool-full", ["Shift+F"], toggle);
    document.addEventListener("fullscreenchange", () => {
      button.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    });
  }

  connectPointer(viewport) {
    viewport.addEventListener("wheel", (event) => this.zoomByWheel(event), { passive: false });
    viewport.addEventListener("dblclick", (event) => this.stage.toggleFit(this.placeOf(event)));
    viewport.addEventListener("pointerdown", (event) => this.grab(event));
    viewport.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      viewport.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
  }

  connectArrows(viewport) {
    const steps = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    viewport.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step || !isPlain(event) || this.stage.mode === "fit") return;
      event.preventDefault();
      this.stage.panBy(step[0] * KEY_PAN_PX, step[1] * KEY_PAN_PX);
    });
  }

  zoomByWheel(event) {
    event.preventDefault();
    this.stage.zoomBy(Math.exp(-event.deltaY * WHEEL_STEP), this.placeOf(event));
  }

  grab(event) {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.placeOf(event));
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.placeOf(event);
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, now);
    else this.stage.panBy(now.x - before.x, now.y - before.y);
    this.pointers.set(event.pointerId, now);
  }

  pinch(pointerId, before, now) {
    const [, other] = [...this.pointers].find(([id]) => id !== pointerId);
    const factor = distance(now, other) / Math.max(distance(before, other), 1);
    this.stage.zoomBy(factor, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  placeOf(event) {
    const { left, top } = this.stage.viewport.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  showView() {
    byId("tool-fit").setAttribute("aria-pressed", String(this.stage.mode === "fit"));
    byId("tool-one").setAttribute("aria-pressed", String(this.stage.mode === "one"));
    byId("zoom").textContent = `${Math.round(this.stage.zoom * 100)} %`;
  }
}

function connect(id, keys, run) {
  byId(id).addEventListener("click", run);
  for (const key of keys) onKey(key, run);
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
