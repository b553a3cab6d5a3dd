"""What do GAN and VAE of the capstone score, by the tutorial as it was published and by the mended one?

    python benchmarks/capstone.py

The seeds 0 to 9, and 100 to 109, which the lesson quotes. A run trains both models with the
twelve functions, published or mended, and scores them as `score` does: × floor where it is mended, a raw distance where
it is not; the mended VAE also with a prior that was fitted to the codes of its training pictures.
Writes benchmarks/results/capstone.jsonl: the scores at both stages of training, and those that `choose` quotes.
"""

import torch
from environment import RESULTS, run_missing

from course_utils import data
from course_utils.exercises.capstone import REPAIRS, tutorial

SEEDS = [first + i for i in range(10) for first in (0, 100)]


def run(job: list) -> dict:
    """Train and score both models with one seed."""
    arm, seed = job
    torch.set_num_threads(1)
    functions = {repair.name: getattr(repair, arm) for repair in REPAIRS}
    outcome = tutorial.run(functions, data.load("digits"), seed)
    line = {"job": job, "quoted": outcome.quoted}
    line |= {"validation": plain(outcome.validation), "test": plain(outcome.test)}
    return line | ({"fitted": tutorial.with_fitted_prior(outcome)} if arm == "mended" else {})


def plain(scores: dict[str, torch.Tensor]) -> dict[str, list[float]]:
    return {name: found[0].tolist() for name, found in scores.items()}


def main() -> None:
    run_missing(run, [[arm, seed] for seed in SEEDS for arm in ("mended", "published")], RESULTS / "capstone.jsonl")


if __name__ == "__main__":
    main()
