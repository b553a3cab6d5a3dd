"""Made-up fights between GAN and VAE, written as the benchmarks write them."""

import json
import pathlib
from collections.abc import Mapping, Sequence

from course_utils.comparison.records import USUAL_ARMS, Fight

JUDGES = 5
SAMPLES = dict(sharpness=0.12, ratio=2.0, coverage=0.8, detector_matched=0.8)
LATENT = dict(detour=1.5, linear_class=0.6, linear_ink=0.6)
STAGES = {"step": [100, 200, 300, 400], "ratio": [9.0, 5.0, 3.0, 2.0]}


def spread(number: float, seed: int) -> float:
    """A number that varies with the seed."""
    return number * (1 + 0.01 * (seed - 1))


def by_judge(number: float, seed: int) -> list[float]:
    return [spread(number, seed) * (1 + 0.001 * (judge - 2)) for judge in range(JUDGES)]


def samples(seed: int, **numbers: float) -> dict:
    """What is recorded of one way to draw samples."""
    found = SAMPLES | numbers
    several = {name: by_judge(found[name], seed) for name in ("ratio", "coverage")}
    unlabelled = {name: spread(found[name], seed) for name in several}
    return (
        several
        | {name: spread(found[name], seed) for name in ("sharpness", "detector_matched")}
        | {"unlabelled": unlabelled}
    )


def line(arm: str, seed: int, usual: Mapping, after: Mapping, losses: Mapping, dataset: str, **latent: float) -> dict:
    """A line of the fight: one run and what is measured of its arm."""
    found = LATENT | latent
    made = {"job": ["fight", dataset, arm, seed]}
    if arm in USUAL_ARMS:
        made |= {"usual": samples(seed, **usual), "stages": STAGES | dict(losses)}
        made |= {
            "detour": by_judge(found["detour"], seed),
            **{name: spread(found[name], seed) for name in ("linear_class", "linear_ink")},
        }
    else:
        made |= {"untouched": samples(seed), "after": samples(seed, **after)}
    return made


def bound(family: str, seed: int, nats: float, dataset: str = "digits") -> dict:
    return {"job": ["bound", dataset, family, seed], "nats": spread(nats, seed)}


def cell(family: str, rate: float, batch_size: int, dataset: str = "digits", **measures) -> dict:
    return {"job": ["grid", dataset, family, rate, batch_size, 0]} | measures


def write_fight(
    folder: pathlib.Path, lines: Sequence[dict], step_ratios: Sequence[float], dataset: str = "digits", **real: float
) -> Fight:
    """Write the recorded files of a fight and read them."""
    first = {"job": ["real", dataset], "sharpness": 0.12, "ratio": [1.0] * JUDGES, "coverage": [0.9] * JUDGES} | real
    text = "".join(json.dumps(each) + "\n" for each in [first, *lines])
    (folder / f"fight_{dataset}.jsonl").write_text(text)
    (folder / "fight_costs.json").write_text(json.dumps({"step_ratios": list(step_ratios)}))
    return Fight(folder, dataset)
