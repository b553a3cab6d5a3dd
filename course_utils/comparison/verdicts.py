"""The verdicts of lesson 07: what texts say about GANs and VAEs, and what the recorded fight says of it.

A claim is a comparison: numbers paired by seed that should lie beyond the smallest difference that matters, which was
chosen before the fight and for a reason. It holds if the whole 95 % interval of their mean lies beyond, it does not if
none of the interval does, and is undecided otherwise. Claims about samples are put twice: to samples as they are
usually drawn, and to those after the step that each family can take when training is over.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.claims import Interval, interval
from course_utils.comparison.records import FAMILIES, Fight

HOLDS, FAILS, UNDECIDED, OPEN = "holds", "does not hold", "undecided", "not measured"
SIGNS = {HOLDS: "✓", FAILS: "✗", UNDECIDED: "○", OPEN: "–"}
Effect = Callable[[Fight], Tensor]  # numbers (S,) or (S, J), above 0 in favour of the claim
USUAL, AFTER = "as usually drawn", "after the step"


@dataclass(frozen=True)
class Comparison:
    """A measured difference, the smallest that matters and why, and in a few words what was found on the digits."""

    measure: str
    effect: Effect
    matters: float
    reason: str
    found: str

    def interval(self, fight: Fight) -> Interval | None:
        """The mean of the effect with its 95 % interval; None if it was not measured on this data set."""
        numbers = self.effect(fight)
        return interval(numbers) if len(numbers) > 1 else None

    def verdict(self, fight: Fight) -> str:
        """HOLDS, FAILS, UNDECIDED, or OPEN if it was not measured."""
        found = self.interval(fight)
        beyond = found.beyond(self.matters) if found else None
        if beyond is None:
            return UNDECIDED if found else OPEN
        return HOLDS if beyond else FAILS


@dataclass(frozen=True)
class Claim:
    """A statement of the texts, and what decides it: one comparison, or one for each way to draw samples."""

    says: str
    comparisons: Mapping[str, Comparison]

    def verdicts(self, fight: Fight) -> list[str]:
        return [comparison.verdict(fight) for comparison in self.comparisons.values()]


def excess(of: str, *path: str, log: bool = False) -> Effect:
    """By how much a measure is larger for one family than for the other, seed by seed; with `log` the log-ratio."""
    other = FAMILIES[1 - FAMILIES.index(of)]

    def effect(fight: Fight) -> Tensor:
        ours, theirs = fight.values(of, *path), fight.values(other, *path)
        return ours.log() - theirs.log() if log else ours - theirs

    return effect


def both_ways(
    measure: str, effect: Callable[[str], Effect], matters: float, reason: str, *found: str, judge: str = ""
) -> dict[str, Comparison]:
    """A comparison of samples as they are usually drawn, and the same after the step of each family."""
    ways = zip((USUAL, AFTER), ("usual", "after"), found, strict=True)
    comparisons = {label: Comparison(measure, effect(way), matters, reason, words) for label, way, words in ways}
    return {f"{label}, {judge}" if judge else label: comparison for label, comparison in comparisons.items()}


def sharper(way: str) -> Effect:
    """How much sharper the GAN's samples are, as a share of the sharpness of real images."""
    return lambda fight: excess("gan", way, "sharpness")(fight) / fight.real["sharpness"]


def unforgiving(fight: Fight) -> Tensor:
    """For each place of the grid: how much further the GAN falls behind its best than the VAE does, log-ratio."""
    grids = {family: fight.grid(family) for family in FAMILIES}
    behind = {
        family: {place: math.log(ratio / min(grid.values())) for place, ratio in grid.items()}
        for family, grid in grids.items()
    }
    return torch.tensor([behind["gan"][place] - behind["vae"][place] for place in behind["gan"]], dtype=torch.float64)


def better_told(fight: Fight) -> Tensor:
    """How much better the VAE's bound ranks the stages of training than the generator's loss does."""
    return fight.agreement("vae", "elbo", -1) - fight.agreement("gan", "g_loss")


def better_bound(fight: Fight) -> Tensor:
    """The bound of the VAE's decoder above that of the GAN's generator, both found by the same search, in nats."""
    return fight.bound("vae") - fight.bound("gan")


def dearer(fight: Fight) -> Tensor:
    """The seconds of a GAN's step over those of a VAE's, log-ratio, one number a round of timing."""
    return torch.tensor(fight.costs["step_ratios"], dtype=torch.float64).log()


QUARTER = math.log(1.25)
CLAIMS = (
    Claim("GAN samples are sharper.", both_ways(
        "sharpness, share of real", sharper, 0.1, "what a blur of a third of a pixel takes away",
        "GAN sharper", "GAN still sharper",
    )),
    Claim("GAN samples are closer to real ones.", both_ways(
        "Fréchet distance, VAE over GAN", lambda way: excess("vae", way, "ratio", log=True), QUARTER,
        "judges of other seeds differ by up to a quarter", "GAN far ahead", "VAE ahead",
    ) | both_ways(
        "the same in unlabelled features", lambda way: excess("vae", way, "unlabelled", "ratio", log=True), QUARTER,
        "as for distances", "GAN ahead; MNIST: VAE", "VAE ahead", judge="unlabelled judge",
    )),
    Claim("GAN samples are harder to detect.", both_ways(
        "detector at equal sharpness, VAE − GAN", lambda way: excess("vae", way, "detector_matched"), 0.05,
        "one image in twenty", "GAN, by little", "GAN, perhaps",
    )),
    Claim("VAE samples are more diverse.", both_ways(
        "coverage, VAE − GAN", lambda way: excess("vae", way, "coverage"), 0.05, "a twentieth of the real images",
        "GAN covers more", "VAE covers more",
    )),
    Claim("A VAE forgives its settings, a GAN does not.", {"": Comparison(
        "distance after the step over the family's best, GAN over VAE", unforgiving, QUARTER, "as for distances",
        "VAE loses less, perhaps",
    )}),
    Claim("Only the VAE's loss tells sample quality.", {"": Comparison(
        "rank correlation, later stages, −ELBO − G's loss", better_told, 0.2, "a tenth of the way from −1 to 1",
        "VAE's tells more, perhaps",
    )}),
    Claim("The VAE's latent space is smoother.", {"": Comparison(
        "detour of walks in features, GAN over VAE", excess("gan", "detour", log=True), math.log(1.1),
        "a tenth of the way", "VAE a little straighter",
    )}),
    Claim("The VAE's latent space is better organised.", {
        "class from z, accuracy": Comparison(
            "VAE − GAN", excess("vae", "linear_class"), 0.05, "one image in twenty", "class alike",
        ),
        "ink from z, R²": Comparison(
            "VAE − GAN", excess("vae", "linear_ink"), 0.05, "a twentieth of the variance", "ink better in the VAE",
        ),
    }),
    Claim("A VAE gives a better likelihood.", {"": Comparison(
        "searched bound in nats, VAE − GAN", better_bound, 10.0, "what doubling the VAE's training gains",
        "VAE's bound a little higher",
    )}),
    Claim("A GAN needs more computation.", {"": Comparison(
        "seconds a step, GAN over VAE", dearer, QUARTER, "timings differ by less", "a step costs double",
    )}),
)  # fmt: skip


def score_bets(bets: Mapping[int, bool], fight: Fight) -> str:
    """Say which bets on the claims, numbered from 1, were right; claims about samples as they are usually drawn.

    True bets that a claim holds, False that it does not; ... is no bet. Raises ValueError for a number that no claim
    has, or another bet.
    """
    placed = {number: bet for number, bet in bets.items() if bet is not ...}
    for number, bet in placed.items():
        check_bet(number, bet)
    if not placed:
        return "○ no bets yet."
    found: dict[str, list[int]] = {"right": [], "wrong": [], "undecided": []}
    for number, bet in placed.items():
        usual, *_ = CLAIMS[number - 1].verdicts(fight)
        how = "undecided" if usual in (UNDECIDED, OPEN) else "right" if bet == (usual == HOLDS) else "wrong"
        found[how].append(number)
    return "\n".join(f"{len(them)} {how}: {', '.join(map(str, them)) or 'none'}" for how, them in found.items())


def check_bet(number: int, bet: bool) -> None:
    if number not in range(1, len(CLAIMS) + 1):
        raise ValueError(f"expected bets on the claims 1 to {len(CLAIMS)}, got one on {number!r}")
    if not isinstance(bet, bool):  # 1 and 0 are no bets, though they equal True and False
        raise ValueError(f"expected True, False or ... as a bet, got {bet!r} for claim {number}")
