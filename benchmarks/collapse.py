"""When does a VAE ignore its code, and what does it lose by that? Three seeds.

    python benchmarks/collapse.py

Digits, codes of 16 numbers. A decoder of six narrow layers: plain, with warm-up over 1,000 of 1,500 steps, with 0.25
free nats for each dimension, and as a plain autoencoder; one layer instead of six: plain, and as an autoencoder. Then
black and white digits of 14×14 pixels and a recurrent decoder that draws row by row and reads the rows above: plain,
with warm-up over 700 of 1,000 steps, with free bits, without a code, and the same decoder that reads blank rows.
Writes benchmarks/results/collapse.jsonl: ELBO, reconstruction, KL and active units on test images.
"""

import torch
from environment import RESULTS, run_missing

from course_utils import data, networks
from course_utils.exercises.lesson_06.rows import RowVAE, small_and_binary
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

SEEDS = 3
WAYS = {
    "six layers": ("plain", "warm-up", "free bits", "autoencoder"),
    "one layer": ("plain", "autoencoder"),
    "row by row": ("plain", "warm-up", "free bits", "no code"),
    "blank rows": ("plain",),
}
LAYERS = {"six layers": (64,) * 6, "one layer": (64,)}
SETTINGS = {"free bits": {"free_bits": 0.25}, "autoencoder": {"stochastic": False}}


def run(job: list) -> dict:
    """Train one model and measure its terms on test images."""
    decoder, way, seed = job
    torch.set_num_threads(1)
    digits = data.load("digits")
    train, test = digits.train, digits.test
    settings = SETTINGS.get(way, {})
    seed_everything(seed)
    if decoder in LAYERS:
        settings = {"warmup_steps": 1000} if way == "warm-up" else settings
        encoder = networks.MLPEncoder(16, (256,), act="tanh")
        vae = VAE(encoder, networks.MLPGenerator(16, LAYERS[decoder], act="tanh"), **settings)
    else:
        settings = {"warmup_steps": 700} if way == "warm-up" else settings
        train, test = small_and_binary(train), small_and_binary(test)
        vae = RowVAE(reads=decoder == "row by row", gets_code=way != "no code", **settings)
    fit(vae, train, steps=1500 if decoder in LAYERS else 1000, batch_size=64, seed=seed)
    terms = {name: value.item() for name, value in vae.evaluate(test).items()}
    return {"job": job, "active_units": vae.active_units(test)} | terms


def main() -> None:
    jobs = [[decoder, way, seed] for seed in range(SEEDS) for decoder, ways in WAYS.items() for way in ways]
    run_missing(run, jobs, RESULTS / "collapse.jsonl")


if __name__ == "__main__":
    main()
