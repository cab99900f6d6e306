/* The original under OpenSeadragon, with crosshair and grid on a layer above. */
import { drawOverlay } from "../../camera/live/overlay.js";
import { rootPixels } from "../../camera/live/palette.js";
import { askWhyNot, isThere } from "../../microscope/api.js";
import { ScaleBar } from "../../camera/live/scale-bar.js";

const MAX_ZOOM = 16;
const SQUARES_FROM = 2;
const NAVIGATOR_REM = 10.5;
const NEAR = 1.001;
// Allows for a large original that must be converted first.
const PATIENCE_MS = 20_000;

export class Viewer {
  constructor(image) {
    this.image = image;
    this.element = document.getElementById("viewer");
    this.overlay = document.getElementById("overlay");
    this.marks = { crosshair: false, grid: false };
    this.watchers = [];
    this.scaleBar = new ScaleBar();
    this.scaleBar.setScale(Number(image.umPerPixelX) || null);
    this.isFitted = true;
    this.element.classList.add("is-whole");
    this.seadragon = this.open();
    this.connect();
  }

  open() {
    keepOutStyle();
    const { width, height } = this.image;
    const navigatorWidth = NAVIGATOR_REM * rootPixels();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return window.OpenSeadragon({
      element: this.element,
      tileSources: { type: "image", url: this.image.shown, buildPyramid: true },
      drawer: "canvas",
      showNavigationControl: false,
      showNavigator: true,
      navigatorPosition: "BOTTOM_LEFT",
      navigatorMaintainSizeRatio: false,
      navigatorAutoFade: false,
      navigatorWidth: `${navigatorWidth}px`,
      navigatorHeight: `${(navigatorWidth * height) / width}px`,
      animationTime: isCalm ? 0 : 0.3,
      maxZoomPixelRatio: MAX_ZOOM,
      minZoomImageRatio: 0.5,
      visibilityRatio: 0.5,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
      gestureSettingsTouch: { dblClickToZoom: false },
    });
  }

  connect() {
    const { seadragon } = this;
    seadragon.addHandler("open", () => this.start());
    seadragon.addHandler("open-failed", () => this.explain());
    setTimeout(() => this.isOpen || sayLate(), PATIENCE_MS);
    seadragon.addHandler("canvas-double-click", ({ position }) => this.toggleFit(position));
    // The page has its own keys. Those of OpenSeadragon would rotate and mirror the picture.
    seadragon.addHandler("canvas-key", (event) => (event.preventDefaultAction = true));
    for (const name of ["update-viewport", "resize", "animation"]) seadragon.addHandler(name, () => this.refresh());
    for (const name of ["canvas-scroll", "canvas-pinch"]) seadragon.addHandler(name, () => (this.isFitted = false));
    new ResizeObserver(() => requestAnimationFrame(() => this.isFitted && this.isOpen && this.fit(true))).observe(this.element);
  }

  /** A failed load does not say if the file is missing or if the server did not respond, so ask. */
  async explain() {
    const isMissing = await isThere(this.image.shown).then((has) => !has, () => false);
    if (isMissing) sayMissing();
    else sayLate(await askWhyNot(this.image.shown));
  }

  start() {
    this.isOpen = true;
    if (document.getElementById("stage-late")) sayProblem("");
    this.fit(true);
    this.asked?.();
  }

  /** Run it now, or when the picture has loaded. Only the last request counts. */
  whenOpen(act) {
    if (this.isOpen) act();
    else this.asked = act;
  }

  /** Call `watch` each time the picture is moved or zoomed. */
  onView(watch) {
    this.watchers.push(watch);
  }

  /** The place of the picture's corner on the stage, and how many CSS pixels one of its own pixels takes. The shown
      copy may be coarser than the original; places are still in the original's pixels. */
  get view() {
    const origin = this.viewport.pixelFromPoint(this.viewport.imageToViewportCoordinates(0, 0), true);
    return { x: origin.x, y: origin.y, scale: this.zoom / devicePixelRatio };
  }

  get coarseness() {
    return this.image.width / this.seadragon.world.getItemAt(0).getContentSize().x;
  }

  toScreen({ x, y }) {
    const { view } = this;
    return { x: view.x + x * view.scale, y: view.y + y * view.scale };
  }

  toImage({ x, y }) {
    const { view } = this;
    return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale };
  }

  get viewport() {
    return this.seadragon.viewport;
  }

  /** Screen pixels for each picture pixel. */
  get zoom() {
    return (this.viewport.viewportToImageZoom(this.viewport.getZoom(true)) * devicePixelRatio) / this.coarseness;
  }

  get isOne() {
    return !this.isFitted && this.zoom < NEAR && this.zoom > 1 / NEAR;
  }

  /** The whole picture, but never enlarged. */
  fit(isAtOnce = false) {
    this.whenOpen(() => {
      this.isFitted = true;
      const home = this.viewport.getHomeZoom();
      this.viewport.zoomTo(Math.min(home, this.zoomOfOne()), undefined, isAtOnce);
      this.viewport.panTo(this.viewport.getHomeBounds().getCenter(), isAtOnce);
      this.viewport.applyConstraints(isAtOnce);
    });
  }

  zoomToOne(position) {
    this.whenOpen(() => {
      this.isFitted = false;
      this.viewport.zoomTo(this.zoomOfOne(), position && this.viewport.pointFromPixel(position));
      this.viewport.applyConstraints();
    });
  }

  toggleFit(position) {
    if (this.isFitted) this.zoomToOne(position);
    else this.fit();
  }

  zoomBy(factor) {
    this.whenOpen(() => {
      this.isFitted = false;
      this.viewport.zoomBy(factor);
      this.viewport.applyConstraints();
    });
  }

  zoomOfOne() {
    return this.viewport.imageToViewportZoom(this.coarseness / devicePixelRatio);
  }

  setMark(name, isOn) {
    this.marks[name] = isOn;
    this.refresh();
  }

  refresh() {
    if (!this.isOpen) return;
    const { view } = this;
    drawOverlay(this.overlay, view, this.image, this.marks);
    this.scaleBar.place(view.scale);
    this.seadragon.drawer.setImageSmoothingEnabled?.(this.zoom < SQUARES_FROM);
    this.element.classList.toggle("is-whole", this.isFitted);
    for (const watch of this.watchers) watch(this);
  }
}

/** The library would write a style into the page, which the page's policy forbids (image.css has it). It first looks
    for an element with a certain name and mark. This element has both, and no style. */
function keepOutStyle() {
  const marker = document.createElementNS("no-style", "style");
  marker.setAttribute("data-openseadragon-mobile-css", "");
  document.head.append(marker);
}

function sayMissing() {
  sayProblem("The original file is missing. Its record and checksum are beside the picture. Ask a manager to restore it from a backup.");
}

function sayLate(why = "") {
  const again = Object.assign(document.createElement("button"), { type: "button", id: "stage-late", textContent: "Try again" });
  again.addEventListener("click", () => location.reload());
  sayProblem(`${why || "The picture could not be loaded."} `, again);
}

/** Does nothing if the server already said why. */
function sayProblem(...words) {
  const place = document.getElementById("stage-problem");
  if (!place.hidden && !document.getElementById("stage-late")) return;
  place.replaceChildren(...words);
  place.hidden = place.textContent === "";
}
