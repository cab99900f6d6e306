/* Newer, older, and back to the gallery where one came from. */
import { onKey } from "../../microscope/shell.js";

const SWIPE_REM = 4;

const byId = (id) => document.getElementById(id);

export function connectSteps(viewer) {
  const strip = byId("strip");
  const current = strip.querySelector("[aria-current]").parentElement;
  strip.scrollTo({ top: current.offsetTop - strip.clientHeight / 3, left: current.offsetLeft - strip.clientWidth / 3 });
  for (const picture of strip.querySelectorAll("img")) {
    const mark = () => picture.parentElement.classList.add("is-missing");
    picture.addEventListener("error", mark);
    if (picture.complete && !picture.naturalWidth) mark(); // it failed before this script came
  }
  connectBack();
  onKey("ArrowLeft", () => byId("newer")?.click());
  onKey("ArrowRight", () => byId("older")?.click());
  onKey("Escape", () => document.fullscreenElement || document.querySelector("details.menu[open]") || byId("all").click());
  connectSwipe(viewer);
}

function connectBack() {
  const all = byId("all");
  const address = sessionStorage.getItem("gallery-address");
  if (address) all.href = address;
  all.addEventListener("click", () => sessionStorage.setItem("gallery-return", "yes"));
}

/** Only while the whole picture is seen, and no line is drawn on it: an enlarged one is moved instead. */
function connectSwipe(viewer) {
  let start = null;
  viewer.element.addEventListener("pointerdown", (event) => {
    const isDrawing = viewer.element.classList.contains("is-drawing");
    start = event.pointerType === "touch" && event.isPrimary && viewer.isFitted && !isDrawing ? event : null;
  }, true);
  viewer.element.addEventListener("pointerup", (event) => {
    const way = start && event.isPrimary ? event.clientX - start.clientX : 0;
    const isAcross = start && Math.abs(way) > 2 * Math.abs(event.clientY - start.clientY);
    start = null;
    const least = SWIPE_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (isAcross && Math.abs(way) > least) byId(way > 0 ? "newer" : "older")?.click();
  }, true);
}
