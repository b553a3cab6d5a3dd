"use strict";

// The page: its state, and the loop that trains and draws.

const TUNABLE = ["loss", "discriminatorRate", "generatorRate", "criticSteps", "r1", "gp", "beta", "vaeRate"];
const BUDGET = 25; // milliseconds of training between two pictures
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

let state = { ...PAGE_DEFAULTS };
let model = null;
let trace = null; // what the charts show
let task = null; // who moves, and how many steps are left
let repeatable = true; // whether a link can play the same steps again: both players, settings unchanged, not too many
let spoken = 0; // when the state was last announced
let drawn = 0; // when the picture was last drawn
let frames = 0; // pictures so far

/** Make a new model of the state, and show it. */
function restart() {
  task = null;
  model?.dispose();
  model = build(state);
  trace = new Trace(model);
  repeatable = true;
  state.steps = 0;
  sayEnding("");
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
  if (players === "both" && repeatable && state.steps === courseOf(state)) finish();
  if (players !== "both" || state.steps > LONGEST) repeatable = false;
}

/** Say how the run came out, once it has as many steps as those that were counted; Play pauses there. */
function finish() {
  sayEnding(endingInWords(model, presetOf(state)));
  if (task.left === Infinity) task.left = 1; // the step that was just made
}

function sayEnding(words) {
  find("ending").hidden = words === "";
  find("ending").textContent = words;
}

/** Stop, say where the training is, and put it into the address. */
function settle() {
  task = null;
  find("play").textContent = "Play";
  announce();
  remember(state, repeatable);
}

function announce() {
  spoken = performance.now();
  find("announcement").textContent = `${find("sentence").textContent} ${find("ending").textContent}`.trim();
}

/** Draw the model as it is, in pictures and in words. */
function show() {
  const score = model.score();
  trace.record(score);
  const words = inWords(model, score);
  find("sentence").textContent = words;
  find("plane").ariaLabel = `The plane. ${words}`;
  state.model === "vae" ? showVae() : drawGame(find("plane"), model);
  trace.showLosses(find("losses"));
  trace.showScores(find("scores"), score);
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

/** Read a control into the state. */
function take(name) {
  state[name] = valueOf(name);
  fillControls(state);
  if (!TUNABLE.includes(name)) return restart();
  if (state.steps > 0) repeatable = false;
  model.tune(state);
  if (!task) remember(state, repeatable);
}

/** Begin with the state of the address, and play its steps again. */
function begin() {
  state = linkedState();
  const { steps } = state;
  fillControls(state);
  restart();
  if (steps > 0) run("both", steps);
}

/** Follow the controls. */
function listen() {
  for (const name of Object.keys(DEFAULTS)) find(name).addEventListener("change", () => take(name));
  find("beta").addEventListener("input", () => take("beta"));
  find("preset").addEventListener("change", () => {
    state = { ...PAGE_DEFAULTS, ...PRESETS[find("preset").value].settings, seed: state.seed };
    fillControls(state);
    restart();
  });
  find("play").addEventListener("click", () => (task?.left === Infinity ? settle() : run("both", Infinity)));
  for (const players of ["both", "discriminator", "generator"]) {
    find(players).addEventListener("click", () => run(players, Number(find("count").value)));
  }
  find("restart").addEventListener("click", restart);
  find("link").addEventListener("click", () => copyLink(state, repeatable));
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
  offerChoices();
  listen();
  begin();
}

const ready = main();
