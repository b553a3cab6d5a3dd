"use strict";

// The page: its controls, its state, and the loop that trains and draws.

const BETAS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000];
const OPTIONS = {
  discriminatorRate: [1e-5, 1e-4, 3e-4, 1e-3, 4e-3, 1e-2],
  generatorRate: [1e-5, 1e-4, 3e-4, 1e-3, 4e-3, 1e-2],
  criticSteps: [1, 2, 5],
  r1: [0, 0.01, 0.1, 1, 10],
  gp: [0, 0.1, 1, 10],
  momentum: [0, 0.5, 0.8, 0.9],
  beta2: [0.99, 0.999],
  pack: [1, 2, 4],
  headStart: [0, 500, 2000],
  vaeRate: [1e-4, 3e-4, 1e-3, 3e-3],
};
const TUNABLE = ["loss", "discriminatorRate", "generatorRate", "criticSteps", "r1", "gp", "beta", "vaeRate"];
const PAGE_DEFAULTS = { ...DEFAULTS, steps: 0 }; // steps of both players since the start, which a link plays again
const BUDGET = 25; // milliseconds of training between two pictures
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const find = (id) => document.getElementById(id);

let state = { ...PAGE_DEFAULTS };
let model = null;
let trace = null; // steps, and columns of what the charts show
let task = null; // who moves, and how many steps are left
let repeatable = true; // whether a link can play the same steps again: both players, settings unchanged
let spoken = 0; // when the state was last announced
let drawn = 0; // when the picture was last drawn
let frames = 0; // pictures so far

/** Make a new model of the state, and show it. */
function restart() {
  task = null;
  model?.dispose();
  model = build(state);
  trace = { steps: [], first: [], second: [], modes: [], onMode: [] };
  repeatable = true;
  state.steps = 0;
  show();
  settle();
}

/** Let players ("both", "discriminator", "generator") move so many times, with pictures on the way. */
function run(players, count) {
  const waiting = task !== null;
  task = { players, left: count };
  find("play").textContent = count === Infinity ? "Pause" : "Play";
  if (!waiting) requestAnimationFrame(advance);
}

/** Train for a moment, draw, and go on with the next frame. */
function advance(now) {
  if (!task) return;
  const end = performance.now() + BUDGET;
  while (task.left > 0 && performance.now() < end && !model.diverged) {
    move(task.players);
    task.left -= 1;
  }
  const finished = task.left <= 0 || model.diverged;
  if (finished || !CALM.matches || now - drawn > 1000) {
    drawn = now;
    show();
  }
  if (finished) {
    settle();
  } else {
    requestAnimationFrame(advance);
  }
}

function move(players) {
  model.step(players);
  if (players === "both") state.steps += 1;
  else repeatable = false;
}

/** Stop, say where the training is, and put it into the address. */
function settle() {
  task = null;
  find("play").textContent = "Play";
  announce();
  remember();
}

function remember() {
  find("link").textContent = "Copy link";
  rememberState({ ...state, steps: repeatable ? state.steps : 0 }, PAGE_DEFAULTS);
}

function announce() {
  spoken = performance.now();
  find("announcement").textContent = find("sentence").textContent;
}

/** Draw the model as it is, in pictures and in words. */
function show() {
  const score = model.score();
  record(score);
  const words = inWords(model, score);
  find("sentence").textContent = words;
  find("plane").ariaLabel = `The plane. ${words}`;
  state.model === "vae" ? showVae() : drawGame(find("plane"), model);
  showCharts(score);
  frames += 1;
  if (performance.now() - spoken > 5000) announce(); // not so often that nothing else can be heard
}

function showVae() {
  drawDecoded(find("plane"), model);
  drawCodes(find("codes"), model);
  const { deviation, kl } = model.look(80);
  const widths = Array.from(deviation).sort((a, b) => a - b);
  const width = widths[Math.floor(widths.length / 2)];
  find("codes").ariaLabel =
    `The codes. The median posterior is ${rounded(width)} wide, the prior 1. The codes say ${rounded(kl)} nats.`;
}

/** Add a row to the trace; when it is long, every second row goes. */
function record(score) {
  const steps = model instanceof VAE ? model.steps : model.steps.discriminator + model.steps.generator;
  if (trace.steps.at(-1) === steps) return;
  const [first, second] = model.curves();
  const row = { steps, first, second };
  row.modes = score ? score.modes / model.data.centres.length : NaN;
  row.onMode = score ? score.highQuality : NaN;
  for (const [name, column] of Object.entries(trace)) {
    column.push(row[name]);
    if (column.length > 800) trace[name] = column.filter((_, i) => i % 2 === 0);
  }
}

function showCharts(score) {
  const vae = state.model === "vae";
  const title = vae ? "Terms of the bound, in nats" : "Losses";
  const kind = vae ? { colour: COLOURS.posterior, dash: [] } : { colour: COLOURS.generated, dash: [6, 4] };
  const unit = vae ? "steps" : "moves of D and G";
  drawChart(find("losses"), title, unit, trace.steps, [
    { values: trace.first, colour: vae ? COLOURS.generated : COLOURS.real, dash: [] },
    { values: trace.second, ...kind },
  ]);
  drawChart(
    find("scores"),
    score ? "Coverage" : "Coverage: no modes to count",
    unit,
    trace.steps,
    [
      { values: trace.modes, colour: COLOURS.real, dash: [] },
      { values: trace.onMode, colour: COLOURS.generated, dash: [6, 4] },
    ],
    [0, 1],
  );
  const last = (column) => rounded(column.at(-1));
  const names = vae ? ["reconstruction", "KL divergence"] : ["loss of D", "loss of G"];
  find("losses").ariaLabel =
    `${title} over ${whole(trace.steps.at(-1))} ${unit}: ${names[0]} now ${last(trace.first)}, ` +
    `${names[1]} now ${last(trace.second)}.`;
  find("scores").ariaLabel = `Coverage over the steps, now: ${coverageInWords(score, model.data)}.`;
}

/** The preset whose settings these are, or nothing. */
function presetOf(settings) {
  const same = ([, preset]) =>
    Object.entries({ ...DEFAULTS, ...preset.settings, seed: settings.seed }).every(
      ([name, value]) => settings[name] === value,
    );
  return Object.entries(PRESETS).find(same)?.[0] ?? "";
}

/** Set every control to the state. */
function fillControls() {
  document.body.dataset.model = state.model;
  for (const name of Object.keys(DEFAULTS)) {
    find(name).value = name === "beta" ? BETAS.indexOf(state.beta) : state[name];
  }
  find("betaValue").textContent = state.beta;
  find("beta").setAttribute("aria-valuetext", String(state.beta));
  find("both").textContent = state.model === "vae" ? "Step" : "Step both";
  const preset = presetOf(state);
  find("preset").value = preset;
  find("about").textContent = preset
    ? presetInWords(preset)
    : "Settings of your own: nobody has counted what they do. Ten seeds are an experiment, one is an anecdote.";
}

/** Read a control into the state. */
function take(name) {
  const control = find(name);
  if (name === "beta") state.beta = BETAS[control.value];
  else if (name === "seed") state.seed = Math.min(9999, Math.max(0, Math.round(Number(control.value) || 0)));
  else state[name] = typeof DEFAULTS[name] === "number" ? Number(control.value) : control.value;
  fillControls();
  if (!TUNABLE.includes(name)) return restart();
  if (state.steps > 0) repeatable = false;
  model.tune(state);
  if (!task) remember();
}

/** Keep what a control can show; a value from a link that none can is the default's. */
function admissible(read) {
  const fits = (name, value) => {
    if (name === "beta") return BETAS.includes(value);
    if (name === "seed" || name === "steps") return Number.isInteger(value) && value >= 0 && value <= 9999;
    return [...find(name).options].some((option) => option.value === String(value));
  };
  const kept = Object.entries(read).filter(([name, value]) => fits(name, value));
  return { ...PAGE_DEFAULTS, ...Object.fromEntries(kept) };
}

/** Begin with the state of the address, and play its steps again. */
function begin() {
  state = admissible(readState(PAGE_DEFAULTS));
  const { steps } = state;
  fillControls();
  restart();
  if (steps > 0) run("both", steps);
}

async function copyLink() {
  remember();
  const copied = await navigator.clipboard?.writeText(location.href).then(
    () => true,
    () => false,
  );
  const where = copied ? "Link copied" : "Link is in the address bar";
  const limit = " It begins at step 0: a link cannot repeat steps of one player, nor settings changed on the way.";
  find("link").textContent = where;
  find("announcement").textContent = `${where}.${repeatable ? "" : limit}`;
}

function prepareControls() {
  for (const [name, values] of Object.entries(OPTIONS)) find(name).append(...values.map((value) => new Option(value)));
  find("preset").append(...Object.entries(PRESETS).map(([name, { title }]) => new Option(title, name)));
  find("counts").append(...countedRows());
  for (const name of Object.keys(DEFAULTS)) find(name).addEventListener("change", () => take(name));
  find("beta").addEventListener("input", () => take("beta"));
  find("preset").addEventListener("change", () => {
    state = { ...PAGE_DEFAULTS, ...PRESETS[find("preset").value]?.settings, seed: state.seed };
    fillControls();
    restart();
  });
  find("play").addEventListener("click", () => (task?.left === Infinity ? settle() : run("both", Infinity)));
  for (const players of ["both", "discriminator", "generator"]) {
    find(players).addEventListener("click", () => run(players, Number(find("count").value)));
  }
  find("restart").addEventListener("click", restart);
  find("link").addEventListener("click", copyLink);
  find("controls").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", begin);
  addEventListener("resize", show);
}

async function main() {
  try {
    await startTensorFlow();
  } catch (error) {
    find("trouble").hidden = false;
    find("trouble").textContent = `The models could not start. ${error.message}`;
    throw error;
  }
  prepareControls();
  begin();
}

const ready = main();
