"use strict";

const DEFAULTS = {
  base: 1, across: "main 1", down: "main 2", x: 0, y: 0,
  from: 19, to: 13, path: "arc", position: 5,
  n: 24, seed: 1, swapped: false,
};
const ANNOUNCED_AFTER = 500; // milliseconds: a screen reader hears where one stops, not every step on the way

/** The page: controls and state say the same, and each change is drawn with the next frame. */
class Explorer {
  constructor() {
    this.state = sensible(readState(DEFAULTS));
    const models = [
      new Trained("gan_03", "GAN", "normal"),
      new Trained("vae_06", "VAE", "normal"),
      new Trained("vae_07", "VAE with a fitted prior", "fitted"),
    ];
    this.models = models;
    this.panels = {
      directions: new Directions(models, this.state, () => this.changed("directions")),
      walk: new Walk(models, this.state),
      draws: new Draws(models, this.state),
    };
    this.waiting = new Set(); // panels to draw with the next frame
    this.fillSelects(Math.min(...models.map((model) => model.latentDim)));
    for (const control of document.querySelectorAll("[data-state]")) {
      control.addEventListener("input", () => this.take(control));
    }
    document.getElementById("again").addEventListener("click", () => this.set("seed", this.state.seed + 1, "draws"));
    this.changed("directions", "walk", "draws");
  }

  fillSelects(dimensions) {
    const names = this.models[0].directions.map((_, i) => `main ${i + 1}`);
    for (let i = 1; i <= dimensions; i++) names.push(`z ${i}`);
    for (const id of ["across", "down"]) fill(document.getElementById(id), names.map((name) => [name, inWords(name)]));
    const digits = EXPLORER.real.labels.map((label, i) => [i, `${label}, ${i % 2 ? "second" : "first"} example`]);
    for (const id of ["from", "to"]) fill(document.getElementById(id), digits);
  }

  /** Take what a control says into the state. */
  take(control) {
    const name = control.dataset.state;
    const value = control.type === "checkbox" ? control.checked : control.value;
    const panels = control.dataset.panels.split(" ");
    this.set(name, typeof DEFAULTS[name] === "number" ? Number(value) : value, ...panels);
  }

  set(name, value, ...panels) {
    Object.assign(this.state, sensible({ ...this.state, [name]: value }));
    this.changed(...panels);
  }

  changed(...panels) {
    if (this.waiting.size === 0) requestAnimationFrame(() => this.draw());
    panels.forEach((panel) => this.waiting.add(panel));
  }

  draw() {
    const panels = [...this.waiting];
    this.waiting.clear();
    const words = panels.flatMap((panel) => this.panels[panel].draw());
    this.showState();
    clearTimeout(this.announcement);
    this.announcement = setTimeout(() => {
      rememberState(this.state, DEFAULTS);
      document.getElementById("said").textContent = words.join(". ");
    }, ANNOUNCED_AFTER);
  }

  /** Let every control, and the number beside a slider, say what the state says. */
  showState() {
    for (const control of document.querySelectorAll("[data-state]")) {
      const value = this.state[control.dataset.state];
      if (control.type === "checkbox") control.checked = value;
      else if (control.type === "radio") control.checked = control.value === value;
      else if (control.value !== String(value)) control.value = value;
    }
    for (const output of document.querySelectorAll("output[data-shows]")) {
      output.textContent = this.state[output.dataset.shows];
    }
  }
}

/** The same state, with numbers that the page can show: a link may say anything. */
function sensible(state) {
  const within = (name, low, high) => Math.max(low, Math.min(high, state[name]));
  const whole = (name, low, high) => Math.round(within(name, low, high));
  const direction = (name) => (/^(main [1-6]|z ([1-9]|1[0-2]))$/.test(state[name]) ? state[name] : DEFAULTS[name]);
  return {
    ...state,
    base: whole("base", 0, 9999),
    across: direction("across"),
    down: direction("down"),
    x: within("x", -REACH, REACH),
    y: within("y", -REACH, REACH),
    from: whole("from", 0, 19),
    to: whole("to", 0, 19),
    path: state.path === "straight" ? "straight" : "arc",
    position: whole("position", 0, FRAMES - 1),
    n: whole("n", COLUMNS, 48),
    seed: whole("seed", 0, 9999),
  };
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}

async function start() {
  try {
    await startTensorFlow();
    window.explorer = new Explorer();
    document.body.dataset.ready = "true";
  } catch (error) {
    document.getElementById("failure").textContent = error.message;
    throw error;
  }
}

start();
