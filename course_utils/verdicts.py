"""The verdicts of lesson 07: what texts say about GANs and VAEs, and what the recorded fight says of it.

A claim is a list of tests; a test compares two groups of numbers, one for each seed, and holds only if every number of
the one lies on the right side of every number of the other. All tests true: the claim holds. Some: it holds with
conditions. None: it does not hold here. Nothing in between is left to taste.
"""

import json
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import mean, stdev

from course_utils.contest import rank_correlation

HOLDS, PARTLY, FAILS = "holds", "holds with conditions", "does not hold here"
SIGNS = {HOLDS: "✓", PARTLY: "○", FAILS: "✗"}
Numbers = list[float]


class Fight:
    """The recorded runs on one data set: `fight.gan("ratio")` and `fight.vae("ratio")` list a measure over the seeds.

    The VAE's list has both of its runs, that with as many images as the GAN and that with as much time.
    """

    def __init__(self, folder: str | pathlib.Path, dataset: str = "digits"):
        folder = pathlib.Path(folder)
        lines = [json.loads(line) for line in (folder / f"fight_{dataset}.jsonl").read_text().splitlines()]
        self.dataset, self.runs = dataset, [line for line in lines if line["job"][0] == "fight"]
        self.cells = [line for line in lines if line["job"][0] == "grid"]
        self.real = next(line for line in lines if line["job"][0] == "real")
        self.costs = json.loads((folder / "fight_costs.json").read_text())

    def of(self, arm: str) -> list[dict]:
        """Return the runs of an arm, or of both arms of the VAE."""
        return [run for run in self.runs if run["job"][2].startswith(arm)]

    def gan(self, name: str) -> Numbers:
        return [run[name] for run in self.of("gan")]

    def vae(self, name: str) -> Numbers:
        return [run[name] for run in self.of("vae")]

    def spread(self, arm: str) -> Numbers:
        """Return the standard deviation of the Fréchet distance over seeds as a share of its mean, a single number."""
        ratios = [run["ratio"] for run in self.of(arm)]
        return [stdev(ratios) / mean(ratios)]

    def worst(self, family: str) -> Numbers:
        """Return the worst Fréchet distance over the grid of rates and batch sizes, as a multiple of the best."""
        ratios = [cell["ratio"] or inf for cell in self.cells if cell["job"][2] == family]  # None if it diverged
        return [max(ratios) / min(ratios)] if ratios else []

    def agreement(self, arm: str, loss: str, sign: int = 1) -> Numbers:
        """Return, for each run, how well a loss ranks the stages of training as the Fréchet distance does."""
        stages = [run["stages"] for run in self.of(arm)]
        return [rank_correlation([sign * value for value in stage[loss]], stage["ratio"]) for stage in stages]

    def seconds_to(self, arm: str, ratio: float) -> Numbers:
        """Return, for each run, the seconds of one core until its samples were as good; infinite if they never were."""
        step = self.costs["step_seconds"][arm[:3]]
        return [
            next((at * step for at, r in zip(*(run["stages"][k] for k in ("step", "ratio"))) if r <= ratio), inf)
            for run in self.of(arm)
        ]


@dataclass(frozen=True)
class Test:
    """One comparison: `numbers` gives two groups of a fight, and the first must lie above or below the second."""

    measure: str
    numbers: Callable[[Fight], tuple[Numbers, Numbers]]
    above: bool
    names: tuple[str, str] = ("GAN", "VAE")

    def holds(self, fight: Fight) -> bool | None:
        """Tell whether every number of the first group is on the right side of every number of the second.

        None stands for a measure that was not taken on this data set.
        """
        first, second = self.numbers(fight)
        if not (first and second):
            return None
        return min(first) > max(second) if self.above else max(first) < min(second)


def both(name: str) -> Callable[[Fight], tuple[Numbers, Numbers]]:
    """Return the function that takes one measure of GAN and VAE from a fight."""
    return lambda fight: (fight.gan(name), fight.vae(name))


def gaps(name: str) -> Callable[[Fight], tuple[Numbers, Numbers]]:
    """Return the function that takes the distances of a measure from that of real images, of GAN and VAE."""
    return lambda fight: tuple([abs(x - fight.real[name]) for x in side(name)] for side in (fight.gan, fight.vae))


def as_good_as_a_vae(fight: Fight) -> tuple[Numbers, Numbers]:
    """Return the seconds that GAN and VAE take until their samples are as good as those that every VAE ends with."""
    goal = max(fight.vae("ratio"))
    return fight.seconds_to("gan", goal), fight.seconds_to("vae", goal)


@dataclass(frozen=True)
class Claim:
    """A statement of the texts and the tests that it is put to."""

    says: str
    tests: Sequence[Test]

    def verdict(self, fight: Fight) -> str:
        """Return whether the claim holds, holds with conditions, or does not hold here."""
        passed = [held for test in self.tests if (held := test.holds(fight)) is not None]
        return HOLDS if all(passed) else PARTLY if any(passed) else FAILS


CLAIMS = (
    Claim("GAN samples are sharper than VAE samples.", [Test("sharpness", both("sharpness"), True)]),
    Claim("VAE samples are blurry, GAN samples are not.", [
        Test("distance of sharpness from real", gaps("sharpness"), False),
        Test("sharpness beside real", lambda f: (f.vae("sharpness"), [f.real["sharpness"]]), False, ("VAE", "real")),
    ]),
    Claim("GAN samples look more real.", [
        Test("Fréchet distance, × floor", both("ratio"), False),
        Test("precision", both("precision"), True),
        Test("detector is right", both("detector"), False),
    ]),
    Claim("VAE samples are more diverse.", [
        Test("recall", both("recall"), False),
        Test("coverage", both("coverage"), False),
        Test("effective classes", both("classes"), False),
    ]),
    Claim("VAE training is stable, GAN training depends on seed and settings.", [
        Test("spread over seeds", lambda f: (f.spread("gan"), f.spread("vae, same images")), True),
        Test("worst of the grid, × best", lambda f: (f.worst("gan"), f.worst("vae")), True),
    ]),
    Claim("The VAE's loss says how good its samples are.", [
        Test("rank agreement, at least 0.8", lambda f: (f.agreement("vae", "elbo", -1), [0.8]), True, ("VAE", "limit")),
    ]),
    Claim("The GAN's losses do not.", [
        Test("generator's loss, below 0.8", lambda f: (f.agreement("gan", "g_loss"), [0.8]), False, ("GAN", "limit")),
        Test("discriminator's loss", lambda f: (f.agreement("gan", "d_loss", -1), [0.8]), False, ("GAN", "limit")),
    ]),
    Claim("The VAE's latent space is smooth, the GAN's is not.", [
        Test("largest step of a walk", both("largest_step"), True),
        Test("detour of a walk", both("detour"), True),
    ]),
    Claim("The GAN's latent space is unstructured.", [
        Test("class from z, linear", both("linear_class"), False),
        Test("ink from z, linear", both("linear_ink"), False),
        Test("slant from z, linear", both("linear_slant"), False),
    ]),
    Claim("Codes of one class lie together in a VAE, not in a GAN.", [
        Test("neighbours of the same class", lambda f: (f.gan("inverted_groups"), f.vae("groups")), False),
        Test("the same, both by inversion", both("inverted_groups"), False),
    ]),
    Claim("A VAE gives a likelihood, a GAN gives none.", [
        Test("bound with an encoder added, nats", both("elbo_afterwards"), False),
    ]),
    Claim("GANs need more computation.", [
        Test("seconds for a step", lambda f: tuple([f.costs["step_seconds"][k]] for k in ("gan", "vae")), True),
        Test("seconds to the VAE's best", as_good_as_a_vae, True),
    ]),
    Claim("Both make new samples, not copies.", [
        Test("nearest training image", lambda f: (f.gan("gap"), [0.9 * f.real["gap"]]), True, ("GAN", "0.9 × real")),
        Test("nearest training image", lambda f: (f.vae("gap"), [0.9 * f.real["gap"]]), True, ("VAE", "0.9 × real")),
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
    names = [fight.dataset.replace("_", "-") for fight in fights]
    rows = [["claim", "measured", "", "", *names], ["---"] * (4 + len(names))]
    for claim in CLAIMS:
        rows.append([f"**{claim.says}**", "", "", "", *(SIGNS[v] + " " + v for v in map(claim.verdict, fights))])
        for test in claim.tests:
            groups = (f"{name} {spread_of(n)}" for name, n in zip(test.names, test.numbers(fights[0])))
            marks = {True: "✓", False: "✗", None: "–"}
            rows.append(["", test.measure, *groups, *(marks[test.holds(fight)] for fight in fights)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
