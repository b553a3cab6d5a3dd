"use strict";

/** Random numbers of a seed: the same seed gives the same numbers (sfc32, by Chris Doty-Humphrey). */
class Random {
  /** @param {number} seed a whole number from 0 */
  constructor(seed) {
    this.words = new Uint32Array([0x9e3779b9, 0x243f6a88, seed, 1]);
    this.spare = null; // the second normal number of a pair
    for (let i = 0; i < 12; i++) this.bits(); // until the seed has reached all words
  }

  /** 32 random bits, as a whole number from 0. */
  bits() {
    const [a, b, c, counter] = this.words;
    const sum = (a + b + counter) >>> 0;
    this.words[0] = b ^ (b >>> 9);
    this.words[1] = c + (c << 3);
    this.words[2] = ((c << 21) | (c >>> 11)) + sum;
    this.words[3] = counter + 1;
    return sum;
  }

  /** A number in [0, 1). */
  uniform() {
    return this.bits() / 2 ** 32;
  }

  /** A whole number from 0 to n - 1. */
  whole(n) {
    return Math.floor(this.uniform() * n);
  }

  /** A number of the standard normal distribution, by the method of Box and Muller. */
  normal() {
    if (this.spare !== null) {
      const second = this.spare;
      this.spare = null;
      return second;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** n numbers of the standard normal distribution, as a Float32Array. */
  normals(n) {
    return Float32Array.from({ length: n }, () => this.normal());
  }
}
