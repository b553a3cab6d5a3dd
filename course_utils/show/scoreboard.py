"""The scoreboard of the course: how far samples are from real ones, a row for each way to make them.

The distance is the Fréchet distance on test images of the digits, × floor: 1 is what other real images score. A lesson
draws what the lessons before it found, recorded over ten seeds by `make claims`, and adds its own rows.
"""

import json
import pathlib
from collections.abc import Mapping

import matplotlib.pyplot as plt

from course_utils.claims import collect
from course_utils.show.plots import GENERATED, PRIOR, REAL, show

RECORD = pathlib.Path(__file__).parents[2] / "benchmarks" / "results" / "scoreboard.json"
TICKS = (1, 2, 5, 10, 20, 50, 100)


def scoreboard(lesson: int, scores: Mapping[str, float]) -> None:
    """Draw the rows of all lessons so far, those of `scores` (name to × floor) in orange.

    Raises ValueError for a score that is not above 0.
    """
    for name, score in scores.items():
        if not score > 0:
            raise ValueError(f"expected scores above 0, in multiples of the floor, got {score} for {name!r}")
        collect(kind="score", lesson=lesson, name=name, score=float(score))
    rows = {name: found for earlier, name, found in recorded() if earlier < lesson}
    rows |= {name: [score] for name, score in scores.items()}
    names = sorted(rows, key=lambda name: -sum(rows[name]) / len(rows[name]))
    fig, axes = plt.subplots(figsize=(7, 0.8 + 0.28 * len(names)))
    for height, name in enumerate(names):
        colour = GENERATED if name in scores else PRIOR
        mean = sum(rows[name]) / len(rows[name])
        axes.hlines(height, min(rows[name]), max(rows[name]), color=colour, linewidth=3)
        axes.plot(mean, height, "D" if name in scores else "o", color=colour)
        axes.annotate(f"{mean:.3g}", (max(rows[name]), height), (8, 0), textcoords="offset points", va="center")
    axes.axvline(1, color=REAL)
    axes.annotate("other real images", (1, -0.45), (5, 0), textcoords="offset points", va="center", color=REAL)
    highest = max(max(found) for found in rows.values())
    axes.set(xscale="log", xlabel="Fréchet distance, × that of other real images", xlim=(0.8, max(250, 2 * highest)))
    axes.set_xticks(TICKS, TICKS)
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.8, len(names) - 0.4)
    axes.set_title("Scoreboard: further left is closer to real digits")
    in_words = "; ".join(f"{name} {sum(rows[name]) / len(rows[name]):.2g}" for name in names)
    show(fig, alt=f"Scoreboard, worst first, in multiples of what real images score: {in_words}.")


def recorded() -> list[tuple[int, str, list[float]]]:
    """The recorded rows: lesson, name and the scores of ten seeds."""
    if not RECORD.exists():
        return []
    return [(row["lesson"], row["name"], row["scores"]) for row in json.loads(RECORD.read_text(encoding="utf-8"))]
