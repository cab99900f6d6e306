/* Puts the recent pictures beside the tools or in a row under the focus strip, so that the picture is larger. */
import { rootPixels, token } from "./palette.js";

const page = document.getElementById("live");
const place = document.getElementById("viewport");

export function arrange({ width, height } = {}) {
  if (!width) return;
  const shape = width / height;
  place.style.setProperty("--frame-shape", `${width} / ${height}`);
  const size = (name) => parseFloat(token(name)) * rootPixels();
  const stageWidth = innerWidth - size("tools-width") - size("panel-width");
  const lineHeight = page.hasAttribute("data-control-place") ? size("control-line-height") : 0;
  const stageHeight = innerHeight - size("bar-height") - size("status-height") - size("focus-height") - lineHeight;
  const most = width / devicePixelRatio;
  const besideColumn = Math.min(fit(stageWidth - size("recent-width"), stageHeight, shape), most);
  const aboveRow = Math.min(fit(stageWidth, stageHeight - size("recent-row-height"), shape), most);
  page.dataset.recent = aboveRow > besideColumn ? "row" : "column";
}

/** The width of the picture in a stage of this size. */
function fit(stageWidth, stageHeight, shape) {
  return Math.min(stageWidth, stageHeight * shape);
}
