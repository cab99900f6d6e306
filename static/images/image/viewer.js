/* The original under OpenSeadragon, with crosshair and grid on a layer above. */
import { drawOverlay } from "../../camera/live/overlay.js";
import { rootPixels } from "../../camera/live/palette.js";
import { ScaleBar } from "../../camera/live/scale-bar.js";

const MOST_ZOOM = 16;
const SQUARES_FROM = 2;
const NAVIGATOR_REM = 10.5;
const NEAR = 1.001;

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
      maxZoomPixelRatio: MOST_ZOOM,
      minZoomImageRatio: 0.5,
      visibilityRatio: 0.5,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
      gestureSettingsTouch: { dblClickToZoom: false },
    });
  }

  connect() {
    const { seadragon } = this;
    seadragon.addHandler("open", () => this.start());
    seadragon.addHandler("open-failed", () => sayMissing());
    seadragon.addHandler("canvas-double-click", ({ position }) => this.toggleFit(position));
    // The page has its own keys; those of the library would turn and mirror the picture.
    seadragon.addHandler("canvas-key", (event) => (event.preventDefaultAction = true));
    for (const name of ["update-viewport", "resize", "animation"]) seadragon.addHandler(name, () => this.refresh());
    for (const name of ["canvas-scroll", "canvas-pinch"]) seadragon.addHandler(name, () => (this.isFitted = false));
    new ResizeObserver(() => requestAnimationFrame(() => this.isFitted && this.isOpen && this.fit(true))).observe(this.element);
  }

  start() {
    this.isOpen = true;
    this.fit(true);
    this.asked?.();
  }

  /** At once, or as soon as there is a picture: what was asked last. */
  whenOpen(act) {
    if (this.isOpen) act();
    else this.asked = act;
  }

  /** Call `watch` whenever the picture lies otherwise than before. */
  onView(watch) {
    this.watchers.push(watch);
  }

  /** Where the picture's corner lies on the stage, and how many CSS pixels one of its own takes. What is shown may be
      coarser than the original; places are told in the original's pixels all the same. */
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

  /** Of one picture pixel to one of the screen. */
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

/** The library would write a style into the page, which its policy forbids (ours stands in image.css). It looks for
    one by name and mark first; this has them, and is none. */
function keepOutStyle() {
  const marker = document.createElementNS("no-style", "style");
  marker.setAttribute("data-openseadragon-mobile-css", "");
  document.head.append(marker);
}

function sayMissing() {
  const place = document.getElementById("stage-problem");
  place.hidden = false;
  place.textContent = "The original is not where it was written. Its record and sum stand beside; ask a manager for the backup.";
}
