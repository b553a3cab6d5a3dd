"""Search for the settings of lesson 03's GAN: same seconds for every candidate, chosen on validation images.

    python benchmarks/search_gan.py --dataset digits --seconds 60 --seeds 1

Every candidate changes some settings of BASE. Each run trains for as many steps as take the given seconds of one core
(processor time, measured first), two runs at a time. Results go to
benchmarks/results/search_gan_DATASET.jsonl, one line a run; runs that are already there are not repeated.
"""

import argparse
import json
import multiprocessing
import time

import torch
from environment import RESULTS, describe

from course_utils import data, metrics, networks
from course_utils.gan import GAN
from course_utils.runtime import seed_everything
from course_utils.training import fit

BASE = dict(
    latent_dim=32, g_channels=(32, 16), d_channels=(32, 64), batch_norm=False, g_act="silu", loss="non_saturating",
    r1_weight=1.0, penalty_every=8, g_lr=2e-3, d_lr=2e-3, betas=(0.0, 0.99), batch_size=16,
    average=0.999, schedule="linear",
)  # fmt: skip
CHANGES = [
    {},
    {"r1_weight": 0.3},
    {"batch_norm": True},
    {"latent_dim": 16},
    {"g_lr": 3e-3, "d_lr": 3e-3},
    {"batch_size": 8},
    {"betas": (0.5, 0.99)},
    {"schedule": "cosine"},
    {"average": 0.99},
    {"r1_weight": 0.1},
    {"g_channels": (48, 24)},
    {"batch_size": 32},
    {"g_lr": 1e-3, "d_lr": 1e-3},
    {"loss": "hinge"},
]


def build(c: dict, seed: int) -> GAN:
    """Return the GAN of a candidate, untrained."""
    seed_everything(seed)
    generator = networks.ConvGenerator(c["latent_dim"], c["g_channels"], c["g_act"], c["batch_norm"])
    return GAN(
        generator, networks.ConvDiscriminator(c["d_channels"]), c["loss"], r1_weight=c["r1_weight"],
        penalty_every=c["penalty_every"], generator_lr=c["g_lr"], discriminator_lr=c["d_lr"], betas=c["betas"],
    )  # fmt: skip


def run(job: tuple[str, dict, int, float]) -> dict:
    """Train one candidate with one seed and score it on validation images."""
    torch.set_num_threads(1)
    name, change, seed, seconds = job
    candidate = BASE | change
    images = data.load(name)
    judge = metrics.Judge(images, against="validation")
    options = {k: candidate[k] for k in ("batch_size", "average", "schedule")}
    fit(build(candidate, seed), images.train, steps=50, seed=seed, **options)
    start = time.process_time()
    fit(build(candidate, seed), images.train, steps=150, seed=seed, **options)
    steps = int(seconds * 150 / (time.process_time() - start))
    gan = build(candidate, seed)
    fit(gan, images.train, steps=steps, seed=seed, **options)
    score = judge.score(gan.sample(judge.n))
    return {
        "change": change,
        "seed": seed,
        "seconds": seconds,
        "steps": steps,
        "ratio": score["frechet"] / judge.floor["frechet"],
        "environment": describe(),
    } | score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    path = RESULTS / f"search_gan_{args.dataset}.jsonl"
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    seen = {json.dumps([d["change"], d["seed"], d["seconds"]]) for d in done}
    jobs = [(args.dataset, change, seed, args.seconds) for seed in range(args.seeds) for change in CHANGES]
    jobs = [job for job in jobs if json.dumps([job[1], job[2], job[3]]) not in seen]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for result in pool.imap_unordered(run, jobs):
            print("{ratio:6.2f} × floor  {steps:6d} steps  seed {seed}  {change}".format(**result), flush=True)
            with path.open("a") as file:
                file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
