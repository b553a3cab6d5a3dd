"use strict";

// The controls: what can be chosen, how a state is shown in them, and what they say.

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
const find = (id) => document.getElementById(id);

/** The preset whose settings these are, or nothing. */
function presetOf(settings) {
  const same = ([, preset]) =>
    Object.entries({ ...DEFAULTS, ...preset.settings, seed: settings.seed }).every(
      ([name, value]) => settings[name] === value,
    );
  return Object.entries(PRESETS).find(same)?.[0] ?? "";
}

/** Set every control, and what is said of the settings, to a state. */
function fillControls(state) {
  document.body.dataset.model = state.model;
  for (const name of Object.keys(DEFAULTS)) {
    find(name).value = name === "beta" ? BETAS.indexOf(state.beta) : state[name];
  }
  find("betaValue").textContent = state.beta;
  find("beta").setAttribute("aria-valuetext", String(state.beta));
  find("both").textContent = state.model === "vae" ? "Step" : "Step both";
  const preset = presetOf(state);
  find("preset").value = preset;
  find("colours").textContent = coloursInWords(state);
  find("title").textContent = preset ? `${PRESETS[preset].title}.` : "Settings of your own.";
  find("about").textContent = preset ? PRESETS[preset].hint : "Ten seeds are an experiment, one is an anecdote.";
  find("odds").textContent = preset ? oddsInWords(preset) : "Nobody has counted what they do.";
}

/** What a control says. */
function valueOf(name) {
  const { value } = find(name);
  if (name === "beta") return BETAS[value];
  if (name === "seed") return Math.min(9999, Math.max(0, Math.round(Number(value) || 0)));
  return typeof DEFAULTS[name] === "number" ? Number(value) : value;
}

/** Whether a control can show a value. */
function admits(name, value) {
  if (name === "beta") return BETAS.includes(value);
  if (name === "seed") return Number.isInteger(value) && value >= 0 && value <= 9999;
  return [...find(name).options].some((option) => option.value === String(value));
}

/** Give the lists their options, and the table its rows. */
function offerChoices() {
  for (const [name, values] of Object.entries(OPTIONS)) find(name).append(...values.map((value) => new Option(value)));
  find("preset").append(...Object.entries(PRESETS).map(([name, { short }]) => new Option(short, name)));
  fillRows(find("counts"), countedRows());
}
