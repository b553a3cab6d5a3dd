"""The recorded fights between GAN and VAE, made by benchmarks/fair_fight.py: their numbers over the seeds."""

import json
import pathlib
from collections import defaultdict
from dataclasses import dataclass
from itertools import compress
from math import inf, nan
from statistics import mean

Numbers = list[float]
FAMILIES = ("gan", "vae")
ARMS = {"gan": "gan", "vae, same images": "vae", "vae, same time": "vae"}  # each with its family


@dataclass(frozen=True)
class Training:
    """What was measured of a training: `training["ratio"]`."""

    measures: dict

    @property
    def diverged(self) -> bool:
        return "diverged" in self.measures

    def __getitem__(self, name: str):
        return self.measures[name]


@dataclass(frozen=True)
class Run(Training):
    """A training in the fight."""

    arm: str
    seed: int

    @property
    def family(self) -> str:
        return ARMS[self.arm]


@dataclass(frozen=True)
class Cell(Training):
    """A training in the grid: its learning rates are those of the fight times `rate`."""

    family: str
    rate: float
    batch_size: int
    seed: int


def rank_correlation(a: Numbers, b: Numbers) -> float:
    """Spearman's correlation of two lists of numbers: 1 if one always rises with the other.

    NaN if one of them does not vary.
    """
    from scipy.stats import spearmanr  # imported here, for it takes a second

    if min(len(set(a)), len(set(b))) < 2:
        return nan
    return float(spearmanr(a, b).statistic)


class Fight:
    """The recorded runs on one data set: `fight.gan("ratio")` and `fight.vae("ratio")` list a measure over the seeds.

    The VAE's list holds both of its arms: as many images as the GAN, and as much time. A run that diverged is only
    counted. Raises ValueError if nothing was recorded, or for an unknown family or arm.
    """

    def __init__(self, folder: str | pathlib.Path, dataset: str = "digits"):
        self.folder = pathlib.Path(folder)
        self.dataset = dataset
        self.real: dict[str, float] = {}
        self.runs: list[Run] = []
        self.cells: list[Cell] = []
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
            self.runs.append(Run(line, *settings))
        else:
            self.cells.append(Cell(line, *settings))

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
        """The runs of an arm, or of both arms of the VAE: "vae"."""
        if arm not in (*FAMILIES, *ARMS):
            raise ValueError(f"expected vae or one of {'; '.join(ARMS)}, got {arm!r}")
        return [run for run in self.runs if arm in (run.arm, run.family) and not run.diverged]

    def gan(self, name: str) -> Numbers:
        return [run[name] for run in self.of("gan")]

    def vae(self, name: str) -> Numbers:
        return [run[name] for run in self.of("vae")]

    def cells_of(self, family: str) -> list[Cell]:
        """The runs of a family in the grid of learning rates and batch sizes, diverged ones too."""
        if family not in FAMILIES:
            raise ValueError(f"expected one of {', '.join(FAMILIES)}, got {family!r}")
        return [cell for cell in self.cells if cell.family == family]

    def grid(self, family: str) -> dict[tuple[float, int], float]:
        """The mean Fréchet distance at each (rate, batch size), × floor; infinite if a run diverged there."""
        ratios: dict[tuple[float, int], Numbers] = defaultdict(list)
        for cell in self.cells_of(family):
            ratios[cell.rate, cell.batch_size].append(inf if cell.diverged else cell["ratio"])
        return {place: mean(numbers) for place, numbers in ratios.items()}

    def poor_cells(self, family: str) -> Numbers:
        """How many places of the grid are worse than twice the family's best: one number, or none without a grid."""
        ratios = self.grid(family).values()
        return [sum(ratio > 2 * min(ratios) for ratio in ratios)] if ratios else []

    def diverged(self, family: str) -> Numbers:
        """How many runs of the fight and of the grid diverged: one number."""
        runs = [run for run in self.runs if run.family == family]
        return [sum(run.diverged for run in [*runs, *self.cells_of(family)])]

    def agreement(self, arm: str, loss: str, sign: int = 1, start: int = 0) -> Numbers:
        """How well a loss, times its sign, ranks the stages of each run from step `start` on, in [-1, 1].

        1 is the order of the Fréchet distances.
        """
        numbers = []
        for run in self.of(arm):
            stages = run["stages"]
            late = [step >= start for step in stages["step"]]
            losses = [sign * value for value in compress(stages[loss], late)]
            ratios = list(compress(stages["ratio"], late))
            numbers.append(rank_correlation(losses, ratios))
        return numbers

    def agreement_of_grid(self, family: str, loss: str, sign: int = 1) -> Numbers:
        """How well the last loss ranks the runs of the grid: one number, or none if a run diverged or there is no grid.

        1 is the order of the Fréchet distances.
        """
        cells = self.cells_of(family)
        if not cells or any(cell.diverged for cell in cells):
            return []
        return [rank_correlation([sign * cell[loss] for cell in cells], [cell["ratio"] for cell in cells])]

    def agreement_of_search(self) -> Numbers:
        """How well minus the ELBO ranks the VAE's candidates in the search: one number, or none but on the digits.

        Only those with the Bernoulli likelihood count: densities of another likelihood do not compare.
        """
        if self.dataset != "digits":
            return []
        runs = [run for run in self.read("search_vae_digits.jsonl") if "likelihood" not in run["change"]]
        return [rank_correlation([-run["elbo"] for run in runs], [run["ratio"] for run in runs])]

    def seconds_to(self, arm: str, ratio: float) -> Numbers:
        """The seconds of one core until the samples of each run were as good; infinite if they never were."""
        seconds = []
        for run in self.of(arm):
            stages = run["stages"]
            good = [step for step, reached in zip(stages["step"], stages["ratio"]) if reached <= ratio]
            seconds.append(min(good, default=inf) * self.costs["step_seconds"][run.family])
        return seconds
