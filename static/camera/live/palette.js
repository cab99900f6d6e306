/* The colours and sizes of the tokens, for drawing on a canvas. */
const style = getComputedStyle(document.documentElement);

export function token(name) {
  return style.getPropertyValue(`--${name}`).trim();
}

export function onThemeChange(redraw) {
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", redraw);
}

export function rootPixels() {
  return parseFloat(style.fontSize);
}

/** Give a canvas the resolution of the screen. Returns its context, scaled to CSS pixels, and its size in CSS pixels.
    */
export function prepare(canvas) {
  const ratio = devicePixelRatio;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const [fineWidth, fineHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== fineWidth || canvas.height !== fineHeight) Object.assign(canvas, { width: fineWidth, height: fineHeight });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
