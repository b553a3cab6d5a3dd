"use strict";

// Losses as functions of tensors, as in course_utils/losses.py. A discriminator gives logits, never probabilities.

const meanSquare = (x) => tf.mean(tf.square(x));

/** Goodfellow et al. (2014), equation 1, from logits: -log D(x) - log(1 - D(G(z))). */
const twoClasses = (real, fake) => tf.add(tf.mean(tf.softplus(tf.neg(real))), tf.mean(tf.softplus(fake)));

const ADVERSARIAL = {
  "non-saturating": {
    discriminator: twoClasses,
    generator: (fake) => tf.mean(tf.softplus(tf.neg(fake))), // -log D(G(z))
  },
  minimax: {
    discriminator: twoClasses,
    generator: (fake) => tf.neg(tf.mean(tf.softplus(fake))), // log(1 - D(G(z))), which fades when D is sure
  },
  "least squares": {
    // Mao et al. (2017), equation 9
    discriminator: (real, fake) => tf.mul(0.5, tf.add(meanSquare(tf.sub(real, 1)), meanSquare(fake))),
    generator: (fake) => tf.mul(0.5, meanSquare(tf.sub(fake, 1))),
  },
  wasserstein: {
    // Arjovsky et al. (2017), algorithm 1
    discriminator: (real, fake) => tf.sub(tf.mean(fake), tf.mean(real)),
    generator: (fake) => tf.neg(tf.mean(fake)),
  },
};

/** Squared length of the discriminator's gradient at each point: (N, 2) to (N,). */
function squaredGradientNorm(discriminator, x) {
  const gradient = tf.grad((x) => tf.sum(discriminator(x)))(x); // (N, 2)
  return tf.sum(tf.square(gradient), 1);
}

/** Half the squared gradient norm at real points (Mescheder et al., 2018, equation 9, without its weight). */
function r1Penalty(discriminator, real) {
  return tf.mul(0.5, tf.mean(squaredGradientNorm(discriminator, real)));
}

/** (gradient norm - 1)² between real and generated points, where `mix` (N, 1) says (Gulrajani et al., 2017, eq. 3). */
function gradientPenalty(discriminator, real, fake, mix) {
  const between = tf.add(tf.mul(mix, real), tf.mul(tf.sub(1, mix), fake)); // (N, 2)
  const norm = tf.sqrt(tf.add(squaredGradientNorm(discriminator, between), 1e-12));
  return meanSquare(tf.sub(norm, 1));
}

/** KL divergence of N(mu, exp(logvar)) from N(0, 1) in nats for each number of the code: (N, d), (N, d) to (N, d). */
function klDivergence(mu, logvar) {
  return tf.mul(0.5, tf.sub(tf.add(tf.square(mu), tf.exp(logvar)), tf.add(1, logvar)));
}

/** -log p(x | z) in nats for N(output, sigma²), with its normalizer: (N, 2), (N, 2) to (N,). */
function gaussianNll(output, x, sigma) {
  const normalizer = 2 * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI)); // for two coordinates
  const distance = tf.div(tf.sub(x, output), sigma);
  return tf.add(tf.mul(0.5, tf.sum(tf.square(distance), 1)), normalizer);
}
