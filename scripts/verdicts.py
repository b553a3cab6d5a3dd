"""Write docs/verdicts.md and its picture from the recorded fights: `python scripts/verdicts.py`."""

from execution import ROOT

from course_utils.fights import Fight
from course_utils.verdict_picture import picture
from course_utils.verdict_table import table

RESULTS = ROOT / "benchmarks" / "results"
DATASETS = ("digits", "mnist", "fashion_mnist")
INTRODUCTION = """# What is said about GANs and VAEs, measured

![A row for each claim, with its numbers as dots and its verdict on each data set](verdicts.png)

Made by `python scripts/verdicts.py` from the runs that `python benchmarks/fair_fight.py` recorded; lesson
[07](../notebooks/07_gan_vs_vae.ipynb) explains every row. Both families have the same data, the same decoder, the same
number of latent dimensions and the same search for settings, made on digits. A comparison is ✓ only if every number of
the one side lies on the right side of every number of the other; ✗ means that the two are not separated so, – that it
was not measured there. A claim holds if all its comparisons do, *in part* if some do.

Numbers are those of the digits, mean ± standard deviation over runs; the VAE's are of two sets of runs together, one
with as many images as the GAN and one with as much time. The last columns are the verdicts on each data set. With other
networks and settings they may differ.
"""


def text() -> str:
    """Return docs/verdicts.md."""
    fights = [Fight(RESULTS, name) for name in DATASETS]
    seeds = ", ".join(f"{len(fight.of('gan'))} seeds of {fight.dataset}" for fight in fights)
    return f"{INTRODUCTION}\nRecorded: {seeds}.\n\n{table(fights)}\n"


def main() -> None:
    (ROOT / "docs" / "verdicts.md").write_text(text(), encoding="utf-8")
    picture([Fight(RESULTS, name) for name in DATASETS]).savefig(ROOT / "docs" / "verdicts.png", dpi=130)


if __name__ == "__main__":
    main()
