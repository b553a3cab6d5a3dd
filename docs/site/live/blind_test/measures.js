"use strict";

// What can be said of a row without seeing it. Each number has its Python twin in scripts/live/blind_rounds.py.

const MEASURES = {
  sharpness: "sharpness of the strokes",
  ink: "ink",
  variety: "variety: distance between the pictures",
  readability: "readability: a classifier's confidence",
};

/** The pictures of the sheet, 784 grey levels in [0, 1] each. */
async function picturesOfSheet() {
  const image = new Image();
  image.src = `data:image/png;base64,${BLIND_TEST.sheet}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const levels = context.getImageData(0, 0, image.width, image.height).data;
  const n = BLIND_TEST.kinds.length * BLIND_TEST.shown;
  return Array.from({ length: n }, (_, i) => {
    const [left, top] = [(i % BLIND_TEST.columns) * SIDE, Math.floor(i / BLIND_TEST.columns) * SIDE];
    const level = (pixel) => (top + Math.floor(pixel / SIDE)) * image.width + left + (pixel % SIDE);
    return Float32Array.from({ length: SIDE ** 2 }, (_, pixel) => levels[4 * level(pixel)] / 255);
  });
}

function mean(numbers) {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** What a rule may go by in a row of pictures, given by their places on the sheet. */
function measuresOf(row, pictures) {
  const shown = row.map((place) => pictures[place]);
  const apart = shown.flatMap((one, i) => shown.slice(0, i).map((other) => distance(one, other)));
  return {
    sharpness: mean(shown.map(sharpness)),
    ink: mean(shown.map(mean)),
    variety: mean(apart),
    readability: mean(row.map((place) => BLIND_TEST.readability[place])),
  };
}

function distance(one, other) {
  return Math.sqrt(one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0));
}

/** A number of a row beside that of real digits, in words. */
function besideReal(name, value) {
  return `${Math.round((100 * value) / BLIND_TEST.real[name])} %`;
}
