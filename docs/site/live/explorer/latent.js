"use strict";

// Codes: their length, walks between them, and densities to draw them from.

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function norm(z) {
  return Math.sqrt(dot(z, z));
}

/** The sum of vectors, each times its weight: combine([0.5, a], [0.5, b]) is the middle of a and b. */
function combine(...terms) {
  return Float32Array.from(terms[0][1], (_, i) => terms.reduce((sum, [weight, z]) => sum + weight * z[i], 0));
}

/** Walk from code a to code b on a straight line, up to a position in [0, 1]. */
function lerp(a, b, position) {
  return combine([1 - position, a], [position, b]);
}

/** Walk from code a to code b along an arc, as latent.slerp does: direction and length change evenly. */
function slerp(a, b, position) {
  const [lengthA, lengthB] = [norm(a), norm(b)];
  const cosine = Math.max(-1, Math.min(1, dot(a, b) / (lengthA * lengthB)));
  const angle = Math.max(1e-3, Math.min(Math.PI - 1e-3, Math.acos(cosine)));
  const length = (1 - position) * lengthA + position * lengthB;
  const shareA = Math.sin((1 - position) * angle) / Math.sin(angle);
  const shareB = Math.sin(position * angle) / Math.sin(angle);
  return combine([(shareA * length) / lengthA, a], [(shareB * length) / lengthB, b]);
}

/** A mixture of Gaussians, fitted to the codes of training images. */
class FittedPrior {
  constructor({ shares, means, scale_tril, crowded }) {
    this.shares = numbersOf(shares);
    this.means = rowsOf(means);
    this.scales = rowsOf(scale_tril); // lower triangles, row by row
    this.crowded = numbersOf(crowded); // percentiles of the log-density at codes of unseen digits
  }

  /** Draw a code. @param {Random} random */
  draw(random) {
    const place = random.uniform();
    let [chosen, sum] = [0, this.shares[0]];
    while (sum < place && chosen < this.shares.length - 1) sum += this.shares[++chosen];
    const [mean, scale] = [this.means[chosen], this.scales[chosen]];
    const d = mean.length;
    const noise = random.normals(d);
    return mean.map((value, i) => value + dot(scale.subarray(i * d, i * d + i + 1), noise));
  }

  /** The log-density at a code, in nats. */
  logDensity(z) {
    const logs = this.means.map((mean, k) => Math.log(this.shares[k]) + logGaussian(z, mean, this.scales[k]));
    const most = Math.max(...logs);
    return most + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - most), 0));
  }

  /** The percentage of unseen digits' codes that lie in more crowded places than this code does, rounded up. */
  sparserThan(z) {
    const density = this.logDensity(z);
    return 100 - this.crowded.filter((limit, i) => i > 0 && limit <= density).length;
  }
}

/** The log-density of N(mean, L Lᵀ) at z, in nats; the lower triangle L comes row by row. */
function logGaussian(z, mean, lower) {
  const d = z.length;
  const white = new Float64Array(d); // L⁻¹ (z - mean)
  let logDeterminant = 0;
  for (let i = 0; i < d; i++) {
    let rest = z[i] - mean[i];
    for (let j = 0; j < i; j++) rest -= lower[i * d + j] * white[j];
    white[i] = rest / lower[i * d + i];
    logDeterminant += Math.log(lower[i * d + i]);
  }
  return -0.5 * (dot(white, white) + d * Math.log(2 * Math.PI)) - logDeterminant;
}
