"""A ladder of sizes (lesson 12): what does a larger network buy, and which learning rate belongs to a larger batch?

    python benchmarks/sizes.py digits --seeds 5 --first 130    # then mnist with --seeds 3

Every network sees the same number of images, 32,768, and its learning rate falls to 0 on the way.
Arms "width 4" to "width 64": the VAE of lesson 07, whose encoder has w and 2 w channels and whose decoder 2 w and w,
at beta 1, for which minus its loss is the bound. A line has the bound on test images and on training images, in nats
per image; the multiply-adds of the training, from torch's flop counter; and the entropy of the test images' grey
levels, which no loss can go below, in the same unit.
Arms "batch 64, linear" and so on: width 16, with another batch than 16, and a learning rate that is kept, or grows with
the batch, or with its square root. Arms "GAN, ...": lesson 03's GAN, batch 16 beside 64, by the Fréchet distance over
its floor; beside it a GAN that took one step, which must be far off.
Settings are those of lessons 03 and 07; seeds 0 to 9 were looked at while the script was written. Results go to
benchmarks/results/sizes_*; recorded runs are not repeated.
"""

import functools
import time

import torch
from environment import run_arms, run_job
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

SEEN = 32_768  # images that each network sees
BATCH, RATE, WIDTH = 16, 2e-3, 16  # of lesson 07
WIDTHS = (4, 6, 8, 12, 16, 24, 32, 64)
BATCHES = (8, 32, 64, 128, 256)
RULES = {"kept": 0.0, "square root": 0.5, "linear": 1.0}  # the power of the batch with which the learning rate grows
SHARED = {"average": 0.999, "schedule": "linear"}


def vae(width: int, rate: float = RATE) -> VAE:
    """The VAE of lesson 07, as wide as wanted."""
    decoder = networks.ConvGenerator(12, (2 * width, width), batch_norm=True)
    return VAE(networks.ConvEncoder(12, (width, 2 * width)), decoder, lr=rate)


def gan(rate: float = RATE) -> GAN:
    """The GAN of lesson 03."""
    players = networks.ConvGenerator(), networks.ConvDiscriminator()
    return GAN(*players, r1_weight=1.0, penalty_every=8, generator_lr=rate, discriminator_lr=rate)


def multiply_adds(model: VAE) -> float:
    """Multiply-adds that training takes for each image; torch counts a multiplication and an addition as two."""
    with FlopCounterMode(display=False) as counter:
        model.training_step(torch.rand(BATCH, *networks.IMAGE), model.make_optimizers(), step=1)
    return counter.get_total_flops() / 2 / BATCH


def entropy(x: torch.Tensor) -> float:
    """The entropy of grey levels in nats per image, the least that a Bernoulli loss can be."""
    return F.binary_cross_entropy(x, x, reduction="none").flatten(1).sum(1).mean().item()


def trained(model, x: torch.Tensor, seed: int, batch: int, seen: int = SEEN) -> float:
    """Train a model on so many images; return the processor seconds of it."""
    start = time.process_time()
    fit(model, x, steps=seen // batch, batch_size=batch, seed=seed, **SHARED)
    return time.process_time() - start


def rate_of(batch: int, rule: str) -> float:
    return RATE * (batch / BATCH) ** RULES[rule]


def vae_arm(dataset: str, seed: int, width: int = WIDTH, batch: int = BATCH, rule: str = "kept") -> dict:
    images = data.load(dataset)
    seed_everything(seed)
    work = multiply_adds(vae(width)) * SEEN
    seed_everything(seed)
    model = vae(width, rate_of(batch, rule))
    seconds = trained(model, images.train, seed, batch)
    return {
        "bound": model.evaluate(images.test)["elbo"].item(),
        "learned": model.evaluate(images.train[:3000])["elbo"].item(),
        "entropy": entropy(images.test),
        "multiply_adds": work,
        "seconds": seconds,
    }


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


def gan_arm(dataset: str, seed: int, batch: int = BATCH, rule: str = "kept", seen: int = SEEN) -> dict:
    judge = judge_of(dataset)
    seed_everything(seed)
    model = gan(rate_of(batch, rule))
    seconds = trained(model, data.load(dataset).train, seed, batch, seen)
    score = judge.score(model.sample(judge.n, seed=1))
    ratio = score["frechet"] / judge.floor["frechet"]
    return {"ratio": ratio, "precision": score["precision"], "coverage": score["coverage"], "seconds": seconds}


ARMS = {f"width {width}": functools.partial(vae_arm, width=width) for width in WIDTHS}
ARMS |= {
    f"batch {batch}, {rule}": functools.partial(vae_arm, batch=batch, rule=rule) for batch in BATCHES for rule in RULES
}
ARMS |= {"GAN, batch 16": gan_arm, "GAN, one step": functools.partial(gan_arm, seen=BATCH)}
ARMS |= {f"GAN, batch 64, {rule}": functools.partial(gan_arm, batch=64, rule=rule) for rule in RULES}


def arm(dataset: str, name: str, seed: int) -> dict:
    return ARMS[name](dataset, seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(__doc__, run, lambda what: list(ARMS), "sizes_{}.jsonl")
