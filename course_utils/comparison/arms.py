"""The recorded arms of lesson 08, made by benchmarks/labels.py and benchmarks/hybrids.py: their numbers over seeds."""

import json
import pathlib

import torch
from torch import Tensor

from course_utils.claims import Interval, interval


class Arms:
    """The runs of one file, on one data set: `arms.values("projection", "usual", "accuracy")` has a row for each seed.

    `path` names a file such as `labels_digits.jsonl` in `benchmarks/results`. `real` is what real images score. Raises
    ValueError if nothing was recorded, and for an arm that did not run.
    """

    def __init__(self, path: str | pathlib.Path):
        path = pathlib.Path(path)
        benchmark, *_ = path.stem.split("_")
        if not path.exists():
            raise ValueError(f"expected a recorded file {path}, which benchmarks/{benchmark}.py makes, got none")
        self.real: dict = {}
        self.runs: dict[str, dict[int, dict]] = {}  # by arm and seed
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            kind, _, *settings = line["job"]
            if kind == "arm":
                arm, seed = settings
                self.runs.setdefault(arm, {})[seed] = line
            elif kind == "real":
                self.real = line
            else:
                self.runs.setdefault(kind, {})[0] = line

    def of(self, arm: str) -> dict[int, dict]:
        """The runs of an arm by seed, in order."""
        if arm not in self.runs:
            raise ValueError(f"expected one of {'; '.join(self.runs)}, got {arm!r}")
        return dict(sorted(self.runs[arm].items()))

    def values(self, arm: str, *path: str, seeds: set[int] | None = None) -> Tensor:
        """A measure of an arm, one number a seed (S,), or one a seed and judge (S, J), of some seeds or of all."""
        found = []
        for seed, line in self.of(arm).items():
            if seeds is None or seed in seeds:
                for name in path:
                    line = line[name]
                found.append(line)
        return torch.tensor(found, dtype=torch.float64)

    def gain(self, arm: str, other: str, *path: str, log: bool = False, against: tuple[str, ...] = ()) -> Interval:
        """By how much a measure is larger for one arm than for another, paired by seed, with its 95 % interval.

        With `log` the log-ratio. `against` is the other's path where it differs.
        """
        seeds = set(self.of(arm)) & set(self.of(other))
        ours, theirs = self.values(arm, *path, seeds=seeds), self.values(other, *(against or path), seeds=seeds)
        return interval(ours.log() - theirs.log() if log else ours - theirs)
