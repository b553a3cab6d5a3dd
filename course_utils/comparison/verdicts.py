"""The verdicts of lesson 07: what texts say about GANs and VAEs, and what the recorded fight says of it.

A claim is a list of comparisons of two groups of numbers, one number for each run. A comparison is true only if every
number of the one group lies on the right side of every number of the other. All true: the claim holds. Some: it holds
in part. None: it does not hold here. What is left to taste is which comparisons there are, and their limits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from statistics import mean, stdev

from course_utils.comparison.records import Fight, Numbers
from course_utils.show.tables import markdown

HOLDS, PARTLY, FAILS, OPEN = "holds", "holds in part", "does not hold here", "open"
SIGNS = {HOLDS: "✓", PARTLY: "○", FAILS: "✗", OPEN: "–"}

Groups = Callable[[Fight], tuple[Numbers, Numbers]]


@dataclass(frozen=True)
class Comparison:
    """One comparison: `numbers` gives two groups of a fight, and the first must lie above or below the second."""

    measure: str
    numbers: Groups
    above: bool
    names: tuple[str, str] = ("GAN", "VAE")

    def holds(self, fight: Fight) -> bool | None:
        """Tell whether every number of the first group is on the right side of every number of the second.

        None stands for a measure that was not taken on this data set.
        """
        first, second = self.numbers(fight)
        if not (first and second) or any(map(isnan, [*first, *second])):
            return None
        return min(first) > max(second) if self.above else max(first) < min(second)


def both(name: str) -> Groups:
    """Return the function that takes one measure of GAN and VAE from a fight."""
    return lambda fight: (fight.gan(name), fight.vae(name))


def gaps(name: str) -> Groups:
    """Return the function that takes the distances of a measure from that of real images, of GAN and VAE."""
    return lambda fight: tuple([abs(x - fight.real[name]) for x in side(name)] for side in (fight.gan, fight.vae))


def beside(family: str, name: str) -> Groups:
    """Return the function that takes a measure of one family, and that of real images."""
    return lambda fight: (getattr(fight, family)(name), [fight.real[name]])


def against(family: str, name: str, limit: float) -> Groups:
    """Return the function that takes a measure of one family, and a limit."""
    return lambda fight: (getattr(fight, family)(name), [limit])


LIMIT = 0.8  # of a rank correlation that deserves the word "says"


def stages(family: str, loss: str, sign: int = 1) -> Groups:
    """Return the function that takes how well a loss ranks the stages of training as quality does, and the limit."""
    return lambda fight: (fight.agreement(family, loss, sign), [LIMIT])


def settings(family: str, loss: str, sign: int = 1) -> Groups:
    """Return the function that takes how well a last loss ranks settings as quality does, and the limit."""
    return lambda fight: (fight.agreement_of_grid(family, loss, sign), [LIMIT])


def beyond_pixels(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return the bound of the GAN's generator with an encoder, and what a model without any structure scores."""
    return fight.gan("elbo_afterwards"), [fight.real["independent_pixels"]]


def nearly_sharp(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return the sharpness of the GAN's samples, and nine tenths of that of real images."""
    return fight.gan("sharpness"), [0.9 * fight.real["sharpness"]]


def poor_cells(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return how many settings of the grid are far worse than the best."""
    return fight.poor_cells("gan"), fight.poor_cells("vae")


def diverged(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return how many runs ended in NaN or infinity."""
    return fight.diverged("gan"), fight.diverged("vae")


def candidates(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return how well the VAE's bound ranks the candidates of the search, and the limit."""
    return fight.agreement_of_search(), [LIMIT]


def as_good_as_a_vae(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return the seconds that GAN and VAE take until their samples are as good as those of the worst VAE at its end."""
    goal = max(stages["ratio"][-1] for stages in fight.vae("stages"))
    return fight.seconds_to("gan", goal), fight.seconds_to("vae", goal)


@dataclass(frozen=True)
class Claim:
    """A statement of the texts and the tests that it is put to."""

    says: str
    tests: Sequence[Comparison]

    def verdict(self, fight: Fight) -> str:
        """Return whether all comparisons are true, some, or none; open if one that could decide was not made."""
        held = {test.holds(fight) for test in self.tests}
        if {True, False} <= held:
            return PARTLY
        return OPEN if None in held else HOLDS if held == {True} else FAILS


CLAIMS = (
    Claim("GAN samples are sharper than VAE samples.", [Comparison("sharpness", both("sharpness"), True)]),
    Claim("VAE samples are blurry, GAN samples are not.", [
        Comparison("distance of sharpness from real", gaps("sharpness"), False),
        Comparison("sharpness beside real", beside("vae", "sharpness"), False, ("VAE", "real")),
        Comparison("sharpness, nine tenths of real or more", nearly_sharp, True, ("GAN", "limit")),
    ]),
    Claim("GAN samples look more real.", [
        Comparison("Fréchet distance, × floor", both("ratio"), False),
        Comparison("precision", both("precision"), True),
        Comparison("detector is right", both("detector"), False),
    ]),
    Claim("VAE samples are more diverse.", [
        Comparison("recall", both("recall"), False),
        Comparison("coverage", both("coverage"), False),
        Comparison("effective classes", both("classes"), False),
    ]),
    Claim("VAE training is stable, GAN training depends on its settings.", [
        Comparison("settings of nine worse than twice the best", poor_cells, True),
        Comparison("runs that ended in NaN or infinity", diverged, True),
    ]),
    Claim("The VAE's loss says how good its samples are.", [
        Comparison("ranks stages, above 0.8", stages("vae", "elbo", -1), True, ("−ELBO", "limit")),
        Comparison("ranks rates and batches, above 0.8", settings("vae", "elbo", -1), True, ("−ELBO", "limit")),
        Comparison("ranks candidates of the search, above 0.8", candidates, True, ("−ELBO", "limit")),
    ]),
    Claim("The GAN's losses do not.", [
        Comparison("ranks stages, below 0.8", stages("gan", "g_loss"), False, ("G's loss", "limit")),
        Comparison("ranks stages, below 0.8", stages("gan", "d_loss", -1), False, ("−D's loss", "limit")),
        Comparison("ranks rates and batches, below 0.8", settings("gan", "g_loss"), False, ("G's loss", "limit")),
        Comparison("ranks rates and batches, below 0.8", settings("gan", "d_loss", -1), False, ("−D's loss", "limit")),
    ]),
    Claim("The VAE's latent space is smooth, the GAN's is not.", [
        Comparison("largest step of a walk", both("largest_step"), True),
        Comparison("detour of a walk", both("detour"), True),
        Comparison("largest step of any walk, below a fifth", against("vae", "jump", 0.2), False, ("VAE", "limit")),
        Comparison("largest step of any walk, above a fifth", against("gan", "jump", 0.2), True, ("GAN", "limit")),
    ]),
    Claim("The VAE's latent space is organised, the GAN's is not.", [
        Comparison("ink from z, R²", both("linear_ink"), False),
        Comparison("slant from z, R²", both("linear_slant"), False),
        Comparison("class from z, accuracy", both("linear_class"), False),
        Comparison("ink from z, R², above one half", against("vae", "linear_ink", 0.5), True, ("VAE", "limit")),
        Comparison("ink from z, R², below one half", against("gan", "linear_ink", 0.5), False, ("GAN", "limit")),
    ]),
    Claim("Codes of one class lie together in a VAE, not in a GAN.", [
        Comparison("neighbours of the same class, by search", both("inverted_groups"), False),
        Comparison("the same, by an encoder added afterwards", both("added_groups"), False),
        Comparison("of codes of the prior, below 0.2", against("gan", "drawn_groups", 0.2), False, ("GAN", "limit")),
        Comparison("by its own encoder, above pixels", beside("vae", "groups"), True, ("VAE", "pixels")),
    ]),
    Claim("A VAE gives a likelihood, a GAN gives none.", [
        Comparison("bound with an encoder added, nats", both("elbo_afterwards"), False),
        Comparison("that bound, no better than pixels alone", beyond_pixels, False, ("GAN", "pixels")),
    ]),
    Claim("GANs need more computation.", [
        Comparison("seconds for a step", lambda f: tuple([f.costs["step_seconds"][k]] for k in ("gan", "vae")), True),
        Comparison("seconds to the worst VAE's quality", as_good_as_a_vae, True),
    ]),
    Claim("Both make new samples, not copies.", [
        Comparison("share nearer than 99 % of test images", against("gan", "close", 0.05), False, ("GAN", "limit")),
        Comparison("share nearer than 99 % of test images", against("vae", "close", 0.05), False, ("VAE", "limit")),
    ]),
)  # fmt: skip


def spread_of(numbers: Numbers) -> str:
    """Return mean ± standard deviation of a few numbers, or what there is of it."""
    if not numbers:
        return "–"
    if len(numbers) == 1 or inf in numbers:
        return f"{max(numbers):.3g}".replace("inf", "never")
    return f"{mean(numbers):.3g} ± {stdev(numbers):.2g}"


def table(fights: Sequence[Fight]) -> str:
    """Return the verdicts as a Markdown table: numbers of the first data set, verdicts of all."""
    rows = [["", "claim, and what was compared", "measured", "claimed to lie", *(fight.title for fight in fights)]]
    for number, claim in enumerate(CLAIMS, 1):
        verdicts = (f"{SIGNS[verdict]} {verdict}" for verdict in map(claim.verdict, fights))
        rows.append([number, f"**{claim.says}**", "", "", *verdicts])
        for test in claim.tests:
            groups = (f"{name} {spread_of(n)}" for name, n in zip(test.names, test.numbers(fights[0])))
            marks = {True: "✓", False: "✗", None: "–"}
            above = "above" if test.above else "below"
            first, second = groups
            rows.append(["", test.measure, first, f"{above} {second}", *(marks[test.holds(fight)] for fight in fights)])
    return markdown(rows)


def score_bets(bets: Mapping[int, bool | str], fight: Fight) -> str:
    """Return which bets on the claims, numbered from 1, were right.

    True bets that a claim holds, "in part" that it holds in part, False that it does not; ... is no bet. Raises
    ValueError for a number that no claim has, or another bet.
    """
    placed = {number: bet for number, bet in bets.items() if bet is not ...}
    if unknown := [number for number in placed if number not in range(1, len(CLAIMS) + 1)]:
        raise ValueError(f"expected bets on the claims 1 to {len(CLAIMS)}, got one on {unknown[0]!r}")
    if odd := [number for number, bet in placed.items() if not isinstance(bet, bool) and bet != "in part"]:
        raise ValueError(f'expected True, "in part", False or ... as a bet, got {placed[odd[0]]!r} for claim {odd[0]}')
    if not placed:
        return "○ no bets yet."
    outcomes: dict[str, list[int]] = {"right": [], "wrong": [], "not decided on these data": []}
    right, wrong, undecided = outcomes.values()
    for number, bet in placed.items():
        verdict = CLAIMS[number - 1].verdict(fight)
        won = verdict == {True: HOLDS, "in part": PARTLY, False: FAILS}[bet]
        (undecided if verdict == OPEN else right if won else wrong).append(number)
    return "\n".join(f"{len(those)} {how}: {', '.join(map(str, those)) or 'none'}" for how, those in outcomes.items())
