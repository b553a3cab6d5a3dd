"""Exercise 1 of lesson 02: the best discriminator for two known densities."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, value

TINY, EMPTY = "densities around one millionth", "places where both are 0"


def observe_best_discriminator(function) -> Observation:
    """Answers at ordinary places, where one density is 0, where both are tiny, and where both are 0."""
    probes = {
        "ordinary densities": ([0.3, 0.1, 0.2, 0.8], [0.1, 0.4, 0.2, 1.5]),
        "places where one of the two is 0": ([0.0, 0.7], [0.5, 0.0]),
        TINY: ([1e-6, 3e-6], [3e-6, 1e-6]),
        EMPTY: ([0.0, 0.5], [0.0, 0.5]),
    }
    return {
        f"the answers for {name}": limited(function(torch.tensor(p), torch.tensor(q)))
        for name, (p, q) in probes.items()
    }


def limited(result) -> Tensor | str:
    """An observation without infinite numbers, in place of which `nan_to_num` puts the largest that there is."""
    seen = value(result)
    return seen if isinstance(seen, str) or seen.is_complex() else seen.float().clamp(-1e30, 1e30)


def share(p: Tensor, q: Tensor, empty: float = 0.5) -> Tensor:
    """The share of p in p + q, and another number where both are 0."""
    return torch.nan_to_num(p / (p + q), nan=empty)


def best_discriminator(p: Tensor, q: Tensor) -> Tensor:
    return share(p, q)


ODDS = "these are odds, p / q, which can exceed 1: a probability is the share p / (p + q)."
CUT_ODDS = "these are odds, p / q, cut off at 1: a probability is the share p / (p + q), and needs no limit."


def odds_with_fillings() -> list[Callable]:
    """The odds p / q with other numbers where they are nan, and where they are infinite or both."""
    fillings = (0.0, 0.5, 1.0)
    with_nan = [lambda p, q, nan=nan: torch.nan_to_num(p / q, nan=nan) for nan in fillings]
    everywhere = [lambda p, q, fill=fill: torch.where(q > 0, p / q, fill) for fill in fillings]
    both = [lambda p, q, nan=nan: torch.nan_to_num(p / q, nan=nan, posinf=1.0) for nan in fillings]
    return with_nan + everywhere + both


check_best_discriminator = Exercise(
    best_discriminator,
    observe_best_discriminator,
    {
        lambda p, q: p / (p + q): (
            "right wherever a sample can fall, but nan where both densities are 0 (0/0, or log 0 - log 0); put 1/2 "
            "there."
        ),
        lambda p, q: share(q, p): (
            "this is q / (p + q), the probability that the sample is generated; D is the probability that it is real."
        ),
        lambda p, q: q / (p + q): (
            "two things: this is the probability of generated, q / (p + q), and it is nan where both densities are 0."
        ),
        lambda p, q: p / q: ODDS,
        lambda p, q: p / (q + 1e-8): ODDS,
        lambda p, q: p / (q + 1e-12): ODDS,
        **{answer: ODDS for answer in odds_with_fillings()},
        lambda p, q: (p / q).clamp(0, 1): CUT_ODDS,
        lambda p, q: torch.nan_to_num(p / q, nan=0.5).clamp(0, 1): CUT_ODDS,
        lambda p, q: share(p, q, empty=0.0): (
            'where both densities are 0 this answers 0, which means "surely generated"; no opinion is 1/2.'
        ),
        lambda p, q: share(p, q, empty=1.0): (
            'where both densities are 0 this answers 1, which means "surely real"; no opinion is 1/2.'
        ),
        lambda p, q: p / (p + q + 1e-8): (
            "a small number in the denominator avoids nan, but answers 0 where both densities are 0 and changes the "
            "answer where they are tiny; treat 0/0 separately."
        ),
        lambda p, q: (p + 1e-8) / (p + q + 2e-8): (
            "small numbers above and below settle 0/0, but pull the answer towards 1/2 where both densities are tiny; "
            "treat 0/0 separately."
        ),
        lambda p, q: torch.log(p) - torch.log(q): (
            "this is log p - log q, the logit of the answer; its sigmoid is the probability."
        ),
        lambda p, q: torch.log(p / (p + q)): "this is the logarithm of the probability; leave out the log.",
        lambda p, q: torch.sigmoid(p - q): (
            "this is the sigmoid of p - q; the logit of the best answer is log p - log q, the difference of the logs."
        ),
        lambda p, q: p / ((p + q) / 2): "this compares p with the mean of the two densities; divide by their sum.",
        lambda p, q: (p > q).float(): (
            "this is the best guess, 0 or 1; the value asks for a probability, so answer with the share p / (p + q)."
        ),
        lambda p, q: p / (p + q).sum(): (
            "the denominator is summed over all places; each place has its own denominator p + q."
        ),
        lambda p, q: torch.where((p == 0) | (q == 0), 0.5, p / (p + q)): (
            "this answers 1/2 wherever one of the two is 0; only where both are 0 is there no opinion."
        ),
        lambda p, q: p: "this is the density of real samples itself; what counts is its share in p + q.",
    },
    hints={
        f"the answers for {TINY}": (
            "right for ordinary densities, wrong for tiny ones: a small number that was added, or a limit, is not "
            "small beside them. Treat only the places where both are exactly 0."
        ),
        f"the answers for {EMPTY}": (
            "right wherever a sample can fall, wrong at places where both densities are 0: answer 1/2 there."
        ),
    },
)
