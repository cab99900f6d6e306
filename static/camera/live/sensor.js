/* Finds the sensor pixels of a place in the picture: undoes rotation, flips, binning and region. */

/** The geometry of a frame. `key` is the same for the same geometry. */
export function readGeometry(headers) {
  const told = ["x-roi", "x-binning", "x-flip", "x-rotation-deg"].map((name) => headers.get(name));
  const [left, top, width, height] = told[0].split(",").map(Number);
  const [x, y] = told[1].split("x").map(Number);
  return {
    key: told.join(" "),
    roi: { left, top, width, height },
    binning: { x, y },
    flipHorizontal: told[2].includes("horizontal"),
    flipVertical: told[2].includes("vertical"),
    rotation: Number(told[3]),
  };
}

/** How many sensor pixels one pixel of the picture's rows is long. */
export function sidePixels({ binning, rotation }) {
  return rotation % 180 === 0 ? binning.x : binning.y;
}

/** The sensor region under a rectangle of the picture: {x, y, width, height} in the picture's pixels, with fractions,
    to {left, top, width, height} in whole pixels of the sensor. */
export function toSensor(rectangle, geometry) {
  const { roi } = geometry;
  const one = toSensorPoint(rectangle.x, rectangle.y, geometry);
  const other = toSensorPoint(rectangle.x + rectangle.width, rectangle.y + rectangle.height, geometry);
  const left = Math.floor(Math.min(one.x, other.x));
  const top = Math.floor(Math.min(one.y, other.y));
  const right = Math.min(Math.ceil(Math.max(one.x, other.x)), roi.left + roi.width);
  const bottom = Math.min(Math.ceil(Math.max(one.y, other.y)), roi.top + roi.height);
  return { left, top, width: right - left, height: bottom - top };
}

/** Flips come before the clockwise rotation, so they are undone after it. A partly covered block of binning counts as
    covered. */
function toSensorPoint(x, y, { roi, binning, flipHorizontal, flipVertical, rotation }) {
  const width = Math.ceil(roi.width / binning.x);
  const height = Math.ceil(roi.height / binning.y);
  const upright = { 0: [x, y], 90: [y, height - x], 180: [width - x, height - y], 270: [width - y, x] }[rotation];
  const column = flipHorizontal ? width - upright[0] : upright[0];
  const row = flipVertical ? height - upright[1] : upright[1];
  return { x: roi.left + column * binning.x, y: roi.top + row * binning.y };
}

/** Rounds outwards to the camera's steps, so that nothing inside the rectangle is cut off. */
export function widen({ left, top, width, height }, limits) {
  const [from, across] = widenSpan(left, width, limits.stepLeft, limits.stepWidth, limits.sensorWidth);
  const [above, down] = widenSpan(top, height, limits.stepTop, limits.stepHeight, limits.sensorHeight);
  return { left: from, top: above, width: across, height: down };
}

function widenSpan(start, length, stepStart, stepLength, most) {
  const from = Math.floor(start / stepStart) * stepStart;
  const wanted = Math.ceil((start + length - from) / stepLength) * stepLength;
  return [from, Math.min(wanted, most - from)];
}
