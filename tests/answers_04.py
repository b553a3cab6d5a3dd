"""Answers to lesson 04 as learners write them: wrong ones, each under a part of its message, and right ones."""

import math

import torch
from critic_answers import CLIP_WEIGHTS, GRADIENT_PENALTY, RIGHT_CLIPS, RIGHT_PENALTIES
from torch.nn.functional import kl_div

from course_utils.exercises import lesson_04


def coverage(good=lambda d, s: d < 3 * s, quality=lambda good: good.sum() / len(good), kl=None, minlength=True):
    """The exercise as a learner writes it, with one thing of their own."""

    def answer(points, centres, sigma):
        d = (points[:, None] - centres[None]).norm(dim=-1)
        distance, mode = d.min(dim=1)
        ok = good(distance, sigma)
        counts = torch.bincount(mode[ok], minlength=len(centres) if minlength else 0)
        p = counts / counts.sum()
        return (counts > 0).sum().item(), quality(ok).item(), (kl or proper)(p).item()

    return answer


def proper(p):
    q = p[p > 0]
    return (q * torch.log(q * len(p))).sum()


def shares_of_all(points, centres, sigma):
    mode = torch.cdist(points, centres).argmin(1)
    return torch.bincount(mode, minlength=len(centres)) / len(points)


def by_other_distance(distance):
    """The exercise with another measure of nearness, of differences (N, K, 2)."""

    def answer(points, centres, sigma):
        d, mode = distance(points.unsqueeze(1) - centres).min(dim=1)
        counts = torch.bincount(mode[d < 3 * sigma], minlength=len(centres))
        return int((counts > 0).sum()), (d < 3 * sigma).float().mean(), proper(counts / counts.sum())

    return answer


def counted(modes=lambda counts: (counts > 0).sum(), share=lambda counts, points: counts / counts.sum()):
    def answer(points, centres, sigma):
        d, mode = torch.cdist(points, centres).min(dim=1)
        counts = torch.bincount(mode[d < 3 * sigma], minlength=len(centres))
        return modes(counts), (d < 3 * sigma).float().mean(), proper(share(counts, points))

    return answer


def with_modes(count, kl_of_all=False):
    def answer(points, centres, sigma):
        modes, quality, kl = coverage()(points, centres, sigma)
        shares = shares_of_all(points, centres, sigma)
        return count(shares, modes), quality, proper(shares).item() if kl_of_all else kl

    return answer


MODE_COVERAGE = {
    "this is 1 sigma": coverage(lambda d, s: d < s),
    "this is 2 sigma": coverage(lambda d, s: d <= 2 * s),
    "a squared distance is compared with 3 sigma: take": coverage(lambda d, s: d.square() < 3 * s),
    "the 3 must be squared too": coverage(lambda d, s: d.square() < 3 * s**2),
    "do not square it": coverage(lambda d, s: d < 3 * s**2),
    "do not take its root": coverage(lambda d, s: d < 3 * math.sqrt(s)),
    "sigma is missing": coverage(lambda d, s: d < 3),
    "kl counts all points here": with_modes(lambda shares, modes: modes, kl_of_all=True),
    "a mode counts here if it is the nearest": with_modes(lambda shares, modes: (shares > 0).sum()),
    "modes and kl count all points": with_modes(lambda shares, modes: (shares > 0).sum(), kl_of_all=True),
    "this is the entropy": coverage(kl=lambda p: -(p[p > 0] * p[p > 0].log()).sum()),
    "kl is in bits": coverage(kl=lambda p: (p[p > 0] * (p[p > 0] * len(p)).log2()).sum()),
    "the logarithm of base 10": coverage(kl=lambda p: (p[p > 0] * (p[p > 0] * len(p)).log10()).sum()),
    "in the other direction": coverage(kl=lambda p: (1 / len(p) * (1 / len(p) / p).log()).sum()),
    "the sign of kl": coverage(kl=lambda p: -proper(p)),
    "right until a mode is missed": coverage(kl=lambda p: (p * (p.log() + math.log(len(p)))).sum()),
    "over the modes that were found": coverage(kl=lambda p: proper(p[p > 0])),
    "`bincount` stops at the last mode": coverage(minlength=False),
    "a mean over the modes": coverage(
        kl=lambda p: kl_div(torch.full_like(p, 1 / len(p)).log(), p, reduction="none").mean()
    ),
    "this is minus the entropy": coverage(kl=lambda p: (p[p > 0] * p[p > 0].log()).sum()),
    "high_quality is a count": coverage(quality=lambda good: good.sum()),
    "high_quality is in percent": coverage(quality=lambda good: 100 * good.float().mean()),
    "the share of the bad points": coverage(quality=lambda good: (~good).float().mean()),
    "high_quality is always 1": coverage(quality=lambda good: good.sum() / len(good[good])),
    "modes is a share": with_modes(lambda shares, modes: modes / len(shares)),
    "every mode counts here": with_modes(lambda shares, modes: len(shares)),
    "a mode with a single point": counted(modes=lambda counts: (counts >= 2).sum()),
    "this is a box around each centre": by_other_distance(lambda difference: difference.abs().amax(-1)),
    "this distance adds absolute differences": by_other_distance(lambda difference: difference.abs().sum(-1)),
    "kl divides the counts by all points": counted(share=lambda counts, points: counts / len(points)),
    "a fixed number in the place of K": coverage(kl=lambda p: (p[p > 0] * torch.log(8 * p[p > 0])).sum()),
    "kl is divided by ln K": coverage(kl=lambda p: proper(p) / math.log(len(p))),
    "`softmax` does not make shares": counted(share=lambda counts, points: torch.softmax(counts.float(), dim=0)),
    "in the wrong order": lambda *args: coverage()(*args)[::-1],
}

TRUTH = {"A": "collapse", "B": "vanishing gradient", "C": "oscillation"}
DIAGNOSES = {
    "A's discriminator is not sure": TRUTH | {"A": "vanishing gradient"},
    "A's points do move": {"A": "oscillation", "B": "collapse", "C": "collapse"},
    "B's points do miss the clouds": TRUTH | {"B": "Collapse", "C": ...},
    "B does not swing": {"A": ..., "B": "oscillation"},
    "C's points lie close together": TRUTH | {"C": "collapse"},
    "C's discriminator is never sure": TRUTH | {"C": "vanishing_gradient"},
}

EXERCISES = lesson_04
TESTED_ELSEWHERE = {"check_repair"}  # in test_repair.py, since it trains
WRONG = {
    "mode_coverage": MODE_COVERAGE,
    "gradient_penalty": GRADIENT_PENALTY,
    "clip_weights": CLIP_WEIGHTS,
    "diagnosis": DIAGNOSES,
}


def by_loop(points, centres, sigma):
    counts = [0] * len(centres)
    for point in points.tolist():
        distances = [math.dist(point, centre) for centre in centres.tolist()]
        if min(distances) < 3 * sigma:
            counts[distances.index(min(distances))] += 1
    total = sum(counts)
    kl = sum(c / total * math.log(c / total * len(counts)) for c in counts if c)
    return sum(c > 0 for c in counts), total / len(points), kl


def as_dictionary(points, centres, sigma):
    modes, high_quality, kl = coverage()(points, centres, sigma)
    return {"kl": kl, "high_quality": high_quality, "modes": modes}


RIGHT = [
    ("mode_coverage", by_loop),
    ("mode_coverage", coverage()),
    ("mode_coverage", coverage(kl=lambda p: math.log(len(p)) + torch.special.xlogy(p, p).sum())),
    ("mode_coverage", coverage(kl=lambda p: (p * torch.log(p * len(p) + 1e-10)).sum())),
    ("mode_coverage", coverage(kl=lambda p: kl_div(torch.full_like(p, 1 / len(p)).log(), p, reduction="sum"))),
    ("mode_coverage", lambda *args: torch.tensor(coverage()(*args))),
    *(("gradient_penalty", answer) for answer in RIGHT_PENALTIES),
    *(("clip_weights", answer) for answer in RIGHT_CLIPS),
    ("mode_coverage", as_dictionary),
    ("diagnosis", {"A": "Collapse", "B": "vanishing_gradient", "C": " oscillation"}),
    ("diagnosis", {"A": "mode collapse", "B": "Vanishing gradients.", "C": "oscillations"}),
    ("diagnosis", {"C": "oscillating", "B": "the vanishing-gradient", "A": "Mode-collapse"}),
]
