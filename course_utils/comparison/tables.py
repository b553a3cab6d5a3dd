"""Tables of the recorded fights, in Markdown: what samples score, and the verdicts."""

from collections.abc import Sequence

from torch import Tensor

from course_utils.claims import Interval, interval
from course_utils.comparison.records import Fight
from course_utils.comparison.verdicts import CLAIMS, SIGNS
from course_utils.show.tables import markdown

SAMPLES = {  # the samples of a fight: arm and way of sampling
    "GAN": ("gan", "usual"),
    "GAN, after the step": ("gan", "after"),
    "VAE": ("vae", "usual"),
    "VAE, fitted prior": ("vae", "after"),
    "the same VAE, N(0, I)": ("vae", "untouched"),
}
SCORES = {  # each with its path in a record
    "Fréchet, × floor": ("ratio",),
    "the same, unlabelled": ("unlabelled", "ratio"),
    "precision": ("precision",),
    "density": ("density",),
    "recall": ("recall",),
    "coverage": ("coverage",),
    "unlabelled coverage": ("unlabelled", "coverage"),
    "effective classes": ("classes",),
}


def samples_table(fight: Fight) -> str:
    """What the samples of each family score, with 95 % intervals over seeds and judges: a row for each way to draw."""
    rows = [[fight.title, *SCORES]]
    for name, sampled in SAMPLES.items():
        rows.append([name, *(with_half_width(fight.values(*sampled, *path)) for path in SCORES.values())])
    return markdown(rows)


def with_half_width(numbers: Tensor) -> str:
    """The mean of numbers (S,) or (S, J) and half the width of its interval."""
    found = interval(numbers)
    return f"{found.mean:.3g} ± {found.high - found.mean:.2g}"


def verdict_table(fights: Sequence[Fight]) -> str:
    """The verdicts: a row for each comparison, with its interval on each data set."""
    rows = [["", "claim", "what is compared", "matters from", *(fight.title for fight in fights)]]
    for number, claim in enumerate(CLAIMS, 1):
        for way, comparison in claim.comparisons.items():
            first = way == next(iter(claim.comparisons))
            cells = [described(comparison.interval(fight), comparison.verdict(fight)) for fight in fights]
            measure = f"{comparison.measure}, {way}" if way else comparison.measure
            head = [number, f"**{claim.says}**"] if first else ["", ""]
            rows.append([*head, measure, f"{comparison.matters:.2g}", *cells])
    return markdown(rows)


def described(found: Interval | None, verdict: str) -> str:
    """An interval and its verdict for a cell of a table."""
    if found is None:
        return SIGNS[verdict]
    return f"{SIGNS[verdict]} {found.mean:.2g} ({found.low:.2g} to {found.high:.2g})"
