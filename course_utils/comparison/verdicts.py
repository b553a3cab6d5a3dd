"""The verdicts of lesson 07: what texts say about GANs and VAEs, and what the recorded fight says of it.

A claim is a list of comparisons of two groups of numbers, one number for each run. A comparison is true only if every
number of the one group lies on the right side of every number of the other. All true: the claim holds. Some: it holds
in part. None: it does not hold here. What is left to taste is which comparisons there are, and their limits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan
from statistics import mean, stdev

from course_utils.comparison.records import Fight, Numbers
from course_utils.show.tables import markdown

HOLDS, PARTLY, FAILS, OPEN = "holds", "holds in part", "does not hold here", "open"
SIGNS = {HOLDS: "✓", PARTLY: "○", FAILS: "✗", OPEN: "–"}
ABOVE, BELOW = "above", "below"


@dataclass(frozen=True)
class Group:
    """Numbers that can be taken from a fight, and their name in the table."""

    name: str
    of: Callable[[Fight], Numbers]


@dataclass(frozen=True)
class Comparison:
    """A measure in which all numbers of one group are said to lie above, or below, all numbers of another."""

    measure: str
    first: Group
    side: str
    second: Group

    @property
    def groups(self) -> tuple[Group, Group]:
        return self.first, self.second

    def holds(self, fight: Fight) -> bool | None:
        """Tell whether they do; None if the measure was not taken on this data set."""
        first = self.first.of(fight)
        second = self.second.of(fight)
        if not first or not second or any(map(isnan, first + second)):
            return None
        if self.side == ABOVE:
            return min(first) > max(second)
        return max(first) < min(second)


@dataclass(frozen=True)
class Claim:
    """A statement of the texts and the comparisons that decide it."""

    says: str
    tests: Sequence[Comparison]

    def verdict(self, fight: Fight) -> str:
        """HOLDS, PARTLY or FAILS: all comparisons are true, some, or none. OPEN if one that could decide is missing."""
        held = {test.holds(fight) for test in self.tests}
        if {True, False} <= held:
            return PARTLY
        if None in held:
            return OPEN
        return HOLDS if held == {True} else FAILS


def of_family(family: str, measure: str | Callable[[Fight, str], Numbers]) -> Group:
    """A recorded measure of a family's runs, or what a function makes of the fight and the family."""
    if callable(measure):
        return Group(family.upper(), lambda fight: measure(fight, family))
    return Group(family.upper(), lambda fight: [run[measure] for run in fight.of(family)])


gan = partial(of_family, "gan")
vae = partial(of_family, "vae")


def real(measure: str, name: str = "real", share: float = 1.0) -> Group:
    """What real images score, or a share of it."""
    return Group(name, lambda fight: [share * fight.real[measure]])


def limit(number: float) -> Group:
    return Group("limit", lambda fight: [number])


def sharpness_gap(fight: Fight, family: str) -> Numbers:
    """How far the sharpness of each run's samples is from that of real images."""
    return [abs(run["sharpness"] - fight.real["sharpness"]) for run in fight.of(family)]


def step_seconds(fight: Fight, family: str) -> Numbers:
    return [fight.costs["step_seconds"][family]]


def as_good_as_a_vae(fight: Fight, family: str) -> Numbers:
    """The seconds that each run of a family takes to samples as good as the last ones of the worst VAE."""
    worst = max(stages["ratio"][-1] for stages in fight.vae("stages"))
    return fight.seconds_to(family, worst)


LOSSES = {"−ELBO": ("vae", "elbo", -1), "G's loss": ("gan", "g_loss", 1), "−D's loss": ("gan", "d_loss", -1)}
SAYS = limit(0.8)  # a rank correlation that deserves the word


def stages(loss: str) -> Group:
    """How well a loss ranks the stages of each run as quality does."""
    return Group(loss, lambda fight: fight.agreement(*LOSSES[loss]))


def settings(loss: str) -> Group:
    """How well a loss ranks the settings of the grid as quality does."""
    return Group(loss, lambda fight: fight.agreement_of_grid(*LOSSES[loss]))


CLAIMS = (
    Claim("GAN samples are sharper than VAE samples.", [
        Comparison("sharpness", gan("sharpness"), ABOVE, vae("sharpness")),
    ]),
    Claim("VAE samples are blurry, GAN samples are not.", [
        Comparison("distance of sharpness from real", gan(sharpness_gap), BELOW, vae(sharpness_gap)),
        Comparison("sharpness beside real", vae("sharpness"), BELOW, real("sharpness")),
        Comparison("sharpness, nine tenths of real or more", gan("sharpness"), ABOVE, real("sharpness", "limit", 0.9)),
    ]),
    Claim("GAN samples look more real.", [
        Comparison("Fréchet distance, × floor", gan("ratio"), BELOW, vae("ratio")),
        Comparison("precision", gan("precision"), ABOVE, vae("precision")),
        Comparison("detector is right", gan("detector"), BELOW, vae("detector")),
    ]),
    Claim("VAE samples are more diverse.", [
        Comparison("recall", gan("recall"), BELOW, vae("recall")),
        Comparison("coverage", gan("coverage"), BELOW, vae("coverage")),
        Comparison("effective classes", gan("classes"), BELOW, vae("classes")),
    ]),
    Claim("VAE training is stable, GAN training depends on its settings.", [
        Comparison("settings of nine worse than twice the best", gan(Fight.poor_cells), ABOVE, vae(Fight.poor_cells)),
        Comparison("runs that ended in NaN or infinity", gan(Fight.diverged), ABOVE, vae(Fight.diverged)),
    ]),
    Claim("The VAE's loss says how good its samples are.", [
        Comparison("ranks stages, above 0.8", stages("−ELBO"), ABOVE, SAYS),
        Comparison("ranks rates and batches, above 0.8", settings("−ELBO"), ABOVE, SAYS),
        Comparison("ranks candidates of the search, above 0.8", Group("−ELBO", Fight.agreement_of_search), ABOVE, SAYS),
    ]),
    Claim("The GAN's losses do not.", [
        Comparison("ranks stages, below 0.8", stages("G's loss"), BELOW, SAYS),
        Comparison("ranks stages, below 0.8", stages("−D's loss"), BELOW, SAYS),
        Comparison("ranks rates and batches, below 0.8", settings("G's loss"), BELOW, SAYS),
        Comparison("ranks rates and batches, below 0.8", settings("−D's loss"), BELOW, SAYS),
    ]),
    Claim("The VAE's latent space is smooth, the GAN's is not.", [
        Comparison("largest step of a walk", gan("largest_step"), ABOVE, vae("largest_step")),
        Comparison("detour of a walk", gan("detour"), ABOVE, vae("detour")),
        Comparison("largest step of any walk, below a fifth", vae("jump"), BELOW, limit(0.2)),
        Comparison("largest step of any walk, above a fifth", gan("jump"), ABOVE, limit(0.2)),
    ]),
    Claim("The VAE's latent space is organised, the GAN's is not.", [
        Comparison("ink from z, R²", gan("linear_ink"), BELOW, vae("linear_ink")),
        Comparison("slant from z, R²", gan("linear_slant"), BELOW, vae("linear_slant")),
        Comparison("class from z, accuracy", gan("linear_class"), BELOW, vae("linear_class")),
        Comparison("ink from z, R², above one half", vae("linear_ink"), ABOVE, limit(0.5)),
        Comparison("ink from z, R², below one half", gan("linear_ink"), BELOW, limit(0.5)),
    ]),
    Claim("Codes of one class lie together in a VAE, not in a GAN.", [
        Comparison("neighbours of the same class, by search", gan("inverted_groups"), BELOW, vae("inverted_groups")),
        Comparison("the same, by an encoder added afterwards", gan("added_groups"), BELOW, vae("added_groups")),
        Comparison("of codes of the prior, below 0.2", gan("drawn_groups"), BELOW, limit(0.2)),
        Comparison("by its own encoder, above pixels", vae("groups"), ABOVE, real("groups", "pixels")),
    ]),
    Claim("A VAE gives a likelihood, a GAN gives none.", [
        Comparison("bound with an encoder added, nats", gan("elbo_afterwards"), BELOW, vae("elbo_afterwards")),
        Comparison("that bound, no better than pixels alone", gan("elbo_afterwards"), BELOW,
                   real("independent_pixels", "pixels")),
    ]),
    Claim("GANs need more computation.", [
        Comparison("seconds for a step", gan(step_seconds), ABOVE, vae(step_seconds)),
        Comparison("seconds to the worst VAE's quality", gan(as_good_as_a_vae), ABOVE, vae(as_good_as_a_vae)),
    ]),
    Claim("Both make new samples, not copies.", [
        Comparison("share nearer than 99 % of test images", gan("close"), BELOW, limit(0.05)),
        Comparison("share nearer than 99 % of test images", vae("close"), BELOW, limit(0.05)),
    ]),
)  # fmt: skip


def spread_of(numbers: Numbers) -> str:
    """Mean ± standard deviation; a single number alone, "never" if one is infinite, – for none."""
    if not numbers:
        return "–"
    if inf in numbers:
        return "never"
    if len(numbers) == 1:
        return f"{numbers[0]:.3g}"
    return f"{mean(numbers):.3g} ± {stdev(numbers):.2g}"


def table(fights: Sequence[Fight]) -> str:
    """The verdicts as a Markdown table: numbers of the first data set, verdicts of all."""
    marks = {True: "✓", False: "✗", None: "–"}
    rows = [["", "claim, and what was compared", "measured", "claimed to lie", *(fight.title for fight in fights)]]
    for number, claim in enumerate(CLAIMS, 1):
        verdicts = [claim.verdict(fight) for fight in fights]
        rows.append([number, f"**{claim.says}**", "", "", *(f"{SIGNS[verdict]} {verdict}" for verdict in verdicts)])
        for test in claim.tests:
            first, second = (f"{group.name} {spread_of(group.of(fights[0]))}" for group in test.groups)
            held = [marks[test.holds(fight)] for fight in fights]
            rows.append(["", test.measure, first, f"{test.side} {second}", *held])
    return markdown(rows)


BETS = {True: HOLDS, "in part": PARTLY, False: FAILS}


def score_bets(bets: Mapping[int, bool | str], fight: Fight) -> str:
    """Say which bets on the claims, numbered from 1, were right.

    True bets that a claim holds, "in part" that it holds in part, False that it does not; ... is no bet. Raises
    ValueError for a number that no claim has, or another bet.
    """
    placed = {number: bet for number, bet in bets.items() if bet is not ...}
    for number, bet in placed.items():
        check_bet(number, bet)
    if not placed:
        return "○ no bets yet."
    right = []
    wrong = []
    undecided = []
    for number, bet in placed.items():
        verdict = CLAIMS[number - 1].verdict(fight)
        if verdict == OPEN:
            undecided.append(number)
        elif verdict == BETS[bet]:
            right.append(number)
        else:
            wrong.append(number)
    lines = [counted(right, "right"), counted(wrong, "wrong")]
    if undecided:
        lines.append(counted(undecided, "not decided on these data"))
    return "\n".join(lines)


def check_bet(number: int, bet: bool | str) -> None:
    if number not in range(1, len(CLAIMS) + 1):
        raise ValueError(f"expected bets on the claims 1 to {len(CLAIMS)}, got one on {number!r}")
    if not isinstance(bet, bool) and bet != "in part":  # 1 and 0 are no bets, though they equal True and False
        raise ValueError(f'expected True, "in part", False or ... as a bet, got {bet!r} for claim {number}')


def counted(numbers: Sequence[int], how: str) -> str:
    return f"{len(numbers)} {how}: {', '.join(map(str, numbers)) or 'none'}"
