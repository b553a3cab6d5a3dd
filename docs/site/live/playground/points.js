"use strict";

// The data sets of the plane, as course_utils/points.py and the playground of lesson 04 have them.

/** Equally likely Gaussians of one width, seen in a square from -limit to limit. */
class Mixture {
  constructor(centres, sigma, limit) {
    Object.assign(this, { centres, sigma, limit });
  }

  /** Draw n points: a Float32Array of n pairs. */
  sample(n, random) {
    const points = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const centre = this.centres[random.whole(this.centres.length)];
      points[2 * i] = centre[0] + this.sigma * random.normal();
      points[2 * i + 1] = centre[1] + this.sigma * random.normal();
    }
    return points;
  }
}

/** Eight Gaussians evenly spaced on the unit circle. */
function ring(sigma = 0.05) {
  const angles = Array.from({ length: 8 }, (_, i) => (2 * Math.PI * i) / 8);
  return new Mixture(angles.map((angle) => [Math.cos(angle), Math.sin(angle)]), sigma, 1.6);
}

/** Gaussians on a square lattice around the origin. */
function grid(side = 5, spacing = 2, sigma = 0.1) {
  const axis = Array.from({ length: side }, (_, i) => spacing * (i - (side - 1) / 2));
  return new Mixture(axis.flatMap((x) => axis.map((y) => [x, y])), sigma, 5.5);
}

/** Two interleaved half circles of radius 1, moved so that their middle is the origin; they are no mixture. */
const twoMoons = {
  centres: null,
  sigma: 0.05,
  limit: 1.8,
  sample(n, random) {
    const points = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const angle = Math.PI * random.uniform();
      const lower = i % 2;
      const sign = 1 - 2 * lower;
      points[2 * i] = sign * Math.cos(angle) + lower - 0.5 + this.sigma * random.normal();
      points[2 * i + 1] = sign * Math.sin(angle) + lower / 2 - 0.25 + this.sigma * random.normal();
    }
    return points;
  },
};

const DATA = { ring: ring(), grid: grid(), moons: twoMoons };

/** What a model learns from: 10,000 points of a data set, of which each step takes a few at random. */
class Points {
  constructor(data, random) {
    this.values = data.sample(10_000, random);
    this.random = random;
  }

  /** Draw n of the points: a tensor (n, 2). */
  batch(n) {
    const rows = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const row = this.random.whole(this.values.length / 2);
      rows[2 * i] = this.values[2 * row];
      rows[2 * i + 1] = this.values[2 * row + 1];
    }
    return tf.tensor2d(rows, [n, 2]);
  }
}

/** Standard normal numbers: a tensor (n, width). */
function normal(n, width, random) {
  return tf.tensor2d(random.normals(n * width), [n, width]);
}

/** Uniform numbers in [0, 1): a tensor (n, width). */
function uniform(n, width, random) {
  return tf.tensor2d(Float32Array.from({ length: n * width }, () => random.uniform()), [n, width]);
}
