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
NEAR = 0.6  # who is nearer to training than unseen images in so many pairs copies


@dataclass(frozen=True)
class Comparison:
    """A measured difference, the smallest that matters and why, and in a few words what was found on the digits.

    With `within` the claim says that the difference is smaller than that.
    """

    measure: str
    effect: Effect
    matters: float
    reason: str
    found: str
    within: bool = False

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
        return HOLDS if beyond != self.within else FAILS


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
    """The VAE's bound above that of the GAN's generator with an encoder added, in nats."""
    return fight.values("vae", "elbo") - fight.values("gan", "elbo_afterwards")


def dearer(fight: Fight) -> Tensor:
    """The seconds of a GAN's step over those of a VAE's, log-ratio, one number a round of timing."""
    return torch.tensor(fight.costs["step_ratios"], dtype=torch.float64).log()


def nearness(fight: Fight) -> Tensor:
    """How much nearer to the training images than unseen images the samples of the worse family are, above one half.

    Nothing on a data set on which the same test misses a memoriser.
    """
    if fight.real["memoriser"] < NEAR:
        return torch.empty(0)
    return torch.stack([fight.values(family, "after", "nearer") for family in FAMILIES]).amax(0) - 0.5


QUARTER = math.log(1.25)
CLAIMS = (
    Claim("GAN samples are sharper.", both_ways(
        "sharpness, share of real", sharper, 0.1, "what a blur of a third of a pixel takes away",
        "GAN sharper", "GAN still sharper",
    )),
    Claim("GAN samples look more real.", both_ways(
        "Fréchet distance, VAE over GAN", lambda way: excess("vae", way, "ratio", log=True), QUARTER,
        "judges of other seeds differ by up to a quarter", "GAN far ahead", "VAE ahead",
    ) | both_ways(
        "the same in unlabelled features", lambda way: excess("vae", way, "unlabelled", "ratio", log=True), QUARTER,
        "as for distances", "GAN far ahead", "VAE ahead", judge="unlabelled judge",
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
        "rank correlation over stages, −ELBO − G's loss", better_told, 0.2, "a tenth of the way from −1 to 1",
        "both losses tell",
    )}),
    Claim("The VAE's latent space is smoother.", {"": Comparison(
        "detour of walks in features, GAN over VAE", excess("gan", "detour", log=True), math.log(1.1),
        "a tenth of the way", "VAE a little straighter",
    )}),
    Claim("The VAE's latent space is better organised.", {"": Comparison(
        "class from z, accuracy, VAE − GAN", excess("vae", "linear_class"), 0.05, "one image in twenty",
        "equally organised",
    )}),
    Claim("A VAE gives a better likelihood.", {"": Comparison(
        "bound in nats, VAE − GAN with an encoder added", better_bound, 10.0, "what doubling the VAE's training gains",
        "VAE, by far",
    )}),
    Claim("A GAN needs more computation.", {"": Comparison(
        "seconds a step, GAN over VAE", dearer, QUARTER, "timings differ by less", "a step costs double",
    )}),
    Claim("Both make new samples, not copies.", {"": Comparison(
        "pairs nearer to training than unseen images, above ½", nearness, NEAR - 0.5,
        "real images reach .05, a memoriser .15 and more", "no copies found", within=True,
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
