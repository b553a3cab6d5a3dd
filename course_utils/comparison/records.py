"""The recorded fights between GAN and VAE, made by benchmarks/fair_fight.py: their numbers over the seeds."""

import json
import pathlib
from math import inf, nan
from statistics import mean

Numbers = list[float]
FAMILIES = ("gan", "vae")
ARMS = ("gan", "vae, same images", "vae, same time")


def rank_correlation(a: Numbers, b: Numbers) -> float:
    """Return Spearman's correlation of two lists of numbers: 1 if one always rises with the other.

    NaN if one of them does not vary.
    """
    from scipy.stats import spearmanr  # where it is needed, for it takes a second

    return float(spearmanr(a, b).statistic) if min(len(set(a)), len(set(b))) > 1 else nan


class Fight:
    """The recorded runs on one data set: `fight.gan("ratio")` and `fight.vae("ratio")` list a measure over the seeds.

    The VAE's list has both of its runs, that with as many images as the GAN and that with as much time. Raises
    ValueError if nothing was recorded, or for a family or an arm that is none.
    """

    def __init__(self, folder: str | pathlib.Path, dataset: str = "digits"):
        self.folder, self.dataset = pathlib.Path(folder), dataset
        lines = self.read(f"fight_{dataset}.jsonl")
        self.cells = [line for line in lines if line["job"][0] == "grid"]
        fights = [line for line in lines if line["job"][0] == "fight"]
        self.runs = [run for run in fights if "diverged" not in run]
        self.lost = [line["job"] for line in [*fights, *self.cells] if "diverged" in line]
        self.real = next((line for line in lines if line["job"][0] == "real"), None)
        if self.real is None:
            raise ValueError(f"expected a line of real images among the recorded fights on {dataset}, got none")
        self.costs = json.loads(self.text("fight_costs.json"))

    @property
    def title(self) -> str:
        """The name of the data set as it is written in a text."""
        return {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}.get(self.dataset, self.dataset)

    def text(self, name: str) -> str:
        """Return what a recorded file holds."""
        path = self.folder / name
        if not path.exists():
            raise ValueError(f"expected a recorded file {path}, which a script in benchmarks/ makes, got none")
        return path.read_text(encoding="utf-8")

    def read(self, name: str) -> list[dict]:
        """Return the lines of a recorded file."""
        return [json.loads(line) for line in self.text(name).splitlines()]

    def of(self, arm: str) -> list[dict]:
        """Return the runs of an arm, or of both arms of the VAE: "vae"."""
        if arm not in (*FAMILIES, *ARMS):
            raise ValueError(f"expected vae or one of {'; '.join(ARMS)}, got {arm!r}")
        return [run for run in self.runs if run["job"][2].startswith(arm)]

    def gan(self, name: str) -> Numbers:
        return [run[name] for run in self.of("gan")]

    def vae(self, name: str) -> Numbers:
        return [run[name] for run in self.of("vae")]

    def cells_of(self, family: str) -> list[dict]:
        """Return the runs of a family in the grid of learning rates and batch sizes."""
        if family not in FAMILIES:
            raise ValueError(f"expected one of {', '.join(FAMILIES)}, got {family!r}")
        return [cell for cell in self.cells if cell["job"][2] == family]

    def grid(self, family: str) -> dict[tuple[float, int], float]:
        """Return the mean Fréchet distance for each factor of the rates and batch size; infinity if a run diverged."""
        ratios: dict[tuple[float, int], Numbers] = {}
        for cell in self.cells_of(family):
            _, _, _, rate, batch_size, _ = cell["job"]
            ratios.setdefault((rate, batch_size), []).append(cell.get("ratio", inf))
        return {place: mean(numbers) for place, numbers in ratios.items()}

    def poor_cells(self, family: str) -> Numbers:
        """Return how many cells of the grid are worse than twice the family's best, a single number."""
        ratios = self.grid(family).values()
        return [sum(ratio > 2 * min(ratios) for ratio in ratios)] if ratios else []

    def diverged(self, family: str) -> Numbers:
        """Return how many runs of the fight and of the grid diverged, a single number."""
        return [sum(job[2].startswith(family) for job in self.lost)]

    def agreement(self, arm: str, loss: str, sign: int = 1, start: int = 0) -> Numbers:
        """Return, for each run, how well a loss ranks its stages from step `start` on, as the Fréchet distance does."""
        numbers = []
        for stages in (run["stages"] for run in self.of(arm)):
            late = [i for i, step in enumerate(stages["step"]) if step >= start]
            values, ratios = [sign * stages[loss][i] for i in late], [stages["ratio"][i] for i in late]
            numbers.append(rank_correlation(values, ratios))
        return numbers

    def agreement_of_grid(self, family: str, loss: str, sign: int = 1) -> Numbers:
        """Return how well the last loss ranks the settings of the grid as the Fréchet distance does, one number.

        A run that diverged has no last loss; then there is none.
        """
        cells = self.cells_of(family)
        if not cells or any("diverged" in cell for cell in cells):
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
