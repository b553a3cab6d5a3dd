"use strict";

const COLOURS = Object.fromEntries(
  ["real", "generated", "prior", "posterior"].map((role) => [
    role,
    getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim(),
  ]),
);
const INK = "#1b222c"; // on paper, which is white in the dark, too
const OPINION = [ // generated, undecided, real: the colours of course_utils/show/plots.py
  [0xf3, 0xb2, 0x7a],
  [0xff, 0xff, 0xff],
  [0x8f, 0xb0, 0xe0],
];

/** A white canvas as sharp as the screen: its context, in pixels of the page, with its width and height. */
function paper(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  return { context, width, height };
}

/** A square of the plane from -limit to limit on a canvas. */
class Plane {
  constructor(canvas, limit) {
    const { context, width } = paper(canvas);
    Object.assign(this, { context, limit, unit: width / (2 * limit) });
  }

  at(x, y) {
    return [(x + this.limit) * this.unit, (this.limit - y) * this.unit];
  }

  /** Paint n × n chances of being real, row by row from the lower left. */
  opinion(chances, n) {
    const image = new ImageData(n, n);
    chances.forEach((chance, i) => {
      const row = n - 1 - Math.floor(i / n); // an image begins at the top
      const [from, to] = chance < 0.5 ? OPINION : OPINION.slice(1);
      const part = 2 * (chance < 0.5 ? chance : chance - 0.5);
      const colour = from.map((value, k) => value + part * (to[k] - value));
      image.data.set([...colour, 255], 4 * (row * n + (i % n)));
    });
    const small = new OffscreenCanvas(n, n);
    small.getContext("2d").putImageData(image, 0, 0);
    const side = 2 * this.limit * this.unit;
    this.context.drawImage(small, 0, 0, side, side);
  }

  dots(points, colour, radius = 2) {
    const { context } = this;
    context.fillStyle = colour;
    context.globalAlpha = 0.5;
    for (let i = 0; i < points.length; i += 2) {
      context.beginPath();
      context.arc(...this.at(points[i], points[i + 1]), radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  crosses(points, colour, arm = 3) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = 1.2;
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = this.at(points[i], points[i + 1]);
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x - arm, y + arm);
      context.lineTo(x + arm, y - arm);
    }
    context.stroke();
  }

  /** Arrows from points, as long as the root of the pull, up to a quarter of the half side. */
  arrows(points, pull) {
    for (let i = 0; i < pull.length; i += 2) {
      const length = Math.hypot(pull[i], pull[i + 1]);
      const shown = (Math.tanh(2 * Math.sqrt(length)) * this.limit) / 4 / Math.max(length, 1e-12);
      this.arrow(points[i], points[i + 1], shown * pull[i], shown * pull[i + 1]);
    }
  }

  arrow(x, y, dx, dy) {
    const { context } = this;
    const [start, end] = [this.at(x, y), this.at(x + dx, y + dy)];
    const angle = Math.atan2(end[1] - start[1], end[0] - start[0]);
    const head = Math.min(6, Math.hypot(end[0] - start[0], end[1] - start[1]));
    context.strokeStyle = INK;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(...start);
    context.lineTo(...end);
    for (const turn of [-2.6, 2.6]) {
      context.moveTo(...end);
      context.lineTo(end[0] + head * Math.cos(angle + turn), end[1] + head * Math.sin(angle + turn));
    }
    context.stroke();
  }

  /** An ellipse along the axes: its centre and its half widths, in units of the plane. */
  ellipse(x, y, width, height, colour) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.beginPath();
    context.ellipse(...this.at(x, y), width * this.unit, height * this.unit, 0, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** The range of curves after their first tenth, where a loss that begins high would flatten all that follows. */
function rangeOf(curves) {
  const values = curves.flatMap((curve) => curve.values.slice(curve.values.length / 10)).filter(Number.isFinite);
  return values.length ? [Math.min(0, ...values), Math.max(...values, 1e-6)] : [0, 1];
}

/** Draw curves over the steps: each has values, a colour and a dash. */
function drawChart(canvas, title, unit, steps, curves, [low, high] = rangeOf(curves)) {
  const { context, width, height } = paper(canvas);
  const [left, right, top, bottom] = [44, 10, 26, 22];
  const last = Math.max(steps.at(-1) ?? 0, 100);
  const x = (step) => left + (step / last) * (width - left - right);
  const y = (value) => top + ((high - value) / (high - low)) * (height - top - bottom);
  context.fillStyle = INK;
  context.font = "13px system-ui, sans-serif";
  context.fillText(title, 8, 16);
  context.textAlign = "right";
  for (const value of [low, (low + high) / 2, high]) {
    context.fillText(Number(value.toPrecision(2)).toString(), left - 6, y(value) + 4);
    context.fillStyle = "#d4dae3";
    context.fillRect(left, y(value), width - left - right, 1);
    context.fillStyle = INK;
  }
  context.fillText(`${last.toLocaleString("en")} ${unit}`, width - right, height - 5);
  context.textAlign = "left";
  context.lineWidth = 2;
  context.beginPath();
  context.rect(left, top - 2, width - left - right, height - top - bottom + 4);
  context.clip();
  for (const { values, colour, dash } of curves) {
    context.strokeStyle = colour;
    context.setLineDash(dash);
    context.beginPath();
    values.forEach((value, i) => Number.isFinite(value) && context.lineTo(x(steps[i]), y(value)));
    context.stroke();
  }
  context.setLineDash([]);
}

/** The plane of a GAN: what D says of each place, real and generated points, and where G's loss would send some. */
function drawGame(canvas, game) {
  const plane = new Plane(canvas, game.data.limit);
  const sample = game.sample(256);
  plane.opinion(game.chances(48), 48);
  plane.dots(game.points.values.subarray(0, 800), COLOURS.real);
  plane.crosses(sample, COLOURS.generated);
  plane.arrows(sample, game.pull(24));
}

/** The plane of a VAE: real points, and decoded codes of the prior. */
function drawDecoded(canvas, vae) {
  const plane = new Plane(canvas, vae.data.limit);
  plane.dots(vae.points.values.subarray(0, 800), COLOURS.real);
  plane.crosses(vae.sample(256), COLOURS.generated);
}

/** The plane of the codes: the prior, and the posteriors of some points. */
function drawCodes(canvas, vae) {
  const plane = new Plane(canvas, 3.5);
  plane.dots(vae.looking.dataSync().subarray(0, 1200), COLOURS.prior, 1.5);
  for (const radius of [1, 2]) plane.ellipse(0, 0, radius, radius, COLOURS.prior);
  const { mu, deviation } = vae.look(80);
  for (let i = 0; i < mu.length; i += 2) {
    plane.ellipse(mu[i], mu[i + 1], deviation[i], deviation[i + 1], COLOURS.posterior);
  }
  plane.dots(mu, COLOURS.posterior);
}
