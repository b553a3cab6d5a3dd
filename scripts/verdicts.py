"""Write docs/verdicts.md and its picture from the recorded fights: `python scripts/verdicts.py`."""

from execution import ROOT

from course_utils.comparison.figures import picture
from course_utils.comparison.records import Fight
from course_utils.comparison.verdicts import table
from course_utils.data import IMAGE_SETS

RESULTS = ROOT / "benchmarks" / "results"
INTRODUCTION = """# What is said about GANs and VAEs, measured

![A row for each claim, with its numbers as marks and its verdict on each data set](verdicts.png)

Made by `python scripts/verdicts.py` from the runs that `python benchmarks/fair_fight.py` recorded; lesson
[07](../notebooks/07_gan_vs_vae.ipynb) discusses them. Both families have the same data, the same decoder, the same
number of latent dimensions and the same search for settings, made on digits. (The base of the GAN had come out of two
earlier rounds of search.) A comparison is ✓ only if every number of the one side lies on the right side of every
number of the other. ✗ only says that they are not separated in this direction: they may overlap, or be separated the
other way round. – says that a comparison was not made there. A claim holds if all its comparisons do, *in part* if
some do; it is *open* if one that could still decide was not made. The limits are our choice; near one of them a
verdict may flip.

Numbers are those of the digits, mean ± standard deviation over runs; the VAE's are of two sets of runs together, one
with as many images as the GAN and one with as much time. The last columns are the verdicts on each data set. With other
networks and settings they may differ.
"""


def recorded_fights() -> list[Fight]:
    return [Fight(RESULTS, name) for name in IMAGE_SETS]


def seeds_of(fight: Fight) -> tuple[str, str]:
    """Return with how many seeds the fight on a data set ran, and each setting of its grid."""
    runs = len(fight.of("gan"))
    cells = len({cell.seed for cell in fight.cells_of("gan")})
    return f"{runs} of {fight.title}", f"{cells} of {fight.title}"


def text() -> str:
    """Return docs/verdicts.md."""
    fights = recorded_fights()
    runs, cells = zip(*map(seeds_of, fights))
    recorded = f"Seeds of the fights: {', '.join(runs)}. Of each setting of the grid: {', '.join(cells)}."
    return f"{INTRODUCTION}\n{recorded}\n\n{table(fights)}\n"


def main() -> None:
    (ROOT / "docs" / "verdicts.md").write_text(text(), encoding="utf-8")
    picture(recorded_fights()).savefig(ROOT / "docs" / "verdicts.png", dpi=130)


if __name__ == "__main__":
    main()
