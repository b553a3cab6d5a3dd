"use strict";

// Pictures of 28×28 pixels on a canvas: one grey scale, black to white, never smoothed.

const SIDE = 28;
const GAP = 3; // pixels between pictures, where a mark has room

/** A colour of the style sheets, by its name. */
function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

/** Draw pictures on a canvas in rows, with the page between them; those that are `marked` get a line below, the chosen one lines on both sides. */
function drawPictures(canvas, pixels, { columns = 1, marked = null, chosen = -1 } = {}) {
  const n = pixels.length / SIDE ** 2;
  const gap = n > 1 ? GAP : 0;
  canvas.width = columns * (SIDE + gap) - gap;
  canvas.height = Math.ceil(n / columns) * (SIDE + gap) - (marked ? 0 : gap);
  const context = canvas.getContext("2d");
  for (let i = 0; i < n; i++) {
    const [x, y] = [(i % columns) * (SIDE + gap), Math.floor(i / columns) * (SIDE + gap)];
    context.putImageData(pictureOf(pixels.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2)), x, y);
    context.fillStyle = colourOf("--mark");
    if (marked?.(i)) context.fillRect(x, y + SIDE, SIDE, 2);
    context.fillStyle = colourOf("--chosen");
    if (i === chosen) [x - 2, x + SIDE].forEach((left) => context.fillRect(left, y, 2, SIDE));
  }
}

/** Pixels in [0, 1] as an image of grey levels. */
function pictureOf(pixels) {
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((value, i) => image.data.fill(Math.round(255 * value), 4 * i, 4 * i + 3));
  pixels.forEach((_, i) => (image.data[4 * i + 3] = 255));
  return image;
}

/** How abruptly grey levels change: the mean absolute Laplacian, as metrics.sharpness has it. */
function sharpness(pixels) {
  const inside = (i) => i >= 0 && i < SIDE;
  const at = (row, column) => (inside(row) && inside(column) ? pixels[row * SIDE + column] : 0);
  let sum = 0;
  for (let i = 0; i < SIDE; i++) {
    for (let j = 0; j < SIDE; j++) {
      sum += Math.abs(at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1) - 4 * at(i, j));
    }
  }
  return sum / SIDE ** 2;
}
