"use strict";

const REACH = 3; // the pad goes from -3 to 3

/** A code without its part along a direction. */
function without(z, direction) {
  const square = dot(direction, direction);
  return square < 1e-6 ? z : combine([1, z], [-dot(z, direction) / square, direction]);
}

/** The code at a place of the pad: a base code without its parts in the plane of both directions, plus x u + y v.
 *
 * The directions need be neither orthogonal nor two: main 1 may go across while z 1, or main 1 again, goes down.
 */
function codeAt(model, { base, across, down, x, y }) {
  const [z] = model.draws(1, base);
  const [u, v] = [model.direction(across), model.direction(down)];
  const rest = without(without(z, u), without(v, u));
  return combine([1, rest], [x, u], [y, v]);
}

/** The first panel: a pad on which one drags through two directions of z. */
class Directions {
  constructor(models, state, changed) {
    this.models = models;
    this.state = state;
    this.changed = changed;
    this.pad = document.getElementById("pad");
    this.dot = document.getElementById("dot");
    this.pad.addEventListener("keydown", (event) => this.key(event));
    this.pad.addEventListener("pointerdown", (event) => {
      this.pad.setPointerCapture(event.pointerId);
      this.point(event);
    });
    this.pad.addEventListener("pointermove", (event) => {
      if (this.pad.hasPointerCapture(event.pointerId)) this.point(event);
    });
  }

  /** Move to where the pointer is. */
  point(event) {
    const box = this.pad.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width - 0.5) * 2 * REACH;
    const y = ((event.clientY - box.top) / box.height - 0.5) * 2 * REACH;
    this.move(x, y);
  }

  /** Move by arrow keys; with Shift five times as far; Home goes to the middle. */
  key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = event.shiftKey ? 0.5 : 0.1;
    if (event.key !== "Home" && !(event.key in ways)) return;
    event.preventDefault();
    if (event.key === "Home") return this.move(0, 0);
    const [right, down] = ways[event.key];
    this.move(this.state.x + step * right, this.state.y + step * down);
  }

  move(x, y) {
    const inside = (value) => Math.round(10 * Math.max(-REACH, Math.min(REACH, value))) / 10;
    Object.assign(this.state, { x: inside(x), y: inside(y) });
    this.changed();
  }

  draw() {
    const { x, y } = this.state;
    this.dot.style.left = `${50 + (50 * x) / REACH}%`;
    this.dot.style.top = `${50 + (50 * y) / REACH}%`;
    return this.models.map((model) => {
      const z = codeAt(model, this.state);
      const pixels = model.decode([z]);
      const words = `${sharpnessInWords(pixels)}; ${model.place(z)}`;
      const canvas = document.getElementById(`at-${model.key}`);
      drawPictures(canvas, pixels);
      canvas.setAttribute("aria-label", `Picture of the ${model.title}: ${words}`);
      document.getElementById(`about-${model.key}`).textContent = words;
      return `${model.title}: ${words}`;
    });
  }
}
