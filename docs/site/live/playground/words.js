"use strict";

// What the page says: the state of a model in a sentence, what the colours mean, and the counts of a preset.

const whole = (number) => number.toLocaleString("en");
const percent = (share) => `${Math.round(100 * share)} %`;
const rounded = (number) => (Number.isFinite(number) ? number.toFixed(2) : "not known yet");

/** How generated points cover the modes. */
function coverageInWords(score, data) {
  if (!data.centres) return "No modes to count on the moons";
  const kl = Number.isFinite(score.kl) ? `, KL ${rounded(score.kl)}` : "";
  const modes = `${score.modes} of ${data.centres.length} modes covered`;
  return `${modes}, ${percent(score.highQuality)} of generated points lie on a mode${kl}`;
}

/** How many of the 256 drawn points lie outside of the picture. */
function outside(model) {
  const points = model.sample(256);
  const furthest = Array.from({ length: 256 }, (_, i) => Math.max(...points.slice(2 * i, 2 * i + 2).map(Math.abs)));
  return furthest.filter((distance) => !(distance <= model.data.limit)).length;
}

function outsideInWords(model) {
  const count = outside(model);
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

/** What the colours of the plane mean in a game. */
function coloursInWords({ loss, pack }) {
  const middle = "the middle of its two means, for real and for generated points";
  const meaning =
    loss === "wasserstein"
      ? `Blue places are those where the critic's number is above ${middle}, orange ones those where it is below.`
      : "Blue places are those that D calls real, orange ones those that it calls generated.";
  const packs = ` D judges ${pack} points at a time: the colour is what it says of ${pack} in one place.`;
  return pack > 1 ? meaning + packs : meaning;
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

/** In how many runs the outcome of a preset was seen. */
function oddsInWords(name) {
  const { outcome, record } = PRESETS[name];
  const { tuned, confirmed, lesson } = COUNTS[name];
  const counted = `Counted here: ${OUTCOMES[outcome].words} in ${ofTen(tuned)} (seeds 0–9) and ${ofTen(confirmed)}`;
  return `${counted} (seeds 100–109)${record ? `; in PyTorch, ${ofTen(lesson)}` : ""}.`;
}
