"""The recorded fights between GAN and VAE, made by benchmarks/fair_fight.py: their numbers over the seeds."""

import json
import pathlib
from math import inf
from statistics import mean

from course_utils.contest import rank_correlation

Numbers = list[float]


class Fight:
    """The recorded runs on one data set: `fight.gan("ratio")` and `fight.vae("ratio")` list a measure over the seeds.

    The VAE's list has both of its runs, that with as many images as the GAN and that with as much time.
    """

    def __init__(self, folder: str | pathlib.Path, dataset: str = "digits"):
        self.folder, self.dataset = pathlib.Path(folder), dataset
        lines = self.read(f"fight_{dataset}.jsonl")
        self.cells = [line for line in lines if line["job"][0] == "grid"]
        fights = [line for line in lines if line["job"][0] == "fight"]
        self.runs = [run for run in fights if "diverged" not in run]
        self.lost = [line["job"] for line in [*fights, *self.cells] if line not in self.runs and not line.get("ratio")]
        self.real = next(line for line in lines if line["job"][0] == "real")
        self.costs = json.loads((self.folder / "fight_costs.json").read_text())

    def read(self, name: str) -> list[dict]:
        """Return the lines of a recorded file."""
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def of(self, arm: str) -> list[dict]:
        """Return the runs of an arm, or of both arms of the VAE."""
        return [run for run in self.runs if run["job"][2].startswith(arm)]

    def gan(self, name: str) -> Numbers:
        return [run[name] for run in self.of("gan")]

    def vae(self, name: str) -> Numbers:
        return [run[name] for run in self.of("vae")]

    def grid(self, family: str) -> dict[tuple[float, int], float]:
        """Return the mean Fréchet distance for each factor of the rates and batch size; infinity if a run diverged."""
        ratios: dict[tuple[float, int], Numbers] = {}
        for cell in self.cells:
            _, _, name, rate, batch_size, _ = cell["job"]
            if name == family:
                ratios.setdefault((rate, batch_size), []).append(cell["ratio"] or inf)  # None if it diverged
        return {place: mean(numbers) for place, numbers in ratios.items()}

    def poor_cells(self, family: str) -> Numbers:
        """Return how many cells of the grid are worse than twice the family's best, a single number."""
        ratios = self.grid(family).values()
        return [sum(ratio > 2 * min(ratios) for ratio in ratios)] if ratios else []

    def diverged(self, family: str) -> Numbers:
        """Return how many runs of the fight and of the grid diverged, a single number."""
        return [sum(job[2].startswith(family) for job in self.lost)]

    def agreement(self, arm: str, loss: str, sign: int = 1) -> Numbers:
        """Return, for each run, how well a loss ranks the stages of training as the Fréchet distance does."""
        stages = [run["stages"] for run in self.of(arm)]
        return [rank_correlation([sign * value for value in stage[loss]], stage["ratio"]) for stage in stages]

    def agreement_of_grid(self, family: str, loss: str, sign: int = 1) -> Numbers:
        """Return how well the last loss ranks the settings of the grid as the Fréchet distance does, one number.

        A run that diverged has no last loss; then there is none.
        """
        cells = [cell for cell in self.cells if cell["job"][2] == family]
        if not cells or any(cell["ratio"] is None for cell in cells):
            return []
        return [rank_correlation([sign * cell[loss] for cell in cells], [cell["ratio"] for cell in cells])]

    def agreement_of_search(self) -> Numbers:
        """Return how well minus the ELBO ranks the VAE's candidates in the search on digits, one number.

        Only those with the Bernoulli likelihood count: densities of another likelihood do not compare.
        """
        if self.dataset != "digits":
            return []
        runs = [run for run in self.read("search_vae_digits.jsonl") if "likelihood" not in run["change"]]
        return [rank_correlation([-run["elbo"] for run in runs], [run["ratio"] for run in runs])]

    def seconds_to(self, arm: str, ratio: float) -> Numbers:
        """Return, for each run, the seconds of one core until its samples were as good; infinite if they never were."""
        step = self.costs["step_seconds"][arm[:3]]
        return [
            next((at * step for at, r in zip(*(run["stages"][k] for k in ("step", "ratio"))) if r <= ratio), inf)
            for run in self.of(arm)
        ]
