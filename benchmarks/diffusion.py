"""A small diffusion model beside GAN and VAE (lesson 12): what do seconds of training buy, and seconds of sampling?

    python benchmarks/diffusion.py digits --seeds 5 --first 110    # then mnist with --seeds 3

Arms "15 s", "60 s" and "240 s": so long each of three models trains on one core. Seconds become steps by the time of a
step, which the first call measures, in turns, on an idle machine; results never depend on a clock. A line has, for each
way to sample, the Fréchet distance over its floor, precision, recall and coverage against test images, how far the
shares of the classes are from those of real images, the processor seconds of a thousand samples, and for some the share
of copies among 500 samples: nearer to a training image, over 60 small changes, than 99 in 100 test images.
Ways: "GAN"; "VAE" from N(0, I), and "VAE, fitted prior" from ten Gaussians (the seconds of their fit stand beside);
the diffusion model in 5 to 50 steps, by "DDIM", without fresh noise, and by "DDPM", with it. Beside them validation
images ("real"), training images as they are ("copier") or turned and moved once more ("memoriser", of which the test
for copies finds one in nine), and two that must fail: an untrained network, and a trained one that is sampled by
another schedule than it learned.
Settings were chosen on validation images of the digits, seed 0, and for the GAN and the VAE by lessons 03 and 07;
the recorded seeds begin at 110, since 100 was looked at while the script was written. Results go to
benchmarks/results/diffusion_*; recorded runs are not repeated.
"""

import functools
import json
import statistics
import time

import torch
from environment import RESULTS, describe, interleaved, run_arms, run_job, store
from torch import Tensor

from course_utils import data, networks
from course_utils.applications import membership
from course_utils.diffusion import Denoiser, Diffusion
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.latent import fit_prior
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

COSTS = RESULTS / "diffusion_costs.json"
SHARED = {"average": 0.999, "schedule": "linear"}
BATCH = {"GAN": 16, "VAE": 16, "diffusion": 32}
STEPS = (5, 10, 20, 50)  # of sampling
COPIED = 500  # samples that are held against the training images
HELD = ("GAN", "VAE, fitted prior", "DDIM, 20", "DDPM, 20", "real", "copier", "memoriser")  # the ways that are
TRIES = 60  # small changes of each sample


def gan() -> GAN:
    """The GAN of lesson 03."""
    players = networks.ConvGenerator(), networks.ConvDiscriminator()
    return GAN(*players, r1_weight=1.0, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)


def vae() -> VAE:
    """The VAE of lesson 07."""
    return VAE(networks.ConvEncoder(12, (16, 32)), networks.ConvGenerator(12, batch_norm=True), beta=0.25, lr=2e-3)


def diffusion() -> Diffusion:
    return Diffusion(Denoiser((16, 32)))


MODELS = {"GAN": gan, "VAE": vae, "diffusion": diffusion}


def trained(kind: str, x: Tensor, steps: int, seed: int, **settings):
    seed_everything(seed)
    model = MODELS[kind]()
    fit(model, x, steps=steps, batch_size=BATCH[kind], seed=seed, **SHARED, **settings)
    return model


def measure_costs(x: Tensor, steps: int = 100, rounds: int = 5) -> None:
    """Write down how many processor seconds a step of each model takes on one core, if that is not written yet."""
    if COSTS.exists():
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ways = {kind: functools.partial(trained, kind, x, steps, 0) for kind in MODELS}
    rows = interleaved(ways, rounds, time.process_time)
    torch.set_num_threads(threads)
    seconds = {kind: statistics.median(row[kind] for row in rows) / steps for kind in MODELS}
    store(COSTS, json.dumps({"step_seconds": seconds, "environment": describe()}, indent=1))


def steps_of(kind: str, seconds: int) -> int:
    return round(seconds / json.loads(COSTS.read_text())["step_seconds"][kind])


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


@functools.cache
def nearest_unseen(dataset: str) -> Tensor:
    """How near a test image is to a training image that only one in a hundred of them is nearer to."""
    images = data.load(dataset)
    return membership.found_again(images.test[:1000], images.train, TRIES)[0].quantile(membership.FALSE_ALARMS)


def copies(samples: Tensor, images: data.Images) -> float:
    """`membership.copies`, which would ask anew each time how near unseen images are."""
    nearest, _ = membership.found_again(samples, images.train, TRIES)
    return (nearest < nearest_unseen(images.name)).double().mean().item()


def measured(way: str, draw, images: data.Images) -> dict[str, float]:
    """What a way to sample, n to images, scores and costs."""
    judge = judge_of(images.name)
    start = time.process_time()
    samples = draw(judge.n)
    seconds = (time.process_time() - start) / judge.n * 1000
    score = judge.score(samples)
    apart = 0.5 * (judge.class_shares(samples) - judge.class_shares(images.test)).abs().sum().item()
    held = {"copies": copies(samples[:COPIED], images)} if way in HELD else {}
    return held | {
        "ratio": score["frechet"] / judge.floor["frechet"],
        **{name: score[name] for name in ("frechet", "precision", "recall", "coverage")},
        "shares": apart,
        "seconds": seconds,
    }


def ways_of(dataset: str, seconds: int, seed: int) -> tuple[dict, dict]:
    """Ways to sample after so many seconds of training, by name, each n to images; and what else was found."""
    images = data.load(dataset)
    models = {kind: trained(kind, images.train, steps_of(kind, seconds), seed) for kind in MODELS}
    vae, denoiser = models["VAE"], models["diffusion"]
    start = time.process_time()
    prior = fit_prior(vae.codes(images.train), 10, seed=seed)
    fitting = time.process_time() - start
    other = Diffusion(denoiser.network, denoiser.predict, "linear")
    random = torch.Generator().manual_seed(seed)
    ways = {
        "GAN": lambda n: models["GAN"].sample(n, seed=1),
        "VAE": lambda n: vae.sample(n, seed=1),
        "VAE, fitted prior": lambda n: vae.sample(z=prior.sample(n, seed=1)),
        "real": lambda n: images.validation[torch.randperm(len(images.validation), generator=random)[:n]],
        "memoriser": lambda n: data.vary(
            images.train[torch.randint(len(images.train), (n,), generator=random)], random
        ),
        "copier": lambda n: images.train[torch.randint(len(images.train), (n,), generator=random)],
        "untrained": lambda n: trained("diffusion", images.train, 1, seed).sample(n, seed=1),
        "another schedule": lambda n: other.sample(n, seed=1),
    }
    for steps in STEPS:
        for name, eta in (("DDIM", 0.0), ("DDPM", 1.0)):
            ways[f"{name}, {steps}"] = functools.partial(denoiser.sample, seed=1, steps=steps, eta=eta)
    steps = {kind: steps_of(kind, seconds) for kind in MODELS}
    return ways, {"steps": steps, "fitting": fitting}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All ways to sample after one length of training with one seed."""
    ways, line = ways_of(dataset, int(name.split()[0]), seed)
    return line | {way: measured(way, draw, data.load(dataset)) for way, draw in ways.items()}


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    measure_costs(data.load("digits").train)
    run_arms(__doc__, run, lambda what: ["15 s", "60 s", "240 s"], "diffusion_{}.jsonl")
