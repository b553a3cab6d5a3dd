"""When does a VAE ignore its code, and what does it lose by that? Three seeds.

    python benchmarks/collapse.py

Digits, codes of 16 numbers. A decoder of six narrow layers: plain, with warm-up over two thirds of the steps, with 0.25
free nats for each dimension, and as a plain autoencoder; for 1,500 steps, with larger initial weights (Glorot and
Bengio, 2010) for 1,500 and 6,000; plain for 6,000. One layer instead of six: plain, and as an autoencoder. Then
black and white digits of 14×14 pixels and a recurrent decoder that draws row by row and reads the rows above: plain,
with warm-up over 700 of 1,000 steps, with free bits, without a code, and the same decoder that reads blank rows.
Writes benchmarks/results/collapse.jsonl: ELBO, reconstruction, KL and active units on test images.
"""

import torch
from environment import RESULTS, run_missing
from torch import nn

from course_utils import data, networks
from course_utils.exercises.lesson_06.rows import RowVAE, small_and_binary
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

SEEDS = 3
STEPS = {
    "six layers": 1500,
    "six layers, Xavier": 1500,
    "six layers, 6,000 steps": 6000,
    "six layers, Xavier, 6,000 steps": 6000,
    "one layer": 1500,
    "row by row": 1000,
    "blank rows": 1000,
}
WAYS = {decoder: ("plain", "warm-up", "free bits", "autoencoder") for decoder in STEPS} | {
    "six layers, 6,000 steps": ("plain",),
    "one layer": ("plain", "autoencoder"),
    "row by row": ("plain", "warm-up", "free bits", "no code"),
    "blank rows": ("plain",),
}
SETTINGS = {"free bits": {"free_bits": 0.25}, "autoencoder": {"stochastic": False}}


def larger_weights(decoder: nn.Module) -> None:
    """Draw the weights anew, so large that the layers of tanh keep a signal's size; biases are 0."""
    for layer in decoder.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight, gain=5 / 3 if layer.out_features == 64 else 1)
            nn.init.zeros_(layer.bias)


def run(job: list) -> dict:
    """Train one model and measure its terms on test images."""
    decoder, way, seed = job
    torch.set_num_threads(1)
    digits = data.load("digits")
    train, test = digits.train, digits.test
    steps = STEPS[decoder]
    settings = SETTINGS.get(way, {})
    seed_everything(seed)
    if "layer" in decoder:
        settings = {"warmup_steps": steps * 2 // 3} if way == "warm-up" else settings
        layers = (64,) * (1 if decoder == "one layer" else 6)
        encoder = networks.MLPEncoder(16, (256,), act="tanh")
        vae = VAE(encoder, networks.MLPGenerator(16, layers, act="tanh"), **settings)
        if "Xavier" in decoder:
            larger_weights(vae.decoder)
    else:
        settings = {"warmup_steps": 700} if way == "warm-up" else settings
        train, test = small_and_binary(train), small_and_binary(test)
        vae = RowVAE(reads=decoder == "row by row", gets_code=way != "no code", **settings)
    fit(vae, train, steps=steps, batch_size=64, seed=seed)
    terms = {name: value.item() for name, value in vae.evaluate(test).items()}
    return {"job": job, "active_units": vae.active_units(test)} | terms


def main() -> None:
    jobs = [[decoder, way, seed] for seed in range(SEEDS) for decoder, ways in WAYS.items() for way in ways]
    run_missing(run, jobs, RESULTS / "collapse.jsonl")


if __name__ == "__main__":
    main()
