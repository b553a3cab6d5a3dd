"use strict";

const ROUNDS = 10;
const ROW = 10;
const FAMILIES = ["GAN", "VAE"];
const PLACES = ["upper", "lower"];

/** The numbers 0 to n - 1 in a random order. */
function shuffled(n, random) {
  const numbers = [...Array(n).keys()];
  for (let i = n - 1; i > 0; i--) {
    const j = random.whole(i + 1);
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers;
}

/** The rounds of a seed: how the rows were drawn, which is the GAN's, and the places of their pictures on the sheet.
 *
 * In the first half both families draw from N(0, I), in the second half after their step. No picture is shown twice.
 */
function roundsOf(seed) {
  const random = new Random(seed);
  return ["usual", "after"].flatMap((way) => {
    const orders = FAMILIES.map((family) => {
      const first = BLIND_TEST.kinds.findIndex((kind) => kind[0] === way && kind[1] === family) * BLIND_TEST.shown;
      return shuffled(BLIND_TEST.shown, random).map((number) => first + number);
    });
    return Array.from({ length: ROUNDS / 2 }, (_, i) => {
      const rows = orders.map((order) => order.slice(ROW * i, ROW * (i + 1)));
      const gan = random.whole(2); // 0: its row is the upper one
      return { way, gan, rows: gan === 0 ? rows : rows.reverse() };
    });
  });
}

/** In which share of tests a tossed coin is right in at least so many of n rounds. */
function coinDoesAsWell(right, n) {
  let share = 0;
  let ways = 1; // to be right k times
  for (let k = 0; k <= n; k++) {
    if (k >= right) share += ways / 2 ** n;
    ways *= (n - k) / (k + 1);
  }
  return share;
}
