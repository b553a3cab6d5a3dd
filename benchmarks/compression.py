"""How many bits a test image costs: bits back with a VAE, really coded, beside files, pixels and a context model.

    python benchmarks/compression.py digits             # 2,000 steps with five seeds, 8,000 with three
    python benchmarks/compression.py mnist --seeds 3    # both with three

Images are binarised at 0.5. "together" is one file, or one stream, of 3,000 test images, in bits per image; of the VAE
it is the bound. "alone" is the mean over 200 of them, each coded by itself. The same 200, other ones for each seed, are
written by rANS and decoded again. The VAE's settings come from a short search on validation images of the digits, nine
settings with seed 0 and four of them with seed 1: 16 latent dimensions with a learning rate of 2e-3 needed 149 bits, 32
with 4e-3 needed 137, the best 135 to 136 (8e-3, or twice the channels). The seeds here begin at 100. Results go to
benchmarks/results/compression_*; recorded runs are not repeated.
"""

import functools
import math
import statistics

import torch
from environment import run_job, run_jobs
from torch import Tensor

from course_utils import data, networks
from course_utils.applications import compression as coding
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

STEPS = {"vae": 2000, "vae, four times the steps": 8000}
LONG_SEEDS = 3  # of the long runs
FIRST = 100  # the first seed of the recorded arms
TESTED, CODED, WAITING = 3000, 200, 4096  # images for the bounds and the files; images that are coded; bits before them
BINS = {"1,024 bins, 24 bits": (1024, 24), "256 bins, 24 bits": (256, 24), "1,024 bins, 16 bits": (1024, 16)}
BINS |= {"256 bins, 16 bits": (256, 16)}


def binarised(dataset: str) -> tuple[Tensor, Tensor]:
    """Training images, and the test images that all are measured on."""
    images = data.load(dataset)
    train, test = ((part > 0.5).float() for part in (images.train, images.test))
    return train, test[:TESTED]


def trained(train: Tensor, steps: int, seed: int) -> VAE:
    seed_everything(seed)
    vae = VAE(networks.ConvEncoder(32), networks.ConvGenerator(32), lr=4e-3)
    fit(vae, train, steps=steps, batch_size=32, seed=seed, average=0.999, schedule="linear")
    return vae


def chosen(test: Tensor, seed: int) -> Tensor:
    """The images that are coded."""
    return test[torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:CODED]]


def own_contexts(x: Tensor) -> Tensor:
    """Each pixel is a context of its own: (N, 1, H, W) to (N, H * W)."""
    return torch.arange(x[0].numel()).expand(len(x), -1)


def without_a_network(train: Tensor, test: Tensor, alone: Tensor) -> dict[str, dict]:
    """Bits per image of files, of each pixel by its share, and of a context model, with and without training images."""
    found = {}
    for kind in coding.FILES:
        one_by_one = statistics.mean(coding.file_bits(x[None], kind) for x in alone)
        found[kind] = {"together": coding.file_bits(test, kind), "alone": one_by_one}
    sixteen = functools.partial(coding.contexts, neighbours=16)
    tables = [
        ("pixels", own_contexts, 784),
        ("context", coding.contexts, coding.CONTEXTS),
        ("context 16", sixteen, 2**16),
    ]
    for name, context, n in tables:
        p = coding.shares(coding.counts(context(train), train, n))
        bits = {
            key: coding.bits_of(p[context(x)], x.view(context(x).shape)).sum().item() / len(x)
            for key, x in {"together": test, "alone": alone}.items()
        }
        one_by_one = statistics.mean(coding.adaptive_bits(coding.counts(context(x[None]), x, n)) for x in alone)
        together = coding.adaptive_bits(coding.counts(context(test), test, n)) / len(test)
        found |= {name: bits, f"{name}, adaptive": {"together": together, "alone": one_by_one}}
    return found


def written(train: Tensor, images: Tensor, seed: int) -> dict:
    """The context model's stream: bits per image, and whether decoding gave back everything."""
    p = coding.shares(coding.counts(coding.contexts(train), train))
    waiting = coding.bits_that_wait(WAITING, seed)
    state = coding.encode_contexts(images, p, waiting)
    back, rest = coding.decode_contexts(len(images), p, state)
    bits = (state.bit_length() - waiting.bit_length()) / len(images)
    return {"written": bits, "exact": float(torch.equal(back, images) and rest == waiting)}


def written_by_vae(vae: VAE, images: Tensor, bins: int, precision: int, seed: int) -> dict:
    """The stream of bits back: bits per image, and whether decoding gave back everything."""
    coder, waiting = coding.BitsBack(vae, bins, precision), coding.bits_that_wait(WAITING, seed)
    state = coder.encode(images, waiting)
    back, rest = coder.decode(len(images), state)
    bits = (state.bit_length() - waiting.bit_length()) / len(images)
    alone = statistics.mean(coder.alone(x, waiting) for x in images)
    return {"written": bits, "exact": float(torch.equal(back, images) and rest == waiting), "alone": alone}


def in_bits(log_p: Tensor) -> float:
    """Bits per image of log-probabilities, or bounds on them, in nats."""
    return -log_p.mean().item() / math.log(2)


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train one VAE, and measure it and everything that needs none."""
    train, test = binarised(dataset)
    images = chosen(test, seed)
    vae = trained(train, STEPS[name], seed)
    coded = {bins: written_by_vae(vae, images, *setting, seed) for bins, setting in BINS.items()}
    ours = coded["1,024 bins, 24 bits"]
    draws = torch.stack([vae.elbo(images, seed=draw) for draw in range(10)])
    bounds = {"bound": in_bits(draws), "iwae_100": in_bits(vae.iwae_bound(images, 100))}
    bounds |= {"kl": vae.evaluate(test)["kl"].item() / math.log(2), "weights": sum(p.numel() for p in vae.parameters())}
    return {
        "vae": {"together": in_bits(vae.elbo(test)), "alone": ours["alone"]},
        "coded": {bins: line["written"] for bins, line in coded.items()},
        "exact": {bins: line["exact"] for bins, line in coded.items()},
        "same images": bounds,
        "context, coded": written(train, images, seed),
    } | without_a_network(train, test, images)


run = functools.partial(run_job, {"arm": arm})


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set; the long ones with three seeds at most."""
    runs = {name: seeds if name == "vae" else min(seeds, LONG_SEEDS) for name in STEPS}
    return [["arm", dataset, name, FIRST + seed] for name in STEPS for seed in range(runs[name])]


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "compression_{}.jsonl", ("digits", "mnist"))


if __name__ == "__main__":
    main()
