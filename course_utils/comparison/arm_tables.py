"""Tables of the recorded arms of lesson 08, in Markdown: means over seeds, judges and draws of labels."""

from collections.abc import Mapping

import torch

from course_utils.comparison.arms import Arms
from course_utils.show.tables import markdown

NO_ORDERS = {("gan", "usual"), ("gan long", "usual"), ("vae", "usual")}  # what draws whatever class comes
HYBRID = {  # a measure of samples and of copies, with its path in a record
    "samples from N(0, I), × floor": ("usual", "ratio"),
    "from a fitted prior, × floor": ("fitted", "ratio"),
    "their sharpness": ("fitted", "sharpness"),
    "copies: error, pixels": ("rebuilt", "error"),
    "copies: error, features": ("rebuilt", "error_unlabelled"),
    "copies: class kept": ("rebuilt", "kept"),
}


def label_table(arms: Arms, rows: Mapping[str, tuple[str, str]]) -> str:
    """A row for each way to draw classes, its arm and way by its name: distance, obedience, and the classes alone."""
    heads = ["", "distance, × floor", "is the digit asked for", "distance in the class, × real", "coverage", "recall"]
    real = {of: torch.tensor(arms.real[of]).mean() for of in ("accuracy", "frechet", "coverage", "recall")}
    table = [heads]
    for name, (arm, way) in rows.items():
        score = {of: arms.values(arm, way, of).mean() for of in real}
        by_class = [score["accuracy"], score["frechet"] / real["frechet"], score["coverage"], score["recall"]]
        cells = ["–"] * 4 if (arm, way) in NO_ORDERS else [f"{value:.2f}" for value in by_class]
        table.append([name, f"{arms.values(arm, way, 'ratio').mean():.2f}", *cells])
    last = [
        "other real images",
        "1",
        f"{real['accuracy']:.2f}",
        "1",
        f"{real['coverage']:.2f}",
        f"{real['recall']:.2f}",
    ]
    return markdown([*table, last])


def probe_table(arms: Arms, rows: Mapping[str, tuple[str, str]]) -> str:
    """A row for each kind of features, its arm and features by its name: how many test images two probes get right."""
    probes = ("linear", "nearest")
    means = {
        name: [arms.values(arm, "probes", of, probe).mean() for probe in probes] for name, (arm, of) in rows.items()
    }
    return markdown(
        [["right with 100 labels", *probes], *([name, *map("{:.2f}".format, means[name])] for name in rows)]
    )


def hybrid_table(arms: Arms, rows: Mapping[str, str]) -> str:
    """A row for each model, its arm by its name: what it draws, and what it makes of test images."""
    table = [["", *HYBRID]]
    for name, arm in rows.items():
        table.append([name, *(f"{arms.values(arm, *path).mean():.3g}" for path in HYBRID.values())])
    accuracy = torch.tensor(arms.real["accuracy"]).mean()
    return markdown([*table, ["real images", 1, 1, f"{arms.real['sharpness']:.3g}", 0, 0, f"{accuracy:.3g}"]])
