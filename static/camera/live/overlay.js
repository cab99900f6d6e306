/* Crosshair and grid: white lines with a dark halo over the picture, at its present position. */
import { prepare, rootPixels, token } from "./palette.js";

const GRID_CELLS = 8;
const CIRCLE_REM = 2.5;

export function drawOverlay(canvas, view, frameSize, marks) {
  const { context, width, height } = prepare(canvas);
  const picture = placeOf(view, frameSize);
  context.save();
  context.beginPath();
  context.rect(Math.max(0, picture.x), Math.max(0, picture.y), Math.min(width, picture.width), Math.min(height, picture.height));
  context.clip();
  if (marks.grid) trace(context, grid(picture));
  if (marks.crosshair) trace(context, crosshair(picture));
  context.restore();
}

function placeOf(view, { width, height }) {
  return { x: view.x, y: view.y, width: width * view.scale, height: height * view.scale };
}

function crosshair({ x, y, width, height }) {
  const path = new Path2D();
  const [middleX, middleY] = [sharp(x + width / 2), sharp(y + height / 2)];
  line(path, x, middleY, x + width, middleY);
  line(path, middleX, y, middleX, y + height);
  const radius = Math.min(CIRCLE_REM * rootPixels(), height / 6);
  path.moveTo(middleX + radius, middleY);
  path.arc(middleX, middleY, radius, 0, 2 * Math.PI);
  return path;
}

/** Square cells, counted from the middle. */
function grid({ x, y, width, height }) {
  const path = new Path2D();
  const cell = width / GRID_CELLS;
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  for (let away = 0; away < width / 2; away += cell) {
    for (const place of [middleX - away, middleX + away]) line(path, sharp(place), y, sharp(place), y + height);
  }
  for (let away = 0; away < height / 2; away += cell) {
    for (const place of [middleY - away, middleY + away]) line(path, x, sharp(place), x + width, sharp(place));
  }
  return path;
}

function trace(context, path) {
  context.strokeStyle = token("mark-halo");
  context.lineWidth = 3;
  context.stroke(path);
  context.strokeStyle = token("mark-line");
  context.lineWidth = 1;
  context.stroke(path);
}

function line(path, fromX, fromY, toX, toY) {
  path.moveTo(fromX, fromY);
  path.lineTo(toX, toY);
}

function sharp(place) {
  return Math.round(place) + 0.5;
}
