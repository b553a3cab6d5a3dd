"""Tables of the recorded arms of lesson 08, in Markdown: means over seeds, judges and draws of labels."""

from collections.abc import Mapping

import torch

from course_utils.comparison.arms import Arms
from course_utils.show.tables import markdown

PROBES = ("linear", "nearest")
NO_ORDERS = {("gan", "usual"), ("gan long", "usual"), ("vae", "usual")}  # what draws whatever class comes
HYBRID = {  # a measure of samples and of copies, with its path in a record
    "drawn from N(0, I): distance, × floor": ("usual", "ratio"),
    "from a fitted prior: distance, × floor": ("fitted", "ratio"),
    "the same: sharpness": ("fitted", "sharpness"),
    "copies: squared error, pixels": ("rebuilt", "error"),
    "copies: error, features": ("rebuilt", "error_unlabelled"),
    "copies: class kept": ("rebuilt", "kept"),
}


def label_table(arms: Arms, rows: Mapping[str, tuple[str, str]]) -> str:
    """A row for each way to draw classes, its arm and way by its name: distance, obedience, and the classes alone."""
    heads = ["", "distance, × floor", "in features without classes", "is the class asked for"]
    heads += ["distance in the class, × floor", "coverage", "recall"]
    real = {of: torch.tensor(arms.real[of]).mean() for of in ("accuracy", "frechet", "coverage", "recall")}
    table = [heads]
    for name, (arm, way) in rows.items():
        score = {of: arms.values(arm, way, of).mean() for of in real}
        by_class = [score["accuracy"], score["frechet"] / real["frechet"], score["coverage"], score["recall"]]
        cells = ["–"] * 4 if (arm, way) in NO_ORDERS else [f"{value:.2f}" for value in by_class]
        together = (arms.values(arm, way, of).mean() for of in ("ratio", "unlabelled"))
        table.append([name, *(f"{distance:.3g}" for distance in together), *cells])
    shares = {of: f"{real[of]:.2f}" for of in ("accuracy", "coverage", "recall")}
    return markdown([*table, ["other real images", 1, 1, shares["accuracy"], 1, shares["coverage"], shares["recall"]]])


def probe_table(arms: Arms, rows: Mapping[str, str]) -> str:
    """A row for each arm, by its name: how many test images the probes get right from codes, and from the layer before.

    Above them pixels, PCA, and the mean of the encoders that were not trained.
    """
    table = [["right with 100 labels", "code, linear", "code, nearest", "layer before, linear"]]
    untrained = [kind for kind in arms.of("features")[0]["probes"] if kind.startswith("untrained")]
    for name, kinds in {"pixels, 784": ["pixels"], "PCA, 16": ["PCA"], "encoders without training": untrained}.items():
        cells = (torch.stack([arms.values("features", "probes", of, probe) for of in kinds]) for probe in PROBES)
        table.append([name, *(f"{cell.mean():.2f}" for cell in cells), "–"])
    for name, arm in rows.items():
        _, run = min(arms.of(arm).items())
        places = [("codes", "linear"), ("codes", "nearest"), ("layer before", "linear")]
        cells = (arms.values(arm, "probes", *place).mean() if place[0] in run["probes"] else None for place in places)
        table.append([name, *("–" if cell is None else f"{cell:.2f}" for cell in cells)])
    return markdown(table)


def hybrid_table(arms: Arms, rows: Mapping[str, str]) -> str:
    """A row for each model, its arm by its name: what it draws, and what it makes of test images."""
    table = [["", *HYBRID]]
    for name, arm in rows.items():
        table.append([name, *(f"{arms.values(arm, *path).mean():.3g}" for path in HYBRID.values())])
    accuracy = torch.tensor(arms.real["accuracy"]).mean()
    return markdown([*table, ["real images", 1, 1, f"{arms.real['sharpness']:.3g}", 0, 0, f"{accuracy:.3g}"]])
