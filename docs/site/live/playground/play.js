"use strict";

// A model of some settings, and a whole run without pictures.

const STEPS = 2000; // of both players, after the head start, or of the VAE

/** A model with these settings. */
function build(settings) {
  return settings.model === "vae" ? new VAE({ ...settings }) : new Game({ ...settings });
}

/** The mean distance of points (pairs in an array) from the origin. */
function meanDistance(points) {
  const distances = Array.from({ length: points.length / 2 }, (_, i) => Math.hypot(points[2 * i], points[2 * i + 1]));
  return distances.reduce((sum, each) => sum + each, 0) / distances.length;
}

/** Play a preset with a seed to its end, without a picture, and measure it as the tests and the record do. */
function playPreset(name, seed) {
  const settings = { ...DEFAULTS, ...PRESETS[name].settings, seed };
  const model = build(settings);
  for (let i = 0; i < settings.headStart + STEPS; i++) model.step();
  const score = model.score();
  if (settings.model === "vae") score.codeKl = model.look(1000).kl;
  const sample = model.sample();
  model.dispose();
  const holds = OUTCOMES[PRESETS[name].outcome].holds(score, model.data.centres.length);
  return { outcome: PRESETS[name].outcome, holds, ...score, distance: meanDistance(sample) };
}
