"use strict";

/**
 * How points (pairs in an array) cover the modes of a mixture, as course_utils/metrics.py measures it (PacGAN, 2018).
 *
 * A point within 3 sigma of its nearest mode is of high quality; a mode counts from one such point on; kl is that of
 * the high-quality counts to uniform, in nats. Perfect samples score all modes, 0.989 and about 0.
 */
function modeCoverage(points, { centres, sigma }) {
  const counts = centres.map(() => 0);
  for (let i = 0; i < points.length; i += 2) {
    const distances = centres.map(([x, y]) => Math.hypot(points[i] - x, points[i + 1] - y));
    const nearest = Math.min(...distances);
    if (nearest < 3 * sigma) counts[distances.indexOf(nearest)] += 1;
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
