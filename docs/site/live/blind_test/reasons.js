"use strict";

// What a round teaches: which clues gave the GAN's row away, in sentences made of what was measured in its two rows.

const TELLING = { // smaller differences are nothing to go by
  sharpness: sharpnessThatMatters(),
  readability: 0.05, // the twentieth that lesson 07 takes for accuracies
};
const MEANS = "A VAE draws the mean of what a code may stand for, and means are soft.";
const CODES = { // why reading tells what it tells, by the way of drawing and whose digits are easier to read
  usual: { GAN: "The GAN has practised on N(0, I), the VAE on other codes.", VAE: "" },
  after: { GAN: "", VAE: "The VAE draws now from where codes of real digits lie." },
};

/** The smallest difference that matters in lesson 07, as a share of real digits' sharpness. */
function sharpnessThatMatters() {
  const row = BLIND_TEST.lesson_07.rows.find(([, compared]) => compared.startsWith("sharpness"));
  return Number(row[2]);
}

/** Whose row has clearly more of something: "GAN", "VAE", or "" where the difference is nothing to go by. */
function clearlyMore(difference, telling) {
  if (Math.abs(difference) < telling) return "";
  return difference > 0 ? "GAN" : "VAE";
}

/** What each clue points to, from the measures of the GAN's row and of the VAE's. */
function cluesOf(gan, vae) {
  return {
    sharper: clearlyMore((gan.sharpness - vae.sharpness) / BLIND_TEST.real.sharpness, TELLING.sharpness),
    easier: clearlyMore(gan.readability - vae.readability, TELLING.readability),
  };
}

function edgesInWords(sharper, gan, vae) {
  const [ofGan, ofVae] = [gan, vae].map(({ sharpness }) => besideReal("sharpness", sharpness));
  const numbers = `the GAN's strokes are ${ofGan} as sharp as real ones, the VAE's ${ofVae}.`;
  if (sharper === "GAN") return `The edges give it away: ${numbers} ${MEANS}`;
  return `${sharper === "VAE" ? "The edges mislead" : "The edges are too alike to tell"}: ${numbers}`;
}

function readingInWords(easier, gan, vae, way) {
  const [ofGan, ofVae] = [gan, vae].map(({ readability }) => `${Math.round(100 * readability)} %`);
  const numbers = `a classifier is ${ofGan} sure of the GAN's digits, ${ofVae} of the VAE's.`;
  if (easier === "") return `Reading cannot tell: ${numbers}`;
  return `${easier === "GAN" ? "Reading helps" : "Reading misleads"}: ${numbers} ${CODES[way][easier]}`.trim();
}

/** Where the softest picture of a round is: its row, 0 or 1, and its place there, from 0. */
function softestOf(rows, pictures) {
  const all = rows.flatMap((row, place) => row.map((number, i) => ({ place, i, value: sharpness(pictures[number]) })));
  return all.reduce((least, each) => (each.value < least.value ? each : least));
}

function softestInWords({ place, i }, gan) {
  const owner = place === gan ? "GAN" : "VAE";
  return `The softest of all twenty is marked: number ${i + 1} of the ${PLACES[place]} row, the ${owner}'s.`;
}

/** Why the answer of a round is what it is: a sentence for each clue, and for a round in which neither helps. */
function reasonsOf({ way, gan, rows }, measured, pictures) {
  const [ofGan, ofVae] = [measured[gan], measured[1 - gan]];
  const { sharper, easier } = cluesOf(ofGan, ofVae);
  const softest = softestInWords(softestOf(rows, pictures), gan);
  const reasons = [`${edgesInWords(sharper, ofGan, ofVae)} ${softest}`, readingInWords(easier, ofGan, ofVae, way)];
  const helps = sharper === "GAN" || easier === "GAN";
  return helps ? reasons : [...reasons, "Neither clue could tell you: this round is a guess."];
}
