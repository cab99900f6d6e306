/* The rail: fit, zoom, overlays, full screen. */
import { onKey } from "../../microscope/keys.js";

const ZOOM_STEP = 1.25;
const KEPT = "image-overlays";

const byId = (id) => document.getElementById(id);

/** Fit, zoom, full screen. */
export class ViewTools {
  constructor(viewer, page) {
    this.viewer = viewer;
    byId("tools").hidden = false;
    viewer.onView(() => this.show());
    connect("tool-fit", ["f"], () => viewer.fit());
    connect("tool-one", ["1"], () => viewer.zoomToOne());
    connect("tool-in", ["+", "="], () => viewer.zoomBy(ZOOM_STEP));
    connect("tool-out", ["-", "−"], () => viewer.zoomBy(1 / ZOOM_STEP));
    connectFullScreen(page);
  }

  show() {
    const { isFitted, isOne, zoom } = this.viewer;
    byId("tool-fit").setAttribute("aria-pressed", String(isFitted));
    byId("tool-one").setAttribute("aria-pressed", String(isOne));
    byId("zoom").textContent = `${Math.round(zoom * 100)} %`;
  }
}

/** The view tools, and the overlays on the picture. */
export class Tools extends ViewTools {
  constructor(viewer, page) {
    super(viewer, page);
    const setMark = (name) => (isOn) => viewer.setMark(name, isOn);
    this.connectMark("crosshair", "x", setMark("crosshair"));
    this.connectMark("grid", "g", setMark("grid"));
    this.connectMark("scale", "s", (isOn) => viewer.scaleBar.setOn(isOn), true);
  }

  /** `isOnAtFirst`: the state for users who never switched it. */
  connectMark(name, key, set, isOnAtFirst = false) {
    const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    const toggle = () => {
      if (byId(`tool-${name}`).disabled) return;
      const isOn = byId(`tool-${name}`).getAttribute("aria-pressed") !== "true";
      byId(`tool-${name}`).setAttribute("aria-pressed", String(isOn));
      set(isOn);
      localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [name]: isOn }));
    };
    connect(`tool-${name}`, [key], toggle);
    if (kept()[name] ?? isOnAtFirst) toggle();
  }
}

function connectFullScreen(page) {
  const button = byId("tool-full");
  button.hidden = !document.fullscreenEnabled;
  if (button.hidden) return;
  connect("tool-full", ["Shift+F"], () => (document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen()));
  document.addEventListener("fullscreenchange", () => {
    button.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
}

function connect(id, keys, run) {
  byId(id).addEventListener("click", run);
  for (const key of keys) onKey(key, run);
}
