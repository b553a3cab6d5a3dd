"""Recipe B of lesson 04 at several lengths: is it ill, or slow?

    python benchmarks/recipe_b.py 8000
    python benchmarks/recipe_b.py 20000 plain "as printed" 0

As printed (a tanh, images in [-1, 1]); plain, with images in [0, 1] as in lessons 02 and 04; and the plain one with He
initialisation or with batch norm in its generator.

Trains to the given number of steps on the digits, from the seeds 0, 1 and 2, one run after the other on one core. As
printed for MNIST the recipe has 200 epochs of 938 batches: 187,600 steps. Looks at the samples at the steps of LENGTHS.
Stop it whenever you like: a run goes on from its checkpoint, to a greater number of steps too. Writes
benchmarks/results/recipe_b.jsonl, a line for each length of each run (recorded ones are not repeated): every score of
the judge, the Fréchet distance × floor, the share of the most frequent class, and of seed 0 eight samples from fixed z,
each pixel one of sixteen greys.
"""

import contextlib
import itertools
import json
import sys

import torch
from environment import RESULTS, describe
from recipe import PrintedRecipe
from torch import nn

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything

LENGTHS = (700, 2000, 5000, 8000, 20_000, 50_000, 100_000, 187_600)
VARIANTS = ("as printed", "plain", "He initialisation", "batch norm")
SEEDS = 3
FILE = RESULTS / "recipe_b.jsonl"


class Enough(KeyboardInterrupt):
    """A run has reached the length that was asked for."""


def recipe_b(variant: str, seed: int) -> GAN | PrintedRecipe:
    """The recipe as printed, or its networks and settings in the course's GAN, as lesson 04 builds them."""
    seed_everything(seed)
    if variant == "as printed":
        return PrintedRecipe()
    generator = networks.MLPGenerator(100, (256, 512, 1024), batch_norm=variant == "batch norm")
    discriminator = networks.MLPDiscriminator((512, 256))
    if variant == "He initialisation":
        for layer in generator:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return GAN(generator, discriminator, betas=(0.5, 0.999), generator_lr=2e-4, discriminator_lr=2e-4)


def greys(images: torch.Tensor) -> list[str]:
    """Images in [0, 1] as one string each, a hexadecimal digit for a pixel."""
    return ["".join(f"{int(grey):x}" for grey in image) for image in (15 * images).round().flatten(1)]


def look(gan: GAN | PrintedRecipe, judge: Judge, job: list) -> dict:
    """Score the samples of a generator."""
    samples = gan.sample(judge.n)
    found = judge.score(samples)
    found |= {"ratio": found["frechet"] / judge.floor["frechet"], "largest": judge.class_shares(samples).max().item()}
    if job[1] == 0:
        found["samples"] = greys(gan.sample(8, seed=1))
    return {"job": job} | found


def train_until(length: int, variant: str, seed: int, digits: data.Images, judge: Judge, seen: list) -> None:
    """Train one run, from its checkpoint, until it has a length, and record what was not recorded yet."""

    def record(gan: GAN | PrintedRecipe, history) -> None:
        job = [variant, seed, max(history.snapshots)]
        if job not in seen:
            line = look(gan, judge, job) | {"environment": describe()}
            with FILE.open("a", encoding="utf-8") as file:
                print(json.dumps(line), file=file)
            seen.append(job)
            print(job, line["classes"], round(line["ratio"], 1), flush=True)
        if job[2] >= length:
            raise Enough

    with contextlib.suppress(Enough):
        fit(
            recipe_b(variant, seed), digits.train, steps=LENGTHS[-1], batch_size=64, seed=seed,
            snapshots=LENGTHS, callback=record, checkpoint=f"recipe_b_{variant.replace(' ', '_')}_{seed}",
        )  # fmt: skip


def main() -> None:
    until = int(sys.argv[1])
    if until not in LENGTHS:
        sys.exit(f"expected a number of steps among {LENGTHS}, got {until}")
    seeds = [int(word) for word in sys.argv[2:] if word.isdigit()] or range(SEEDS)
    variants = [word for word in sys.argv[2:] if not word.isdigit()] or VARIANTS
    torch.set_num_threads(1)
    digits = data.load("digits")
    judge = Judge(digits)
    seen = [json.loads(line)["job"] for line in FILE.read_text().splitlines()] if FILE.exists() else []
    for seed, variant in itertools.product(seeds, variants):
        if [variant, seed, until] not in seen:
            train_until(until, variant, seed, digits, judge, seen)


if __name__ == "__main__":
    main()
