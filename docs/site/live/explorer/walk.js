"use strict";

const FRAMES = 11;

/** The second panel: a walk from the code of one unseen digit to that of another. */
class Walk {
  constructor(models, state) {
    this.models = models;
    this.state = state;
    this.digits = numbersOf(EXPLORER.real.pixels);
  }

  /** The codes on the way, FRAMES of them. */
  codes(model) {
    const { from, to, path } = this.state;
    const step = path === "straight" ? lerp : slerp;
    const [a, b] = [model.ends[from], model.ends[to]];
    return Array.from({ length: FRAMES }, (_, i) => step(a, b, i / (FRAMES - 1)));
  }

  digit(i) {
    return Float32Array.from(this.digits.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2), (level) => level / 255);
  }

  draw() {
    drawPictures(document.getElementById("digit-from"), this.digit(this.state.from));
    drawPictures(document.getElementById("digit-to"), this.digit(this.state.to));
    return this.models.map((model) => this.drawRow(model));
  }

  drawRow(model) {
    const codes = this.codes(model);
    const sparse = codes.map((z) => model.isSparse(z));
    const pixels = model.decode(codes);
    const here = this.state.position;
    const canvas = document.getElementById(`walk-${model.key}`);
    drawPictures(canvas, pixels, { columns: FRAMES, marked: (i) => sparse[i], chosen: here });
    const picture = pixels.subarray(here * SIDE ** 2, (here + 1) * SIDE ** 2);
    drawPictures(document.getElementById(`frame-${model.key}`), picture);
    const marked = model.prior ? `${sparse.filter(Boolean).length} of ${FRAMES} codes in sparse places` : "";
    const words = `step ${here} of ${FRAMES - 1}: ${sharpnessInWords(picture)}, ${model.place(codes[here])}`;
    const sentence = [marked, words].filter(Boolean).join("; ");
    canvas.setAttribute("aria-label", `${model.title}, ${FRAMES} pictures of a walk: ${sentence}`);
    document.getElementById(`walked-${model.key}`).textContent = sentence;
    return `${model.title}: ${sentence}`;
  }
}
