"use strict";

const SPARSE = 95; // a place is sparse if more than 95 % of unseen digits' codes lie in more crowded ones

/** A trained model of the course: its decoder, and what is known of its codes. */
class Trained {
  /** @param key its name in models.js @param title what a reader calls it @param usual where its draws come from */
  constructor(key, title, usual) {
    const exported = EXPLORER.models[key];
    this.key = key;
    this.title = title;
    this.usual = usual;
    this.latentDim = exported.latent_dim;
    this.decoder = new Decoder(exported.layers);
    this.directions = rowsOf(exported.directions);
    this.ends = rowsOf(exported.ends);
    this.codes = exported.codes ? rowsOf(exported.codes) : []; // a GAN has no encoder
    this.prior = exported.prior ? new FittedPrior(exported.prior) : null;
  }

  decode(codes) {
    return this.decoder.decode(codes);
  }

  /** n codes of a seed, from "normal", N(0, I), or from the "fitted" prior. */
  draws(n, seed, from = this.usual) {
    const random = new Random(seed);
    const draw = from === "fitted" ? () => this.prior.draw(random) : () => random.normals(this.latentDim);
    return Array.from({ length: n }, draw);
  }

  /** A direction of z, of length 1: "main 1" is the one along which pictures change most, "z 1" the first number. */
  direction(name) {
    const [kind, number] = name.split(" ");
    if (kind === "main") return this.directions[number - 1];
    return Float32Array.from({ length: this.latentDim }, (_, i) => (i === number - 1 ? 1 : 0));
  }

  isSparse(z) {
    return this.prior !== null && this.prior.sparserThan(z) > SPARSE;
  }

  /** Where a code lies, in words. */
  place(z) {
    const usual = Number(Math.sqrt(this.latentDim).toFixed(1)); // of draws of N(0, I)
    const length = `length of z ${norm(z).toFixed(1)} (N(0, I): about ${usual})`;
    if (!this.prior) return length;
    const percent = this.prior.sparserThan(z);
    return `${length}, sparser than ${percent === 100 ? "more than 99" : percent} % of unseen digits' codes`;
  }
}

/** How sharp a picture is beside real digits, in words. */
function sharpnessInWords(pixels) {
  return `sharpness ${Math.round((100 * sharpness(pixels)) / EXPLORER.real.sharpness)} % of real`;
}
