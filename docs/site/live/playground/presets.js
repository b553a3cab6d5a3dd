"use strict";

// The diseases of lesson 04 and their cures, then two weights of a VAE's KL divergence. Each names the recorded finding
// that it repeats: a failure and a cure of benchmarks/results/cures.jsonl. `outcome` is what is counted over ten seeds,
// `short` a title that fits into a list on a phone, `next` what to try when the run is over.

const OUTCOMES = {
  covered: {
    words: "all modes, KL below 0.3",
    holds: ({ modes, kl }, all) => modes === all && kl < 0.3,
  },
  collapsed: {
    words: "three modes or fewer",
    holds: ({ modes }) => modes <= 3,
  },
  "posterior collapsed": {
    words: "the codes say less than 0.1 nats",
    holds: ({ codeKl }) => codeKl < 0.1,
  },
};

const DEFAULTS = {
  model: "gan",
  data: "ring",
  loss: "non-saturating",
  momentum: 0,
  beta2: 0.999,
  generatorRate: 1e-3,
  discriminatorRate: 1e-3,
  criticSteps: 1,
  r1: 0,
  gp: 0,
  pack: 1,
  headStart: 0,
  beta: 1,
  vaeRate: 1e-3,
  seed: 0,
};

const SLOW = { momentum: 0.5, discriminatorRate: 1e-4 };
const AHEAD = { loss: "minimax", beta2: 0.99, headStart: 2000 };

const PRESETS = {
  healthy: {
    short: "A healthy game",
    title: "A healthy game",
    settings: {},
    outcome: "covered",
    record: ["momentum 0.8", "no momentum"],
    hint:
      "Press Play. Then restart, and take 100 steps of D and 1,000 of G alone: G runs out of the picture, and nobody " +
      "corrects D out there.",
    next: "choose Collapse: there D learns too slowly.",
  },
  collapse: {
    short: "Collapse: D is too slow",
    title: "Collapse: D learns ten times more slowly than G",
    settings: SLOW,
    outcome: "collapsed",
    record: ["slow discriminator", "none"],
    hint: "The samples hunt one mode after another as one blob; D comes too late.",
    next: "choose one of its two cures, and compare.",
  },
  faster: {
    short: "Collapse, cure 1: a faster D",
    title: "Cure of collapse: D learns four times faster than G",
    settings: { ...SLOW, discriminatorRate: 4e-3 },
    outcome: "covered",
    record: ["slow discriminator", "two learning rates"],
    hint: "D lowers its opinion of a crowded place before the crowd has settled.",
    next: "choose the second cure: there D stays slow, and judges pairs.",
  },
  pairs: {
    short: "Collapse, cure 2: D judges pairs",
    title: "Cure of collapse: the slow D judges pairs",
    settings: { ...SLOW, pack: 2 },
    outcome: "covered",
    record: ["slow discriminator", "packs of 2"],
    hint: "Two samples in one place give G away. Fewer samples lie on the modes: that is the price.",
    next: "compare the share of points on a mode with that of the first cure.",
  },
  lottery: {
    short: "Lottery: momentum 0.8",
    title: "Lottery: momentum 0.8",
    settings: { momentum: 0.8 },
    outcome: "covered",
    record: ["momentum 0.8", "none"],
    hint: "Try other seeds: some cover the ring, others collapse. The healthy game is the cure: no momentum.",
    next: "play the next seeds, and count how many cover the ring.",
  },
  wasserstein: {
    short: "Lottery, a cure: Wasserstein",
    title: "Cure of the lottery: Wasserstein with a gradient penalty, five critic steps",
    settings: { momentum: 0.8, loss: "wasserstein", criticSteps: 5, gp: 1 },
    outcome: "covered",
    record: ["momentum 0.8", "Wasserstein, penalty"],
    hint: "G moves on every fifth step. Take the penalty away, and nothing holds the slope of D.",
    next: "set the weight of the gradient penalty to 0, and restart.",
  },
  vanishing: {
    short: "Vanishing: D is far ahead",
    title: "Vanishing gradient: minimax loss, D is 2,000 steps ahead",
    settings: AHEAD,
    outcome: "covered",
    record: ["head start, saturating", "none"],
    hint: "For 2,000 steps D learns alone and the arrows shrink. Then G moves, and flies out of sight.",
    next: "choose one of its two cures: another loss, or a penalty.",
  },
  hearing: {
    short: "Vanishing, cure 1: another loss",
    title: "Cure of the vanishing gradient: the non-saturating loss",
    settings: { ...AHEAD, loss: "non-saturating" },
    outcome: "covered",
    record: ["head start, saturating", "non-saturating"],
    hint: "The arrows grow during the head start. It saved ten of these twenty seeds.",
    next: "play another seed, then choose the second cure, the R1 penalty.",
  },
  flattened: {
    short: "Vanishing, cure 2: R1 penalty",
    title: "Cure of the vanishing gradient: the R1 penalty",
    settings: { ...AHEAD, r1: 0.1 },
    outcome: "covered",
    record: ["head start, saturating", "R1"],
    hint:
      "The loss stays minimax. G flies out of sight at first, as before; give it all 4,000 steps, and it comes back " +
      "in most seeds.",
    next: "set the weight of R1 to 0, and restart: that is the disease again.",
  },
  vae: {
    short: "A VAE with β = 1",
    title: "A VAE with β = 1",
    settings: { model: "vae" },
    outcome: "covered",
    hint: "No game, one loss. Samples between the modes are decoded from codes between the posteriors.",
    next: "choose Posterior collapse: the same model with β = 300.",
  },
  silent: {
    short: "Posterior collapse: β = 300",
    title: "Posterior collapse: β = 300",
    settings: { model: "vae", beta: 300 },
    outcome: "posterior collapsed",
    hint: "Every posterior is the prior, and every code decodes to the middle. Lower β, and the codes come apart.",
    next: "move β down to 1, press Play again, and see the codes come apart.",
  },
};
