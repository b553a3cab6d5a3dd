"use strict";

const BATCH = 128;
const LATENT_DIM = 2;
const HIDDEN = [64, 64];

/**
 * A GAN for points in the plane with its data and its random numbers, as course_utils/gan.py.
 *
 * settings: data, loss, momentum and beta2 (Adam's two betas), generatorRate, discriminatorRate, criticSteps (the
 * generator moves on every n-th step), r1 and gp (weights of the penalties), pack (how many points D judges at a
 * time), headStart (steps in which D alone learns, before both begin), seed.
 */
class Game {
  constructor(settings) {
    this.settings = settings;
    this.random = new Random(settings.seed);
    this.data = DATA[settings.data];
    this.points = new Points(this.data, this.random);
    this.generator = new Network([LATENT_DIM, ...HIDDEN, 2], tf.relu, this.random);
    this.discriminator = new Network([2 * settings.pack, ...HIDDEN, 1], leakyRelu, this.random);
    this.steps = { discriminator: 0, generator: 0 };
    this.losses = { discriminator: null, generator: null }; // of the last steps
    this.looking = normal(2500, LATENT_DIM, new Random(0)); // for pictures and scores: looking never changes learning
    this.makeOptimizers();
  }

  makeOptimizers() {
    const { momentum, beta2, discriminatorRate, generatorRate } = this.settings;
    const betas = [momentum, beta2];
    this.optimizers = {
      discriminator: new Adam(this.discriminator.variables, discriminatorRate, betas),
      generator: new Adam(this.generator.variables, generatorRate, betas),
    };
  }

  /** Learn with other learning rates, another loss, or other weights of penalties from the next step on. */
  tune(settings) {
    Object.assign(this.settings, settings);
    this.optimizers.discriminator.rate = this.settings.discriminatorRate;
    this.optimizers.generator.rate = this.settings.generatorRate;
  }

  /** z (N, latent_dim) to points (N, 2). */
  generate(z) {
    return this.generator.forward(z);
  }

  /** Points (N, 2) to logits (N / pack, 1): in packs of 2 the discriminator judges pairs (PacGAN, Lin et al., 2018). */
  judge(x) {
    return this.discriminator.forward(tf.reshape(x, [-1, 2 * this.settings.pack]));
  }

  /** Teach the discriminator to tell real points from generated ones (Goodfellow et al., 2014, algorithm 1). */
  discriminatorStep(real, z, mix) {
    const loss = ADVERSARIAL[this.settings.loss].discriminator;
    const fake = this.generate(z); // outside of the gradient: the generator does not learn from this step
    const objective = () => {
      const [realLogits, fakeLogits] = tf.split(this.judge(tf.concat([real, fake])), 2);
      const value = loss(realLogits, fakeLogits);
      [this.losses.discriminator] = value.dataSync(); // what is shown leaves the penalties out
      return tf.addN([value, ...this.penalties(real, fake, mix)]);
    };
    const { grads } = tf.variableGrads(objective, this.discriminator.variables);
    this.optimizers.discriminator.step(grads);
  }

  /** Teach the generator to be called real by the discriminator, which stands still. */
  generatorStep(z) {
    const loss = ADVERSARIAL[this.settings.loss].generator;
    const objective = () => loss(this.judge(this.generate(z)));
    const { value, grads } = tf.variableGrads(objective, this.generator.variables);
    this.optimizers.generator.step(grads);
    [this.losses.generator] = value.dataSync();
  }

  /** The weighted gradient penalties that are on. */
  penalties(real, fake, mix) {
    const { r1, gp } = this.settings;
    const judge = (x) => this.judge(x);
    const penalties = [];
    if (r1 > 0 && !this.inHeadStart) penalties.push(tf.mul(r1, r1Penalty(judge, real)));
    if (gp > 0 && !this.inHeadStart) penalties.push(tf.mul(gp, gradientPenalty(judge, real, fake, mix)));
    return penalties;
  }

  get inHeadStart() {
    return this.steps.discriminator < this.settings.headStart;
  }

  /** Let the "discriminator", the "generator" or "both" move once, with fresh points and codes. */
  step(players = "both") {
    if (players === "generator") return this.moveGenerator();
    const alone = players === "discriminator" || this.inHeadStart;
    this.moveDiscriminator();
    const moved = this.steps.discriminator - this.settings.headStart;
    if (!alone && moved % this.settings.criticSteps === 0) this.moveGenerator();
  }

  moveDiscriminator() {
    tf.tidy(() => {
      const real = this.points.batch(BATCH);
      const z = normal(BATCH, LATENT_DIM, this.random);
      this.discriminatorStep(real, z, this.settings.gp > 0 && uniform(BATCH, 1, this.random));
    });
    this.steps.discriminator += 1;
    if (this.steps.discriminator === this.settings.headStart) this.makeOptimizers(); // both begin without a past
  }

  moveGenerator() {
    tf.tidy(() => this.generatorStep(normal(BATCH, LATENT_DIM, this.random)));
    this.steps.generator += 1;
  }

  get diverged() {
    return Object.values(this.losses).some((loss) => loss !== null && !Number.isFinite(loss));
  }

  /** What is drawn over the steps: the loss of each player. */
  curves() {
    return [this.losses.discriminator, this.losses.generator];
  }

  /** The first n of 2,500 generated points, always from the same codes: pairs in a Float32Array. */
  sample(n = 2500) {
    return tf.tidy(() => this.generate(tf.slice(this.looking, 0, n)).dataSync());
  }

  /** Modes, high quality and KL of 2,500 points; nothing for the moons. */
  score() {
    return this.data.centres && modeCoverage(this.sample(), this.data);
  }

  /** Minus the gradient of the generator's loss at each of n generated points, the way each would go: n pairs. */
  pull(n) {
    const loss = ADVERSARIAL[this.settings.loss].generator;
    return tf.tidy(() => {
      const x = this.generate(tf.slice(this.looking, 0, n));
      const total = (x) => tf.mul(n / this.settings.pack, loss(this.judge(x))); // a sum: the pull depends on no n
      return tf.neg(tf.grad(total)(x)).dataSync();
    });
  }

  /** The middle between the mean logit of real and that of generated points. */
  middle() {
    return tf.tidy(() => {
      const real = tf.tensor2d(this.points.values.slice(0, 1000), [500, 2]);
      const fake = this.generate(tf.slice(this.looking, 0, 500));
      const [one, other] = [real, fake].map((x) => tf.mean(this.judge(x)).dataSync()[0]);
      return (one + other) / 2;
    });
  }

  /** The discriminator's logits on n × n places, row by row from the lower left; each pack is of one place. */
  surface(n) {
    const { limit } = this.data;
    const axis = Float32Array.from({ length: n }, (_, i) => limit * ((2 * (i + 0.5)) / n - 1));
    const places = new Float32Array(2 * n * n);
    for (let i = 0; i < n * n; i++) places.set([axis[i % n], axis[Math.floor(i / n)]], 2 * i);
    return tf.tidy(() => {
      const x = tf.tensor2d(places, [n * n, 2]);
      return this.discriminator.forward(tf.tile(x, [1, this.settings.pack])).dataSync();
    });
  }

  /** What the discriminator says on these n × n places, from 0 (generated) to 1 (real). */
  chances(n) {
    const { loss } = this.settings;
    const surface = this.surface(n);
    if (loss === "least squares") return surface.map((d) => Math.min(1, Math.max(0, d))); // at best p / (p + q)
    const undecided = loss === "wasserstein" ? this.middle() : 0; // a critic's zero means nothing
    return surface.map((logit) => 1 / (1 + Math.exp(undecided - logit)));
  }

  dispose() {
    this.generator.dispose();
    this.discriminator.dispose();
    this.looking.dispose();
  }
}
