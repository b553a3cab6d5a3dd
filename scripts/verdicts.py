"""Write docs/verdicts.md and its picture from the recorded fights: `python scripts/verdicts.py`."""

from execution import ROOT

from course_utils.comparison.figures import picture
from course_utils.comparison.records import Fight
from course_utils.comparison.tables import samples_table, verdict_table
from course_utils.data import IMAGE_SETS

RESULTS = ROOT / "benchmarks" / "results"
INTRODUCTION = """# What is said about GANs and VAEs, measured

![A row for each comparison: its interval beside the smallest difference that matters, and what was found](verdicts.png)

Made by `python scripts/verdicts.py` from the runs that `python benchmarks/fair_fight.py` recorded; lesson
[07](../notebooks/07_gan_vs_vae.ipynb) discusses them. Both families have the same data, the same decoder, the same
search for settings, made on digits, and the same time on one core. Each is sampled twice: from its prior, and after
the step that it can take when training is over: for the VAE a prior fitted to the codes of the training images, for the
GAN whatever makes its samples best on validation images: its prior, a truncated one, or rejection by the discriminator.

A cell has the mean of the differences, paired by seed, with its 95 % interval over seeds and, for distances and
coverage, five judges. Distances, detours and seconds are log-ratios: 0.22 is a quarter more. A claim holds (✓) if the
whole interval lies beyond the smallest difference that matters, it does not hold (✗) if none of it does, and is
undecided (○) otherwise. The words in the picture describe the digits, and in one row MNIST. With other networks,
settings and data the verdicts may differ.
"""
SAMPLES = """## What the samples score

Mean ± half of the 95 % interval, over seeds and five judges. *Unlabelled* is measured in the features of a network that
was taught which way up an image is, and never saw a class. Real images score 1 × floor by definition; their
other scores are in the records.
"""


def recorded_fights() -> list[Fight]:
    return [Fight(RESULTS, name) for name in IMAGE_SETS]


def seeds_of(fight: Fight) -> tuple[str, str]:
    """Return with how many seeds the fight on a data set ran, and each setting of its grid."""
    runs = len(fight.of("gan"))
    cells = len({cell.seed for cell in fight.cells})
    return f"{runs} of {fight.title}", f"{cells} of {fight.title}"


def text() -> str:
    """Return docs/verdicts.md."""
    fights = recorded_fights()
    runs, cells = zip(*map(seeds_of, fights))
    recorded = f"Seeds of the fights: {', '.join(runs)}. Of each setting of the grid: {', '.join(cells)}."
    samples = "\n\n".join(map(samples_table, fights))
    return f"{INTRODUCTION}\n{recorded}\n\n{verdict_table(fights)}\n\n{SAMPLES}\n{samples}\n"


def main() -> None:
    (ROOT / "docs" / "verdicts.md").write_text(text(), encoding="utf-8")
    picture(recorded_fights()).savefig(ROOT / "docs" / "verdicts.png", dpi=130)


if __name__ == "__main__":
    main()
