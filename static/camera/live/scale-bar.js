/* A bar of a round length (1, 2 or 5 of a power of ten), as long as that is on the picture under it. Shown while it is
   switched on and the scale is known. */
const LONGEST_PX = 220;
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

  /** Micrometres along one pixel of the picture's rows; null while nobody knows. */
  setScale(umPerPixel) {
    this.umPerPixel = umPerPixel;
    this.show();
  }

  /** How many CSS pixels one pixel of the picture takes. */
  place(screenPixels) {
    this.screenPixels = screenPixels;
    this.show();
  }

  show() {
    this.element.hidden = !this.isOn || !this.umPerPixel;
    if (this.element.hidden) return;
    const umPerScreenPixel = this.umPerPixel / this.screenPixels;
    const lengthUm = roundDown(LONGEST_PX * umPerScreenPixel);
    this.line.style.width = `${lengthUm / umPerScreenPixel}px`;
    this.words.textContent = formatRound(lengthUm);
  }
}

/** The largest 1, 2 or 5 of a power of ten that is not longer. */
function roundDown(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return [5, 2, 1].map((digit) => digit * power).find((round) => round <= length * (1 + 1e-9));
}

function formatRound(um) {
  const [value, unit] = inUnit(um);
  return `${Number(value.toPrecision(1))} ${unit}`;
}

/** A measured length: four digits, in the unit that suits it. */
export function formatLength(um) {
  const [value, unit] = inUnit(um);
  return `${value >= 1000 ? value.toFixed(0) : value.toPrecision(4)} ${unit}`;
}

function inUnit(um) {
  if (um >= 999.5) return [um / 1000, "mm"];
  return um < 0.9995 ? [um * 1000, "nm"] : [um, `${MICRO}m`];
}
