"use strict";

// How a run ended: what was measured when it had run its course, beside the counted runs, and what to try next.

const COUNTED = 20; // runs of each preset: ten seeds, and ten others

/** The steps after which runs were counted. */
function courseOf({ headStart }) {
  return headStart + STEPS;
}

/** The mean distance of points (pairs in an array) from their own middle. */
function spread(points) {
  const count = points.length / 2;
  const sums = [0, 0];
  points.forEach((value, i) => (sums[i % 2] += value));
  const around = Float32Array.from(points, (value, i) => value - sums[i % 2] / count);
  return meanDistance(around);
}

/** How the generated points of a model lie beside the modes, in a sentence or two. */
function outcomeInWords(model, score) {
  const all = model.data.centres.length;
  const away = outside(model);
  const who = model instanceof VAE ? "The VAE" : "G";
  if (away > 128) return `${who} has left the picture: ${away} of 256 generated points lie outside.`;
  if (score.modes === 0) {
    const [own, real] = [model.sample(), model.points.values].map((points) => rounded(spread(points)));
    return `No generated point lies on a mode: on average they are ${own} from their middle, real points ${real}.`;
  }
  const kl = `the KL is ${rounded(score.kl)}`;
  if (OUTCOMES.collapsed.holds(score)) return `${who} has collapsed: it covers ${score.modes} of ${all} modes.`;
  if (score.modes < all) return `${who} misses ${all - score.modes} of ${all} modes; ${kl}.`;
  return `${who} covers all ${all} modes, ${OUTCOMES.covered.holds(score, all) ? "evenly" : "but unevenly"}: ${kl}.`;
}

/** What the codes of a VAE say, and whether that is a collapse. */
function codesInWords(score) {
  const collapsed = OUTCOMES["posterior collapsed"].holds(score) ? ": the posterior has collapsed" : "";
  return ` Its codes say ${rounded(score.codeKl)} nats${collapsed}.`;
}

/** Whether a preset came out as it was counted, and how many of the counted runs did the same. */
function companyInWords(name, holds) {
  const { tuned, confirmed } = COUNTS[name];
  const seen = tuned + confirmed;
  const company = holds ? `seen, as in ${seen}` : `not seen, as in ${COUNTED - seen}`;
  const { words } = OUTCOMES[PRESETS[name].outcome];
  return ` What is counted for this preset, “${words}”, was ${company} of ${COUNTED} counted runs.`;
}

/** How a run ended, and what to try next; without a preset, there is nothing to compare with. */
function endingInWords(model, name) {
  const score = model.score();
  const begin = `The run is over, after ${whole(courseOf(model.settings))} steps.`;
  if (!score) return `${begin} ${coverageInWords(score, model.data)}: judge by the picture.`;
  if (model instanceof VAE) score.codeKl = model.look(1000).kl;
  const codes = model instanceof VAE ? codesInWords(score) : "";
  const found = `${begin} ${outcomeInWords(model, score)}${codes}`;
  if (!name) return `${found} Next: try other seeds before you believe it.`;
  const holds = OUTCOMES[PRESETS[name].outcome].holds(score, model.data.centres.length);
  return `${found}${companyInWords(name, holds)} Next: ${PRESETS[name].next}`;
}
