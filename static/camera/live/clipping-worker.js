/* Finds the pixels with any channel at its maximum or all channels at zero, and paints only these. */
const RED = 0x0000ff;
const GREEN = 0x00ff00;
const BLUE = 0xff0000;

let canvas = null;

addEventListener("message", async ({ data }) => {
  const bitmap = await createImageBitmap(data.jpeg).catch(() => null);
  const mask = bitmap && paintClipped(bitmap, packColour(data.high), packColour(data.low));
  postMessage(mask, mask ? [mask] : []);
});

function paintClipped(bitmap, high, low) {
  const { width, height } = bitmap;
  if (canvas?.width !== width || canvas?.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const image = context.getImageData(0, 0, width, height);
  replacePixels(image.data, high, low);
  context.putImageData(image, 0, 0);
  return canvas.transferToImageBitmap();
}

/** One number holds a pixel: alpha, blue, green, red, from its highest byte to its lowest. */
function replacePixels(bytes, high, low) {
  const pixels = new Uint32Array(bytes.buffer);
  for (let index = 0; index < pixels.length; index += 1) {
    const pixel = pixels[index];
    if ((pixel & RED) === RED || (pixel & GREEN) === GREEN || (pixel & BLUE) === BLUE) pixels[index] = high;
    else pixels[index] = (pixel & (RED | GREEN | BLUE)) === 0 ? low : 0;
  }
}

/** "#rrggbb" as the four bytes of a pixel. */
function packColour(colour) {
  const [red, green, blue] = [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
  return new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];
}
