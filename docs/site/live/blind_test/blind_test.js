"use strict";

const DEFAULTS = { seed: 1, answers: "" }; // an answer is u or l: the upper or the lower row is the GAN's

/** The page: its state is the seed and the answers so far, and everything else follows from them. */
class BlindTest {
  constructor(pictures) {
    this.pictures = pictures;
    this.begin(readState(DEFAULTS));
    PLACES.forEach((place, i) => byId(place).addEventListener("click", () => this.answer(i)));
    byId("next").addEventListener("click", () => this.next());
    byId("again").addEventListener("click", () => {
      this.begin({ seed: this.state.seed + 1, answers: "" });
      byId("round").focus();
    });
  }

  begin({ seed, answers }) {
    this.state = {
      seed: Math.max(0, Math.min(2 ** 31, Math.round(seed))),
      answers: answers.replace(/[^ul]/g, "").slice(0, ROUNDS),
    };
    this.rounds = roundsOf(this.state.seed);
    this.measured = this.rounds.map(({ rows }) => rows.map((row) => measuresOf(row, this.pictures)));
    this.show();
  }

  get played() {
    return this.state.answers.length;
  }

  isRight(i) {
    return PLACES[this.rounds[i].gan][0] === this.state.answers[i];
  }

  get score() {
    return [...this.state.answers].filter((_, i) => this.isRight(i)).length;
  }

  answer(place) {
    this.state.answers += PLACES[place][0];
    const { gan } = this.rounds[this.played - 1];
    const right = this.isRight(this.played - 1) ? "✓ Right" : "✗ Wrong";
    byId("said").textContent = `${right}: the ${PLACES[gan]} row is the GAN's. ${this.score} of ${this.played} so far.`;
    PLACES.forEach((name, i) => (byId(`name-${name}`).textContent = `${titleOf(name)}: ${i === gan ? "GAN" : "VAE"}`));
    this.explain();
    byId("bets").hidden = true;
    byId("next").hidden = false;
    byId("next").textContent = this.played === ROUNDS ? "To the result" : "Next round";
    byId("next").focus();
    rememberState(this.state, DEFAULTS);
  }

  /** Say what the round that was just played shows, and mark the picture that is spoken of. */
  explain() {
    const round = this.rounds[this.played - 1];
    const reasons = reasonsOf(round, this.measured[this.played - 1], this.pictures);
    byId("why").replaceChildren(...reasons.map(listItem));
    const { place, i } = softestOf(round.rows, this.pictures);
    this.drawRow(byId(`row-${PLACES[place]}`), round.rows[place], i);
  }

  next() {
    this.show();
    byId(this.played === ROUNDS ? "result-title" : "round").focus();
  }

  /** Show the round that the answers have led to, or the result. */
  show() {
    rememberState(this.state, DEFAULTS);
    const over = this.played === ROUNDS;
    byId("game").hidden = over;
    byId("result").hidden = !over;
    byId("said").textContent = "";
    byId("why").replaceChildren();
    if (over) this.showResult();
    else this.showRound();
  }

  showRound() {
    const { way, rows } = this.rounds[this.played];
    byId("round").textContent = `Round ${this.played + 1} of ${ROUNDS}`;
    byId("drawn").textContent = WAYS[way];
    byId("next").hidden = true;
    byId("bets").hidden = false;
    PLACES.forEach((name, i) => {
      byId(`name-${name}`).textContent = titleOf(name);
      this.drawRow(byId(`row-${name}`), rows[i]);
    });
    fillRows(byId("numbers"), this.numbers(this.measured[this.played]));
  }

  /** Draw a row, with room below for a mark. */
  drawRow(canvas, row, marked = -1) {
    const pixels = new Float32Array(ROW * SIDE ** 2);
    row.forEach((place, i) => pixels.set(this.pictures[place], i * SIDE ** 2));
    drawPictures(canvas, pixels, { columns: ROW, marked: (i) => i === marked });
  }

  /** The measures of some rows, each beside that of real digits. */
  numbers(rows) {
    return Object.entries(MEASURES).map(([name, words]) => [words, ...rows.map((row) => besideReal(name, row[name]))]);
  }

  showResult() {
    const found = `You found the GAN in ${this.score} of ${ROUNDS} rounds`;
    const coin = `a tossed coin does as well or better in ${coinInWords(this.score)} of tests`;
    byId("score").textContent = `${found}; ${coin}.`;
    fillRows(byId("played"), this.rounds.map((round, i) => this.roundInWords(round, i)));
    fillRows(byId("rules"), this.rules());
    const real = BLIND_TEST.kinds.findIndex(([way]) => way === "real") * BLIND_TEST.shown;
    this.drawRow(byId("row-real"), BLIND_TEST.one_of_each.map((i) => real + i));
  }

  roundInWords({ gan }, i) {
    const bet = this.state.answers[i] === "u" ? "upper" : "lower";
    return [String(i + 1), bet, PLACES[gan], this.isRight(i) ? "✓" : "✗"];
  }

  /** What each rule scores: in the rounds of this seed, and in many rounds. */
  rules() {
    return Object.keys(RULES).map((name) => {
      const right = (way) => this.rounds.filter((round, i) => round.way === way && this.ruleIsRight(name, i)).length;
      const often = (way) => inPercent(BLIND_TEST.rules[way][name]);
      return [RULES[name], `${right("usual")} of 5`, `${right("after")} of 5`, often("usual"), often("after")];
    });
  }

  ruleIsRight(name, i) {
    const [upper, lower] = this.measured[i];
    return this.rounds[i].gan === (upper[name] > lower[name] ? 0 : 1);
  }
}

const WAYS = {
  usual:
    "Both start from N(0, I): each picture from a few random numbers, drawn one by one from the bell curve around 0. " +
    "But the VAE's settings are for a fitted prior, which it gets in round 6.",
  after:
    "Both after the step, something done once training is over: the VAE takes its random numbers from where the codes " +
    "of real digits lie, its fitted prior; the GAN shows only what its opponent, the discriminator, lets pass.",
};
const RULES = {
  sharpness: "the sharper row",
  readability: "the row that a classifier reads with more confidence",
  ink: "the row with more ink",
  variety: "the more varied row",
};

function byId(id) {
  return document.getElementById(id);
}

function listItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

function titleOf(place) {
  return `${place[0].toUpperCase()}${place.slice(1)} row`;
}

/** A share as it stands in prose and in tables. */
function inPercent(share) {
  return `${Number((100 * share).toFixed(1))} %`;
}

/** In which share of tests a tossed coin does as well: whole percent, or two significant digits below one percent. */
function coinInWords(right) {
  const percent = 100 * coinDoesAsWell(right, ROUNDS);
  return `${percent < 1 ? Number(percent.toPrecision(2)) : Math.round(percent)} %`;
}

/** The numbers of lesson 07, and what its detector says. */
function showLesson() {
  const { head, rows, detector, distances } = BLIND_TEST.lesson_07;
  fillHead(byId("lesson-head"), head);
  fillRows(byId("lesson"), rows);
  for (const way of ["usual", "untouched"]) byId(`distance-${way}`).textContent = distances[way].toPrecision(3);
  byId("blurred").textContent = inPercent(detector["blurred"]);
  byId("matched").textContent = inPercent(detector["blurred, equally sharp"]);
  byId("sharper-usual").textContent = inPercent(BLIND_TEST.rules.usual.sharpness);
  byId("sharper-after").textContent = inPercent(BLIND_TEST.rules.after.sharpness);
  byId("readable-usual").textContent = inPercent(BLIND_TEST.rules.usual.readability);
  byId("readable-after").textContent = inPercent(BLIND_TEST.rules.after.readability);
}

async function start() {
  showLesson();
  window.blindTest = new BlindTest(await picturesOfSheet());
  document.body.dataset.ready = "true";
}

start();
