"""An exercise of lesson 04: how a set of points covers the modes of a mixture."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, several

SQUARE = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
SCATTERED = torch.tensor([[6.0, 1.0], [-3.0, 2.0], [2.0, -5.0], [0.0, 7.0], [-4.0, -4.0], [3.0, 4.0]])
NAMES = "modes, high_quality, kl"
MISSED = "when a mode has no point of high quality"
KL = "kl (the last of the three)"
CROWDS = {  # centres, how many good points are at each, sigma, and which centres have bad points not far off
    "for points at every mode": (SQUARE, (30, 20, 40, 1), 0.1, [0, 1, 1, 2, 3, 3, 3]),
    "for points at every one of six modes": (SCATTERED, (5, 9, 50, 12, 2, 7), 0.4, [0, 0, 1, 4, 5]),
    f"{MISSED}, the last one": (SQUARE, (30, 10, 25, 0), 0.2, [0, 1, 1, 2, 3, 3, 3]),
    f"{MISSED}, one in the middle": (SQUARE, (15, 0, 30, 20), 0.05, [0, 2, 3, 3]),
    f"{MISSED}, of six": (SCATTERED, (5, 0, 50, 12, 0, 7), 0.4, [0, 0, 1, 4, 5]),
}


def observe_mode_coverage(function) -> Observation:
    """The three numbers for points near 4 or 6 centres: all of them covered, the last missed, others missed."""
    noise = torch.Generator().manual_seed(0)
    seen = {}
    for name, (centres, counts, sigma, bad) in CROWDS.items():
        mode = torch.arange(len(centres)).repeat_interleave(torch.tensor(counts))  # (N,)
        good = centres[mode] + aside(len(mode), 0.03 * sigma, 2.87 * sigma, noise)
        near_miss = centres[bad] + aside(len(bad), 3.1 * sigma, 3.4 * sigma, noise)
        outside = centres[[0, 2, 3]] * torch.tensor([[1.7], [2.1], [5.0]])  # far beyond its mode, and beyond no other
        result = function(torch.cat([near_miss, good, outside]), centres, sigma)
        names = (f"{what} {name}" for what in ("modes (the first of the three)", "high_quality", KL))
        seen |= dict(zip(names, several(result, NAMES)))
    return seen


def aside(n: int, nearest: float, farthest: float, noise: torch.Generator) -> Tensor:
    """Steps (n, 2) in random directions, with lengths from the nearest to the farthest."""
    angle = 2 * math.pi * torch.rand(n, generator=noise)  # (n,)
    length = torch.linspace(nearest, farthest, n)  # (n,)
    return length[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def to_uniform(counts: Tensor) -> Tensor:
    """The KL of shares to uniform, from counts (K,)."""
    share = counts / counts.sum()
    return torch.xlogy(share, share * len(share)).sum()


def carelessly(counts: Tensor) -> Tensor:
    """The same without care for 0 times log 0."""
    share = counts / counts.sum()
    return (share * (share * len(share)).log()).sum()


def from_uniform(counts: Tensor) -> Tensor:
    share = counts / counts.sum()
    return -(share * len(share)).log().mean()


def entropy(counts: Tensor) -> Tensor:
    return math.log(len(counts)) - to_uniform(counts)


def up_to_last(counts: Tensor) -> Tensor:
    """Counts as `bincount` gives them without `minlength`."""
    return counts[: int(counts.nonzero().max()) + 1]


def coverage_of(points, centres, sigma, *, p=2.0, good=lambda d, s: d < 3 * s, seen=torch.gt, high_quality=torch.mean,
                kl=to_uniform, order=(0, 1, 2), all_points=()) -> tuple:  # fmt: skip
    """The three numbers with one thing changed; `all_points` names those that forget about quality."""
    distance, mode = torch.cdist(points, centres, p).min(1)  # (N,), (N,)
    near = good(distance, sigma)  # (N,)
    counts = torch.bincount(mode[near], minlength=len(centres)).float()  # (K,)
    every = torch.bincount(mode, minlength=len(centres)).float()  # (K,)
    modes = seen(every if "modes" in all_points else counts, 0).sum()
    found = modes, high_quality(near.float()), kl(every if "kl" in all_points else counts)
    return tuple(found[i] for i in order)


def of_all_points(points, centres, sigma) -> tuple:
    """Shares of all points instead of the good ones, so that they add up to less than 1."""
    modes, high_quality, _ = coverage_of(points, centres, sigma)
    counts = coverage_of(points, centres, sigma, kl=lambda counts: counts)[2]
    share = counts / len(points)
    return modes, high_quality, torch.xlogy(share, share * len(centres)).sum()


def mode_coverage(points: Tensor, centres: Tensor, sigma: float) -> tuple[int, float, float]:
    return coverage_of(points, centres, sigma)


FIXED_K = "kl has a fixed number in the place of K: the modes are as many as there are centres, `len(centres)`."
ORDER = "the three numbers come in the wrong order: modes, high_quality, kl."
COVERAGE_MISTAKES = {
    altered(coverage_of, good=lambda d, s: d < s): (
        "the radius is 3 sigma; this is 1 sigma, beyond which most good points lie."
    ),
    altered(coverage_of, good=lambda d, s: d < 2 * s): "the radius is 3 sigma; this is 2 sigma.",
    altered(coverage_of, good=lambda d, s: d**2 < 3 * s): (
        "a squared distance is compared with 3 sigma: take the root, or square the whole right side."
    ),
    altered(coverage_of, good=lambda d, s: d**2 < 3 * s**2): (
        "a squared distance is compared with 3 sigma²: the 3 must be squared too, (3 sigma)²."
    ),
    altered(coverage_of, good=lambda d, s: d < 3 * s**2): "sigma is the standard deviation already; do not square it.",
    altered(coverage_of, good=lambda d, s: d < 3 * s**0.5): (
        "sigma is the standard deviation already, not the variance: do not take its root."
    ),
    altered(coverage_of, good=lambda d, s: d < 3): "sigma is missing: a point is good within 3 sigma, not within 3.",
    altered(coverage_of, all_points=("kl",)): (
        "kl counts all points here, the bad ones too: count only those of high quality."
    ),
    altered(coverage_of, all_points=("modes",)): (
        "a mode counts here if it is the nearest of any point: it takes a point of high quality."
    ),
    altered(coverage_of, all_points=("modes", "kl")): (
        "modes and kl count all points here; both count only those of high quality."
    ),
    altered(coverage_of, kl=entropy): (
        "this is the entropy of the shares, which is largest when all is well; the KL to uniform is ln K - entropy."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(counts) / math.log(2)): (
        "kl is in bits: use the natural logarithm, not base 2."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(counts) / math.log(10)): (
        "kl has the logarithm of base 10: use the natural one, `log`."
    ),
    altered(coverage_of, kl=from_uniform): (
        "this is the KL in the other direction, of uniform to the shares, which is infinite as soon as one mode is "
        "missed; the shares come first."
    ),
    altered(coverage_of, kl=lambda counts: -to_uniform(counts)): "the sign of kl is wrong: a KL is never negative.",
    altered(coverage_of, kl=carelessly): (
        "right until a mode is missed: there 0 * log(0) is nan, and should be 0. `torch.xlogy` knows, or leave out the "
        "shares that are 0."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(counts[counts > 0])): (
        "kl compares with a uniform over the modes that were found, so that a collapse onto one mode scores a perfect "
        "0. Uniform means over all K modes."
    ),
    altered(coverage_of, kl=lambda counts: carelessly(counts[counts > 0])): (
        "kl compares with a uniform over the modes that were found, so that a collapse onto one mode scores a perfect "
        "0. Uniform means over all K modes."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(up_to_last(counts))): (
        "`bincount` stops at the last mode that has a point, so that K comes out too small: give it `minlength`."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(counts) / len(counts)): (
        "this is a mean over the modes (the default of `kl_div`); a KL is their sum."
    ),
    altered(coverage_of, kl=lambda counts: torch.xlogy(counts / counts.sum(), counts / counts.sum()).sum()): (
        "this is minus the entropy: the logarithm is of share over 1/K, so that ln K is missing."
    ),
    altered(coverage_of, high_quality=torch.sum): "high_quality is a count; divide by the number of points.",
    altered(coverage_of, high_quality=lambda near: 100 * near.mean()): (
        "high_quality is in percent; give the share, from 0 to 1."
    ),
    altered(coverage_of, high_quality=lambda near: 1 - near.mean()): (
        "this is the share of the bad points; high_quality is that of the good ones."
    ),
    altered(coverage_of, high_quality=lambda near: near.mean() / near.mean()): (
        "high_quality is always 1 here: the good points are divided by themselves, not by all points."
    ),
    altered(coverage_of, seen=lambda counts, zero: (counts > 0) / len(counts)): (
        "modes is a share of the modes here; give their number."
    ),
    altered(coverage_of, seen=torch.ge): "every mode counts here, even one without a point: it takes at least 1 point.",
    altered(coverage_of, seen=lambda counts, zero: counts > 1): (
        "a mode with a single point of high quality is left out: it counts from one point on."
    ),
    altered(coverage_of, p=math.inf): (
        "this is a box around each centre, |x| and |y| below 3 sigma: the distance is the root of the sum of squares."
    ),
    altered(coverage_of, p=1.0): (
        "this distance adds absolute differences: the Euclidean one is the root of the sum of squares."
    ),
    of_all_points: (
        "kl divides the counts by all points, so that the shares do not add up to 1: divide by the points of high "
        "quality."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(counts) / math.log(len(counts))): (
        "kl is divided by ln K, its largest value: leave it in nats."
    ),
    altered(coverage_of, kl=lambda counts: to_uniform(counts) - math.log(len(counts) / 4)): FIXED_K,
    altered(coverage_of, kl=lambda counts: to_uniform(counts) - math.log(len(counts) / 8)): FIXED_K,
    altered(coverage_of, kl=lambda counts: to_uniform(counts.softmax(0))): (
        "`softmax` does not make shares of counts: divide them by their sum."
    ),
    altered(coverage_of, order=(1, 0, 2)): ORDER,
    altered(coverage_of, order=(0, 2, 1)): ORDER,
    altered(coverage_of, order=(2, 1, 0)): ORDER,
}

check_mode_coverage = Exercise(
    mode_coverage,
    observe_mode_coverage,
    COVERAGE_MISTAKES,
    hints={
        f"{KL} {MISSED}, {where}": (
            "right when every mode has points, but kl is wrong when one has none: its share is 0, it adds 0 to the "
            "sum, and still counts among the K modes of the uniform."
        )
        for where in ("the last one", "one in the middle", "of six")
    },
)
