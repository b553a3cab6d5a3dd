"use strict";

/** The centre that is nearest to a place, and its distance. */
function nearest(x, y, centres) {
  let mode = 0;
  let least = Infinity; // of the squared distances
  for (let k = 0; k < centres.length; k++) {
    const [dx, dy] = [x - centres[k][0], y - centres[k][1]];
    const squared = dx * dx + dy * dy;
    if (squared < least) [mode, least] = [k, squared];
  }
  return { mode, distance: Math.sqrt(least) };
}

/**
 * How points (pairs in an array) cover the modes of a mixture, as course_utils/metrics.py measures it (PacGAN, 2018).
 *
 * A point within 3 sigma of its nearest mode is of high quality; a mode counts from one such point on; kl is that of
 * the high-quality counts to uniform, in nats. Perfect samples score all modes, 0.989 and about 0.
 */
function modeCoverage(points, { centres, sigma }) {
  const counts = centres.map(() => 0);
  for (let i = 0; i < points.length; i += 2) {
    const { mode, distance } = nearest(points[i], points[i + 1], centres);
    if (distance < 3 * sigma) counts[mode] += 1;
  }
  const good = counts.reduce((sum, count) => sum + count, 0);
  const shares = counts.map((count) => count / Math.max(good, 1));
  const terms = shares.map((share) => (share > 0 ? share * Math.log(share * centres.length) : 0));
  return {
    modes: counts.filter((count) => count > 0).length,
    highQuality: (2 * good) / points.length,
    kl: good > 0 ? terms.reduce((sum, term) => sum + term, 0) : Infinity,
  };
}
