"""The recorded fights between GAN and VAE, made by benchmarks/fair_fight.py: their numbers over the seeds."""

import json
import math
import pathlib
from collections import defaultdict
from dataclasses import dataclass
from math import inf, nan
from statistics import mean

import torch
from torch import Tensor

from course_utils.claims import Interval

FAMILIES = ("gan", "vae")
USUAL_ARMS = {f"{family}, for N(0, I)": family for family in FAMILIES}  # settings chosen for draws from the prior
ARMS = {family: family for family in FAMILIES} | USUAL_ARMS  # the others: for what comes after training


@dataclass(frozen=True)
class Run:
    """A training in the fight, and what was measured of it: numbers, by name or by way of sampling and name."""

    arm: str
    seed: int
    measures: dict

    @property
    def diverged(self) -> bool:
        return "diverged" in self.measures

    def __getitem__(self, name: str):
        return self.measures[name]


@dataclass(frozen=True)
class Cell:
    """A training in the grid: its learning rates are those of the fight times `rate`."""

    family: str
    rate: float
    batch_size: int
    seed: int
    measures: dict

    @property
    def ratio(self) -> float:
        """The Fréchet distance of its samples, × floor; infinite if it diverged."""
        return self.measures.get("ratio", inf)


def rank_correlation(a: list[float], b: list[float]) -> float:
    """Spearman's correlation of two lists of numbers: 1 if one always rises with the other.

    NaN if one of them does not vary.
    """
    from scipy.stats import spearmanr  # imported here, for it takes a second

    if min(len(set(a)), len(set(b))) < 2:
        return nan
    return float(spearmanr(a, b).statistic)


def correlation_interval(correlation: float, n: int) -> Interval:
    """The 95 % interval of Spearman's correlation of n pairs (Fieller et al., 1957: Fisher's z, variance 1.06/(n - 3)).

    Raises ValueError for fewer than 4 pairs.
    """
    if n < 4:
        raise ValueError(f"expected at least 4 pairs for an interval, got {n}")
    z = math.atanh(min(max(correlation, -0.999999), 0.999999))
    half = 1.96 * math.sqrt(1.06 / (n - 3))
    return Interval(correlation, math.tanh(z - half), math.tanh(z + half))


class Fight:
    """The recorded runs on one data set: `fight.values("gan", "usual", "ratio")` is a measure over seeds and judges.

    A run that diverged is only counted. Raises ValueError if nothing was recorded, or for an unknown arm.
    """

    def __init__(self, folder: str | pathlib.Path, dataset: str = "digits"):
        self.folder = pathlib.Path(folder)
        self.dataset = dataset
        self.real: dict = {}
        self.runs: list[Run] = []
        self.cells: list[Cell] = []
        self.bounds: dict[tuple[str, int], dict] = {}  # by family and seed
        for line in self.read(f"fight_{dataset}.jsonl"):
            self.add(line)
        if not self.real:
            raise ValueError(f"expected a line of real images among the recorded fights on {dataset}, got none")
        self.costs = json.loads(self.text("fight_costs.json"))

    def add(self, line: dict) -> None:
        """File a recorded line; its job names the part of the benchmark, the data set, and the settings in order."""
        part, _, *settings = line["job"]
        if part == "real":
            self.real = line
        elif part == "fight":
            self.runs.append(Run(*settings, line))
        elif part == "bound":
            if "nats" in line:  # it did not diverge
                self.bounds[tuple(settings)] = line
        else:
            self.cells.append(Cell(*settings, line))

    def text(self, name: str) -> str:
        """The text of a recorded file."""
        path = self.folder / name
        if not path.exists():
            raise ValueError(f"expected a recorded file {path}, which a script in benchmarks/ makes, got none")
        return path.read_text(encoding="utf-8")

    def read(self, name: str) -> list[dict]:
        """The lines of a recorded file of JSON lines."""
        return [json.loads(line) for line in self.text(name).splitlines()]

    @property
    def title(self) -> str:
        """The name of the data set as it is written in a text."""
        return {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}.get(self.dataset, self.dataset)

    def of(self, arm: str) -> list[Run]:
        """The finished runs of an arm in the order of their seeds; of seeds that all arms finished, to pair them."""
        if arm not in ARMS:
            raise ValueError(f"expected one of {'; '.join(ARMS)}, got {arm!r}")
        finished = {name: {run.seed: run for run in self.runs if run.arm == name and not run.diverged} for name in ARMS}
        seeds = set.intersection(*map(set, filter(None, finished.values()))) if finished[arm] else set()
        return [finished[arm][seed] for seed in sorted(seeds)]

    def values(self, family: str, *path: str) -> Tensor:
        """A measure of a family's runs, one number a seed (S,), or one a seed and judge (S, J); empty if none ran.

        `path` is its name, behind the way of sampling where it has one: `"after", "unlabelled", "ratio"`.
        """
        found = []
        for run in self.with_measure(family, path[0]):
            number = run.measures
            for name in path:
                number = number[name]
            found.append(number)
        return torch.tensor(found, dtype=torch.float64)

    def with_measure(self, family: str, name: str) -> list[Run]:
        """The runs of that arm of a family in which something was measured: each measure has one arm."""
        if family not in FAMILIES:
            raise ValueError(f"expected one of {', '.join(FAMILIES)}, got {family!r}")
        runs = [run for arm, of in ARMS.items() if of == family for run in self.of(arm)]
        found = [run for run in runs if name in run.measures]
        if runs and not found:
            raise KeyError(name)
        return found

    def bound(self, family: str) -> Tensor:
        """The searched bound on the log-likelihood of test images, in nats, for the seeds of both families: (S,)."""
        seeds = [{seed for of, seed in self.bounds if of == name} for name in FAMILIES]
        return torch.tensor([self.bounds[family, seed]["nats"] for seed in sorted(set.intersection(*seeds))])

    def diverged(self, family: str) -> int:
        """How many runs of the fight and of the grid diverged."""
        runs = [run.diverged for run in self.runs if ARMS[run.arm] == family]
        return sum(runs) + sum(cell.ratio == inf for cell in self.cells if cell.family == family)

    def grid(self, family: str) -> dict[tuple[float, int], float]:
        """The mean Fréchet distance at each (rate, batch size), × floor; infinite if a run diverged there."""
        if family not in FAMILIES:
            raise ValueError(f"expected one of {', '.join(FAMILIES)}, got {family!r}")
        ratios: dict[tuple[float, int], list[float]] = defaultdict(list)
        for cell in self.cells:
            if cell.family == family:
                ratios[cell.rate, cell.batch_size].append(cell.ratio)
        return {place: mean(numbers) for place, numbers in ratios.items()}

    def agreement(self, family: str, loss: str, sign: int = 1) -> Tensor:
        """How well a loss, times its sign, ranks the later stages of each run, one number a seed (S,), in [-1, 1].

        1 is the order of the Fréchet distances. Only the second half counts: over the whole run samples improve so much
        that the number of the step ranks them as well as any loss. (`loss` may be "step", to compare.)
        """
        runs = [run["stages"] for run in self.with_measure(family, "stages")]
        found = []
        for stages in runs:
            half = len(stages["ratio"]) // 2
            found.append(rank_correlation([sign * value for value in stages[loss][half:]], stages["ratio"][half:]))
        return torch.tensor(found, dtype=torch.float64)

    def agreement_of_search(self, family: str, loss: str, sign: int = 1, by: str = "ratio") -> Interval:
        """How well the final loss ranks the candidates of the search on the digits, with its interval.

        `by` is "ratio" for their samples as they are usually drawn, "best" for those after the step.
        """
        lines = self.read(f"search_{family}_digits.jsonl")
        runs = [line for line in lines if loss in line and "likelihood" not in line["change"]]  # of one density
        found = rank_correlation([sign * run[loss] for run in runs], [run[by] for run in runs])
        return correlation_interval(found, len(runs))
