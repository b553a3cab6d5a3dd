"use strict";

/**
 * A variational autoencoder for points in the plane, as course_utils/vae.py, with the sizes of the game's networks.
 *
 * settings: data, beta (weight of the KL divergence), vaeRate (learning rate), seed. The width of p(x | z) is that of
 * the noise in the data.
 */
class VAE {
  constructor(settings) {
    this.settings = settings;
    this.random = new Random(settings.seed);
    this.data = DATA[settings.data];
    this.points = new Points(this.data, this.random);
    this.encoder = new Network([2, ...HIDDEN, 2 * LATENT_DIM], tf.relu, this.random);
    this.decoder = new Network([LATENT_DIM, ...HIDDEN, 2], tf.relu, this.random);
    this.steps = 0;
    this.terms = { reconstruction: null, kl: null }; // of the last step, in nats
    this.looking = normal(2500, LATENT_DIM, new Random(0)); // for pictures and scores: looking never changes learning
    this.optimizer = new Adam([...this.encoder.variables, ...this.decoder.variables], settings.vaeRate, [0.9, 0.999]);
  }

  tune(settings) {
    Object.assign(this.settings, settings);
    this.optimizer.rate = this.settings.vaeRate;
  }

  /** The mean and the log-variance of q(z | x): (N, 2) to (N, latent_dim) each. */
  encode(x) {
    return tf.split(this.encoder.forward(x), 2, 1);
  }

  /** The mean of p(x | z): (N, latent_dim) to (N, 2). */
  decode(z) {
    return this.decoder.forward(z);
  }

  /** Move encoder and decoder once, up the lower bound on log p(x) (Kingma and Welling, 2014); eps is N(0, 1). */
  trainingStep(x, eps) {
    const objective = () => {
      const [mu, logvar] = this.encode(x);
      const z = tf.add(mu, tf.mul(tf.exp(tf.mul(0.5, logvar)), eps)); // reparameterized: gradients pass through z
      const reconstruction = tf.mean(gaussianNll(this.decode(z), x, this.data.sigma));
      const kl = tf.mean(tf.sum(klDivergence(mu, logvar), 1));
      this.terms = { reconstruction: reconstruction.dataSync()[0], kl: kl.dataSync()[0] };
      return tf.add(reconstruction, tf.mul(this.settings.beta, kl));
    };
    const { grads } = tf.variableGrads(objective, this.optimizer.variables);
    this.optimizer.step(grads);
  }

  /** One step on fresh points with fresh noise. */
  step() {
    tf.tidy(() => this.trainingStep(this.points.batch(BATCH), normal(BATCH, LATENT_DIM, this.random)));
    this.steps += 1;
  }

  get diverged() {
    return Object.values(this.terms).some((term) => term !== null && !Number.isFinite(term));
  }

  /** What is drawn over the steps: the two terms of the bound. */
  curves() {
    return [this.terms.reconstruction, this.terms.kl];
  }

  /** Decoded codes of the prior, always the same n of 2,500: means of p(x | z), as pairs in a Float32Array. */
  sample(n = 2500) {
    return tf.tidy(() => this.decode(tf.slice(this.looking, 0, n)).dataSync());
  }

  /** Modes, high quality and KL of 2,500 decoded codes of the prior; nothing for the moons. */
  score() {
    return this.data.centres && modeCoverage(this.sample(), this.data);
  }

  /** q(z | x) of the first n points, the means of p(x | z) at their mean codes, and the mean KL divergence in nats. */
  look(n) {
    return tf.tidy(() => {
      const x = tf.tensor2d(this.points.values.slice(0, 2 * n), [n, 2]);
      const [mu, logvar] = this.encode(x);
      return {
        mu: mu.dataSync(),
        deviation: tf.exp(tf.mul(0.5, logvar)).dataSync(),
        reconstructions: this.decode(mu).dataSync(),
        kl: tf.mean(tf.sum(klDivergence(mu, logvar), 1)).dataSync()[0],
      };
    });
  }

  dispose() {
    this.encoder.dispose();
    this.decoder.dispose();
    this.looking.dispose();
  }
}
