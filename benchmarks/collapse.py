"""Does warm-up, or do free bits, save a VAE whose deep decoder learns to ignore the code? Five seeds.

    python benchmarks/collapse.py

Two decoders on digits, each plain, with warm-up over 1,000 of 1,500 steps, and with 0.25 free nats for each dimension.
Writes benchmarks/results/collapse.json: ELBO, KL and active units on test images.
"""

import json
import multiprocessing

import torch
from environment import RESULTS, describe, store

from course_utils import data, networks
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

SEEDS = 5
DECODERS = {
    "six layers": {"hidden": (64,) * 6, "act": "tanh"},
    "four layers": {"hidden": (128,) * 4, "act": "relu"},
}
CURES = {"plain": {}, "warm-up": {"warmup_steps": 1000}, "free bits": {"free_bits": 0.25}}


def run(job: tuple[str, str, int]) -> dict:
    """Train one VAE and measure its bound."""
    decoder, cure, seed = job
    torch.set_num_threads(1)
    digits = data.load("digits")
    settings = DECODERS[decoder]
    seed_everything(seed)
    encoder = networks.MLPEncoder(16, (256,), act=settings["act"])
    vae = VAE(encoder, networks.MLPGenerator(16, **settings), **CURES[cure])
    fit(vae, digits.train, steps=1500, batch_size=64, seed=seed)
    terms = {name: value.item() for name, value in vae.evaluate(digits.test).items()}
    return {"decoder": decoder, "cure": cure, "seed": seed, "active_units": vae.active_units(digits.test)} | terms


def main() -> None:
    jobs = [(decoder, cure, seed) for decoder in DECODERS for cure in CURES for seed in range(SEEDS)]
    runs = []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for result in pool.imap(run, jobs):
            runs.append(result)
            print("{decoder:12s} {cure:10s} seed {seed}  ELBO {elbo:7.1f}  {active_units} units".format(**result))
    store(RESULTS / "collapse.json", json.dumps({"environment": describe(), "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
