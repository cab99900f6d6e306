/* A bar of a round length (1, 2 or 5 times a power of ten) on the picture, at the picture's scale. Shown while it is
   switched on and the scale is known. */
const MAX_LENGTH_PX = 220;
const MICRO = "µ";

export class ScaleBar {
  constructor() {
    this.element = document.getElementById("scale-bar");
    this.line = document.getElementById("scale-bar-line");
    this.words = document.getElementById("scale-bar-length");
    this.isOn = false;
    this.umPerPixel = null;
    this.screenPixels = 1;
  }

  setOn(isOn) {
    this.isOn = isOn;
    this.show();
  }

  /** Micrometres per pixel along a row; null if unknown. */
  setScale(umPerPixel) {
    this.umPerPixel = umPerPixel;
    this.show();
  }

  /** How many CSS pixels wide one pixel of the picture is. */
  place(screenPixels) {
    this.screenPixels = screenPixels;
    this.show();
  }

  show() {
    this.element.hidden = !this.isOn || !this.umPerPixel;
    if (this.element.hidden) return;
    const umPerScreenPixel = this.umPerPixel / this.screenPixels;
    const lengthUm = roundDown(MAX_LENGTH_PX * umPerScreenPixel);
    this.line.style.width = `${lengthUm / umPerScreenPixel}px`;
    this.words.textContent = formatRound(lengthUm);
  }
}

/** The largest length of 1, 2 or 5 times a power of ten that fits. */
function roundDown(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return [5, 2, 1].map((digit) => digit * power).find((round) => round <= length * (1 + 1e-9));
}

function formatRound(um) {
  const [value, unit] = inUnit(um);
  return `${Number(value.toPrecision(1))} ${unit}`;
}

/** A measured length with four digits, in a suitable unit. */
export function formatLength(um) {
  const [value, unit] = inUnit(um);
  return `${value >= 1000 ? value.toFixed(0) : value.toPrecision(4)} ${unit}`;
}

function inUnit(um) {
  if (um >= 999.5) return [um / 1000, "mm"];
  return um < 0.9995 ? [um * 1000, "nm"] : [um, `${MICRO}m`];
}
