"""An exercise of lesson 04: how a set of points covers the modes of a mixture."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, three

SQUARE = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
MISSED = "when a mode has no point of high quality"
KL = "kl (the last of the three)"


def observe_mode_coverage(function) -> Observation:
    """The three numbers for points near 4 centres: all covered, the last missed, one in the middle missed."""
    noise = torch.Generator().manual_seed(0)
    seen = {}
    for name, counts, sigma, bad in (
        ("for points at every mode", (30, 20, 40, 10), 0.1, [0, 1, 1, 2, 3, 3, 3]),
        (f"{MISSED}, the last one", (30, 10, 25, 0), 0.2, [0, 1, 1, 2, 3, 3, 3]),
        (f"{MISSED}, one in the middle", (15, 0, 30, 20), 0.05, [0, 2, 3, 3]),
    ):
        mode = torch.arange(4).repeat_interleave(torch.tensor(counts))  # (N,)
        good = SQUARE[mode] + aside(len(mode), 0.03 * sigma, 2.87 * sigma, noise)
        near_miss = SQUARE[bad] + aside(len(bad), 3.1 * sigma, 3.4 * sigma, noise)
        outside = SQUARE[[0, 2, 3]] * torch.tensor([[1.7], [2.1], [5.0]])  # far beyond its mode, and beyond no other
        result = function(torch.cat([near_miss, good, outside]), SQUARE.clone(), sigma)
        names = (f"{what} {name}" for what in ("modes (the first of the three)", "high_quality", KL))
        seen |= dict(zip(names, three(result, "modes, high_quality, kl")))
    return seen


def aside(n: int, nearest: float, farthest: float, noise: torch.Generator) -> Tensor:
    """Return steps (n, 2) in random directions, at least and at most so long."""
    angle, length = 2 * math.pi * torch.rand(n, generator=noise), torch.linspace(nearest, farthest, n)  # (n,), (n,)
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


def coverage_of(points, centres, sigma, *, good=lambda d, s: d < 3 * s, seen=torch.gt, high_quality=torch.mean,
                kl=to_uniform, order=(0, 1, 2), all_points=()) -> tuple:  # fmt: skip
    """The three numbers with one thing changed; `all_points` names those that forget about quality."""
    distance, mode = torch.cdist(points, centres).min(1)  # (N,), (N,)
    near = good(distance, sigma)  # (N,)
    counts, every = (torch.bincount(chosen, minlength=len(centres)).float() for chosen in (mode[near], mode))
    modes = seen(every if "modes" in all_points else counts, 0).sum()
    found = modes, high_quality(near.float()), kl(every if "kl" in all_points else counts)
    return tuple(found[i] for i in order)


def mode_coverage(points: Tensor, centres: Tensor, sigma: float) -> tuple[int, float, float]:
    return coverage_of(points, centres, sigma)


ORDER = "the three numbers come in the wrong order: modes, high_quality, kl."
COVERAGE_MISTAKES = {
    altered(
        coverage_of, good=lambda d, s: d < s
    ): "the radius is 3 sigma; this is 1 sigma, where most good points miss.",
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
        for where in ("the last one", "one in the middle")
    },
)
