/* The settings of region and format. Each part knows its choices, the content of its fields, and what it requests. */
import { choose, isSame, NumbersPart, Part, setOptions } from "./geometry-part.js";

const byId = (id) => document.getElementById(id);
const MODES = { average: "Average", bin: "Sum", decimate: "Skip" };
const CORNERS = ["left", "top", "width", "height"];
const COLOURS = ["red", "green", "blue"];
const TIMES = "×";

class RoiPart extends NumbersPart {
  offer({ roi }) {
    this.element.hidden = !roi;
    if (!roi) return;
    const most = { left: roi.sensorWidth, top: roi.sensorHeight, width: roi.sensorWidth, height: roi.sensorHeight };
    for (const name of CORNERS) byId(`roi-${name}`).max = most[name];
  }

  show({ roi }) {
    for (const name of CORNERS) byId(`roi-${name}`).value = roi[name];
  }

  read() {
    const roi = this.readAll("roi", CORNERS);
    return roi && { roi };
  }

  describe({ roi }) {
    return `${roi.width} ${TIMES} ${roi.height} at ${roi.left}, ${roi.top}`;
  }
}

class BinningPart extends Part {
  offer({ binning }) {
    this.element.hidden = !binning;
    if (!binning) return;
    setOptions(byId("binning"), binning.values.map((value) => [`${value} ${value}`, blocks(value, value)]));
    setOptions(byId("binning-mode"), binning.modes.map((mode) => [mode, MODES[mode] ?? mode]));
    byId("binning-mode").hidden = binning.modes.length < 2;
  }

  show({ binning: { x, y, mode } }) {
    choose(byId("binning"), `${x} ${y}`, blocks(x, y));
    choose(byId("binning-mode"), mode, mode);
  }

  read() {
    const [x, y] = byId("binning").value.split(" ").map(Number);
    const mode = byId("binning-mode").value;
    const shown = this.shown.binning;
    return { binning: { ...(isSame({ x, y }, shown) ? {} : { x, y }), ...(mode === shown.mode ? {} : { mode }) } };
  }

  describe({ binning: { x, y, mode } }) {
    return `${blocks(x, y)}, ${MODES[mode] ?? mode}`;
  }
}

/** Offers the first format of each number of bits, and only mono or only colour, as the camera gives now. */
class DepthPart extends Part {
  offer({ pixelFormats }) {
    this.formats = pixelFormats;
  }

  show({ pixelFormat }) {
    const now = this.formats.find(({ name }) => name === pixelFormat);
    const alike = this.formats.filter(({ isColour }) => !now || isColour === now.isColour);
    const bits = [...new Set(alike.map((format) => format.bits))].sort((one, other) => one - other);
    const ends = bits.filter((value, index) => index === 0 || index === bits.length - 1 || value === now?.bits);
    const nameOf = (value) => (value === now?.bits ? now : alike.find((format) => format.bits === value)).name;
    const full = bits.at(-1);
    setOptions(byId("depth"), ends.map((value) => [nameOf(value), value === full && value > 8 ? `Full depth, ${value} bit` : `${value} bit`]));
    byId("depth").value = pixelFormat;
    this.element.hidden = ends.length < 2;
  }

  read() {
    return { pixelFormat: byId("depth").value };
  }

  describe({ pixelFormat }) {
    const format = this.formats.find(({ name }) => name === pixelFormat);
    return format ? `${format.bits} bit` : pixelFormat;
  }
}

class FlipPart extends Part {
  offer({ flip }) {
    this.element.hidden = !flip;
  }

  show({ flipHorizontal, flipVertical }) {
    byId("flip-horizontal").checked = flipHorizontal;
    byId("flip-vertical").checked = flipVertical;
  }

  read() {
    return { flipHorizontal: byId("flip-horizontal").checked, flipVertical: byId("flip-vertical").checked };
  }

  describe({ flipHorizontal, flipVertical }) {
    return [flipHorizontal && "left to right", flipVertical && "top to bottom"].filter(Boolean).join(" and ") || "none";
  }
}

class RotationPart extends Part {
  offer({ rotations }) {
    this.element.hidden = rotations.length < 2;
    setOptions(byId("rotation"), rotations.map((turn) => [String(turn), degrees(turn)]));
  }

  show({ rotation }) {
    choose(byId("rotation"), String(rotation), degrees(rotation));
  }

  read() {
    return { rotation: Number(byId("rotation").value) };
  }

  describe({ rotation }) {
    return degrees(rotation);
  }
}

class GammaPart extends NumbersPart {
  offer({ gamma }) {
    this.element.hidden = !gamma;
  }

  show({ gamma }) {
    byId("gamma").value = gamma ?? "";
  }

  read() {
    const gamma = byId("gamma").valueAsNumber;
    return Number.isNaN(gamma) ? null : { gamma };
  }

  describe({ gamma }) {
    return short(gamma);
  }
}

class GainsPart extends NumbersPart {
  offer({ whiteBalance }) {
    this.element.hidden = !whiteBalance;
  }

  show({ whiteBalance }) {
    for (const name of COLOURS) byId(`gains-${name}`).value = whiteBalance ? short(whiteBalance[name]) : "";
  }

  /** The typed numbers. The fields of the others do not show all digits, so their values are not read back. */
  read() {
    const gains = this.readAll("gains", COLOURS);
    const { whiteBalance } = this.shown;
    const isTyped = ([name, gain]) => !whiteBalance || short(whiteBalance[name]) !== short(gain);
    return gains && { whiteBalance: Object.fromEntries(Object.entries(gains).filter(isTyped)) };
  }

  describe({ whiteBalance }) {
    return COLOURS.map((name) => short(whiteBalance[name])).join(", ");
  }
}

/** All parts, in the order in which they are shown. `onWant(part, asked)`: the user wants this. */
export function makeParts(onWant) {
  return [
    new RoiPart("roi", ["roi"], onWant),
    new BinningPart("binning", ["binning"], onWant),
    new DepthPart("depth", ["pixelFormat"], onWant),
    new FlipPart("flip", ["flipHorizontal", "flipVertical"], onWant),
    new RotationPart("rotation", ["rotation"], onWant),
    new GammaPart("gamma", ["gamma"], onWant),
    new GainsPart("gains", ["whiteBalance"], onWant),
  ];
}

function blocks(x, y) {
  return x === 1 && y === 1 ? "None" : `${x} ${TIMES} ${y}`;
}

function degrees(turn) {
  return `${turn}°`;
}

function short(value) {
  return String(Number(value.toPrecision(4)));
}
