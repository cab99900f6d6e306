/* The tokens' colours and sizes, for what is drawn on canvas. */
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

/** Make a canvas as fine as the screen; answers its context, scaled to CSS pixels, and its size in those. */
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
