/* To the newer image, to the older image, and back to the gallery page that the user came from. */
import { onKey } from "../../microscope/keys.js";
import { Pictures } from "../../microscope/pictures.js";

const SWIPE_REM = 4;

const byId = (id) => document.getElementById(id);

export function connectSteps(viewer) {
  const strip = byId("strip");
  const current = strip.querySelector("[aria-current]").parentElement;
  strip.scrollTo({ top: current.offsetTop - strip.clientHeight / 3, left: current.offsetLeft - strip.clientWidth / 3 });
  const pictures = new Pictures((picture, problem) => picture.parentElement.classList.toggle("is-missing", problem !== ""));
  for (const picture of strip.querySelectorAll("img")) pictures.watch(picture);
  connectBack();
  onKey("ArrowLeft", () => byId("newer")?.click());
  onKey("ArrowRight", () => byId("older")?.click());
  onKey("Escape", () => document.fullscreenElement || byId("all").click());
  connectSwipe(viewer);
}

function connectBack() {
  const all = byId("all");
  const address = sessionStorage.getItem("gallery-address");
  if (address) all.href = address;
  all.addEventListener("click", () => sessionStorage.setItem("gallery-return", "yes"));
}

/** Swiping steps only if the whole picture is visible and no line is being drawn: an enlarged picture is moved instead.
    */
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
