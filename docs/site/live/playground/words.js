"use strict";

// What the page says: the state of a model in a sentence, and the counts of a preset.

const whole = (number) => number.toLocaleString("en");
const percent = (share) => `${Math.round(100 * share)} %`;
const rounded = (number) => (Number.isFinite(number) ? number.toFixed(2) : "not known yet");

/** How generated points cover the modes. */
function coverageInWords(score, data) {
  if (!data.centres) return "No modes to count on the moons";
  const kl = Number.isFinite(score.kl) ? `, KL ${rounded(score.kl)}` : "";
  const modes = `${score.modes} of ${data.centres.length} modes`;
  return `${modes}, ${percent(score.highQuality)} of generated points on one${kl}`;
}

/** How many of the drawn points lie outside of the picture. */
function outsideInWords(model) {
  const points = model.sample(256);
  const outside = Array.from({ length: 256 }, (_, i) => Math.max(...points.slice(2 * i, 2 * i + 2).map(Math.abs)));
  const count = outside.filter((distance) => !(distance <= model.data.limit)).length;
  return count ? ` ${count} of 256 generated points are outside of the picture.` : "";
}

function gameInWords(game, score) {
  const { discriminator, generator } = game.steps;
  const steps = `After ${whole(discriminator)} steps of D and ${whole(generator)} of G`;
  const alone = game.inHeadStart ? ` (D learns alone until step ${whole(game.settings.headStart)})` : "";
  const losses = `Loss of D ${rounded(game.losses.discriminator)}, of G ${rounded(game.losses.generator)}`;
  return `${steps}${alone}: ${coverageInWords(score, game.data)}. ${losses}.`;
}

function vaeInWords(vae, score) {
  const { reconstruction, kl } = vae.terms;
  const terms = `Reconstruction ${rounded(reconstruction)} nats, KL divergence ${rounded(kl)} nats`;
  return `After ${whole(vae.steps)} steps: ${coverageInWords(score, vae.data)}. ${terms}.`;
}

/** The state of a model in a sentence or two. */
function inWords(model, score) {
  if (model.diverged) {
    return "Training has diverged: a loss is no longer a number. Restart with a lower learning rate or a penalty.";
  }
  return (model instanceof VAE ? vaeInWords(model, score) : gameInWords(model, score)) + outsideInWords(model);
}

/** "9 of 10", or that nobody has counted. */
function ofTen(count) {
  return count === null ? "–" : `${count} of 10`;
}

/** What to look for in a preset, and in how many runs it was seen. */
function presetInWords(name) {
  const { hint, outcome, record } = PRESETS[name];
  const { tuned, confirmed, lesson } = COUNTS[name];
  const counted = `Counted here: ${OUTCOMES[outcome].words} in ${ofTen(tuned)} (seeds 0–9) and ${ofTen(confirmed)}`;
  return `${hint} ${counted} (seeds 100–109)${record ? `; in lesson 04, ${ofTen(lesson)}` : ""}.`;
}

/** The table of all presets: its rows, as elements. */
function countedRows() {
  return Object.entries(PRESETS).map(([name, { title, outcome, record }]) => {
    const { tuned, confirmed, lesson } = COUNTS[name];
    const row = document.createElement("tr");
    const heading = document.createElement("th");
    heading.scope = "row";
    heading.textContent = title;
    row.append(heading);
    const cells = [OUTCOMES[outcome].words, ofTen(tuned), ofTen(confirmed), ofTen(lesson), record?.join(": ") ?? "–"];
    for (const text of cells) row.insertCell().textContent = text;
    return row;
  });
}
