"""The recorded fights between GAN and VAE, made by benchmarks/fair_fight.py: their numbers over the seeds."""

import json
import pathlib
from math import inf
from statistics import mean, stdev

from course_utils.contest import rank_correlation

Numbers = list[float]


class Fight:
    """The recorded runs on one data set: `fight.gan("ratio")` and `fight.vae("ratio")` list a measure over the seeds.

    The VAE's list has both of its runs, that with as many images as the GAN and that with as much time.
    """

    def __init__(self, folder: str | pathlib.Path, dataset: str = "digits"):
        folder = pathlib.Path(folder)
        lines = [json.loads(line) for line in (folder / f"fight_{dataset}.jsonl").read_text().splitlines()]
        self.dataset, self.runs = dataset, [line for line in lines if line["job"][0] == "fight"]
        self.cells = [line for line in lines if line["job"][0] == "grid"]
        self.real = next(line for line in lines if line["job"][0] == "real")
        self.costs = json.loads((folder / "fight_costs.json").read_text())

    def of(self, arm: str) -> list[dict]:
        """Return the runs of an arm, or of both arms of the VAE."""
        return [run for run in self.runs if run["job"][2].startswith(arm)]

    def gan(self, name: str) -> Numbers:
        return [run[name] for run in self.of("gan")]

    def vae(self, name: str) -> Numbers:
        return [run[name] for run in self.of("vae")]

    def spread(self, arm: str) -> Numbers:
        """Return the standard deviation of the Fréchet distance over seeds as a share of its mean, a single number."""
        ratios = [run["ratio"] for run in self.of(arm)]
        return [stdev(ratios) / mean(ratios)]

    def grid(self, family: str) -> dict[tuple[float, int], float]:
        """Return the mean Fréchet distance for each factor of the rates and batch size; infinity if a run diverged."""
        ratios: dict[tuple[float, int], Numbers] = {}
        for cell in self.cells:
            _, _, name, rate, batch_size, _ = cell["job"]
            if name == family:
                ratios.setdefault((rate, batch_size), []).append(cell["ratio"] or inf)  # None if it diverged
        return {place: mean(numbers) for place, numbers in ratios.items()}

    def worst(self, family: str) -> Numbers:
        """Return the worst Fréchet distance of the grid as a multiple of the best, a single number."""
        ratios = self.grid(family).values()
        return [max(ratios) / min(ratios)] if ratios else []

    def agreement(self, arm: str, loss: str, sign: int = 1) -> Numbers:
        """Return, for each run, how well a loss ranks the stages of training as the Fréchet distance does."""
        stages = [run["stages"] for run in self.of(arm)]
        return [rank_correlation([sign * value for value in stage[loss]], stage["ratio"]) for stage in stages]

    def agreement_of_grid(self, family: str, loss: str, sign: int = 1) -> Numbers:
        """Return how well the last loss ranks the settings of the grid as the Fréchet distance does, one number."""
        cells = [cell for cell in self.cells if cell["job"][2] == family and cell["ratio"]]  # None if it diverged
        ratios = [cell["ratio"] for cell in cells]
        return [rank_correlation([sign * cell[loss] for cell in cells], ratios)] if cells else []

    def seconds_to(self, arm: str, ratio: float) -> Numbers:
        """Return, for each run, the seconds of one core until its samples were as good; infinite if they never were."""
        step = self.costs["step_seconds"][arm[:3]]
        return [
            next((at * step for at, r in zip(*(run["stages"][k] for k in ("step", "ratio"))) if r <= ratio), inf)
            for run in self.of(arm)
        ]
