"""Does a test for copies find a generator that turns and shifts training images, and does it spare real ones?

    python benchmarks/memoriser.py

Ten seeds; each draws other training images, other variations and other held-out images. Two tests: the nearest
training image as it is, and the nearest over 60 small turns and shifts. Writes benchmarks/results/memoriser.json.
"""

import json

import torch
from environment import RESULTS, describe, store

from course_utils import data, metrics
from course_utils.judge import Judge

SEEDS = 10
N = 300  # images of each kind in a test


def run(images: data.Images, judge: Judge, seed: int) -> dict:
    """What a memoriser scores with one seed, and what the two tests say of it and of real held-out images."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(images.train), (judge.n,), generator=generator)
    memorised = data.vary(images.train[rows], generator)
    held_out = images.validation[torch.randperm(len(images.validation), generator=generator)[:N]]
    unseen = images.test[torch.randperm(len(images.test), generator=generator)[:N]]
    found = {"seed": seed, "memoriser_ratio": judge.frechet(memorised) / judge.floor["frechet"]}
    for name, samples in (("memoriser", memorised[:N]), ("held_out", held_out)):
        for test, tries in (("pixels", 0), ("turned", 60)):
            found[f"{name}_{test}"] = metrics.nearer_to_training(samples, images.train, unseen, tries)
    return found


def main() -> None:
    images = data.load("digits")
    judge = Judge(images)
    runs = []
    for seed in range(SEEDS):
        runs.append(run(images, judge, seed))
        print(runs[-1], flush=True)
    store(RESULTS / "memoriser.json", json.dumps({"environment": describe(), "n": N, "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
