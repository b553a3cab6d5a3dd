"use strict";

const COLUMNS = 8;
const MARKS = 400; // codes of each kind in a plot
const EDGE = 4; // a plot goes from -4 to 4

/** What a reader calls a direction. */
function inWords(direction) {
  const [kind, number] = direction.split(" ");
  return kind === "main" ? `main direction ${number}` : `number ${number} of z`;
}

/** An empty plot: a frame, and lines through the origin. */
function drawAxes(context, side) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.strokeStyle = "#ccc";
  context.strokeRect(0.5, 0.5, side - 1, side - 1);
  context.strokeRect(-1, side / 2, side + 2, 2 * side);
  context.strokeRect(side / 2, -1, 2 * side, side + 2);
}

/** The third panel: draws of the priors as pictures, and where they land among the codes of unseen digits. */
class Draws {
  constructor(models, state) {
    this.models = models;
    this.state = state;
  }

  /** Where a model's draws come from now: the usual prior, or after "swap" the VAEs' other one. */
  from(model) {
    if (!model.prior || !this.state.swapped) return model.usual;
    return model.usual === "fitted" ? "normal" : "fitted";
  }

  draw() {
    return this.models.map((model) => {
      const words = this.drawSamples(model);
      if (model.prior) this.drawPlot(model);
      return `${model.title}: ${words}`;
    });
  }

  drawSamples(model) {
    const { n, seed } = this.state;
    const from = this.from(model);
    const codes = model.draws(n, seed, from);
    const sparse = codes.map((z) => model.isSparse(z));
    const pixels = model.decode(codes);
    const canvas = document.getElementById(`draws-${model.key}`);
    drawPictures(canvas, pixels, { columns: COLUMNS, marked: (i) => sparse[i] });
    const prior = from === "fitted" ? "its fitted prior" : "N(0, I)";
    const landed = model.prior ? `: ${sparse.filter(Boolean).length} land in sparse places` : "";
    const words = `${n} draws of ${prior}${landed}`;
    canvas.setAttribute("aria-label", `Pictures of the ${model.title}, ${words}`);
    document.getElementById(`drawn-${model.key}`).textContent = words;
    return words;
  }

  /** Codes of unseen digits as green dots, draws as crosses, along the two directions of the first panel. */
  drawPlot(model) {
    const { across, down, seed } = this.state;
    const canvas = document.getElementById(`plot-${model.key}`);
    const context = canvas.getContext("2d");
    const [u, v] = [model.direction(across), model.direction(down)];
    const place = (z) => [dot(z, u), dot(z, v)].map((value) => ((value + EDGE) / (2 * EDGE)) * canvas.width);
    drawAxes(context, canvas.width);
    context.fillStyle = colourOf("--posterior");
    for (const z of model.codes.slice(0, MARKS)) {
      const [x, y] = place(z);
      context.fillRect(x - 2, y - 2, 4, 4);
    }
    const from = this.from(model);
    context.strokeStyle = colourOf(from === "fitted" ? "--generated" : "--prior");
    context.beginPath();
    for (const [x, y] of model.draws(MARKS, seed, from).map(place)) {
      context.moveTo(x - 3, y - 3);
      context.lineTo(x + 3, y + 3);
      context.moveTo(x - 3, y + 3);
      context.lineTo(x + 3, y - 3);
    }
    context.stroke();
    const what = from === "fitted" ? "the fitted prior" : "N(0, I)";
    const shown = `codes of unseen digits, and draws of ${what}, in two directions`;
    canvas.setAttribute("aria-label", `${model.title}: ${shown}`);
    canvas.nextElementSibling.textContent = `Across: ${inWords(across)}; down: ${inWords(down)}; each from −4 to 4.`;
  }
}
