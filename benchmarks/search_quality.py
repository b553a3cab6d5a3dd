"""Quality per second: which settings make most of the time of lesson 03's GAN, and of the VAE of `vae_likelihood.py`?

    python benchmarks/search_quality.py gan                    # on the digits; --dataset mnist for others
    python benchmarks/search_quality.py conditional
    python benchmarks/search_quality.py likelihood

Each candidate changes a few settings of its family's base. It trains for as many steps as take the base's time: the
base's steps, divided by how much more of one thread's processor time its steps take, timed beside those of the base.
So 6,140 steps of the GAN are what 60 seconds were in gan_digits.json, whose floor is an older one: compare with the
base's runs here. Successive halving: all candidates with a third of the budget, the best four with all of it, the best
two with more seeds. Everything is chosen on validation images; seeds are 0 to 9. The floor is no bound: training images
themselves score 0.65 of it on the digits. Results go to benchmarks/results/search_quality_FAMILY_DATASET.jsonl;
recorded runs are not repeated.
"""

import argparse
import functools
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from environment import RESULTS, interleaved, run_job, run_missing
from torch import nn
from vae_likelihood import Binarized

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

FIT = ("batch_size", "average", "schedule")
BUDGET_OF = {"digits": 6140, "mnist": 6705, "fashion_mnist": 6705}  # steps of the GAN in 60 seconds, as recorded


@dataclass(frozen=True)
class Family:
    build: Callable[[dict], nn.Module]
    base: dict
    changes: list[dict]
    score: Callable[..., dict]
    labels: bool = False
    steps: dict[str, int] = field(default_factory=lambda: BUDGET_OF)


def gan(c: dict) -> GAN:
    """An untrained GAN with a candidate's settings."""
    classes = c["classes"]
    generator = networks.ConvGenerator(c["latent_dim"], c["g_channels"], batch_norm=c["batch_norm"], classes=classes)
    discriminator = networks.ConvDiscriminator(c["d_channels"], classes=classes)
    rates = {"generator_lr": c["lr"], "discriminator_lr": c["lr"]}
    model = GAN(generator, discriminator, r1_weight=c["r1_weight"], penalty_every=8, betas=c["betas"], **rates)
    return model.to(memory_format=torch.channels_last) if c["channels_last"] else model


def likelihood(c: dict) -> Binarized:
    """An untrained VAE with a candidate's settings, for images binarized anew each time."""
    if c["e_channels"]:
        encoder = networks.ConvEncoder(c["latent_dim"], c["e_channels"])
        decoder = networks.ConvGenerator(c["latent_dim"], c["g_channels"])
    else:
        encoder = networks.MLPEncoder(c["latent_dim"], c["hidden"], act=c["act"])
        decoder = networks.MLPGenerator(c["latent_dim"], c["hidden"][::-1], act=c["act"])
    return Binarized(VAE(encoder, decoder, lr=c["lr"]))


def score_samples(model: GAN, images: data.Images) -> dict:
    """The Fréchet distance in units of the floor, and the rest of the judge's metrics, on validation images."""
    judge = Judge(images, against="validation")
    samples = model.sample(judge.n)
    score = judge.score(samples)
    ratio = score["frechet"] / judge.floor["frechet"]
    if not model.generator.classes:
        return {"loss": ratio} | score
    drawn = torch.arange(judge.n) % len(images.classes)  # a model draws each class in turn
    return {"loss": ratio, "accuracy": (judge.predict(samples) == drawn).float().mean().item()} | score


def score_likelihood(model: Binarized, images: data.Images) -> dict:
    """Negative log-likelihoods of 1,000 validation images, binarized once: 50-sample bound and ELBO."""
    x = torch.bernoulli(images.validation[:1000], generator=torch.Generator().manual_seed(0))
    nats = -model.vae.iwae_bound(x, 50).mean().item()
    return {"loss": nats, "elbo": model.vae.elbo(x).mean().item(), "active_units": model.vae.active_units(x)}


GAN_BASE = dict(
    latent_dim=32, g_channels=(32, 16), d_channels=(32, 64), batch_norm=False, classes=0,
    channels_last=False, r1_weight=1.0, lr=2e-3, betas=(0.0, 0.99), batch_size=16, average=0.999, schedule="linear",
)  # fmt: skip
NARROW = {"d_channels": (16, 64)}  # of the first round; the changes after it build on it
FAMILIES = {
    "gan": Family(
        gan,
        GAN_BASE,
        [
            {},
            {"d_channels": (8, 64)},
            {"d_channels": (16, 32)},
            NARROW,
            NARROW | {"g_channels": (32, 8)},
            NARROW | {"g_channels": (64, 8)},
            NARROW | {"g_channels": (16, 16)},
            NARROW | {"lr": 4e-3},
            NARROW | {"lr": 4e-3, "batch_size": 32},
            {"r1_weight": 0.3},
            NARROW | {"r1_weight": 0.3},
            NARROW | {"r1_weight": 0.1},
            NARROW | {"r1_weight": 0.3, "channels_last": True},
            NARROW | {"r1_weight": 0.3, "batch_norm": True},
        ],
        score_samples,
    ),
    "conditional": Family(
        gan,
        GAN_BASE | {"classes": 10},
        [{}, {"r1_weight": 0.3}, NARROW | {"r1_weight": 0.3, "channels_last": True}],
        score_samples,
        labels=True,
        steps={name: round(steps / 1.05) for name, steps in BUDGET_OF.items()},  # labels cost 5 % (labels_costs.json)
    ),
    "likelihood": Family(
        likelihood,
        dict(
            latent_dim=50, hidden=(200, 200), act="tanh", e_channels=(), g_channels=(), lr=1e-3, batch_size=100,
            average=0.0, schedule="linear",
        ),
        [
            {},
            {"lr": 3e-3},
            {"act": "silu", "lr": 3e-3},
            {"act": "silu", "lr": 3e-3, "hidden": (400, 400)},
            {"e_channels": (16, 32), "g_channels": (32, 16), "lr": 2e-3},
        ],
        score_likelihood,
        steps={"mnist": 12_000},  # about a minute
    ),
}  # fmt: skip


def training_data(family: Family, images: data.Images):
    return (images.train, images.train_labels) if family.labels else images.train


def train(family: Family, settings: dict, images: data.Images, steps: int, seed: int) -> nn.Module:
    """Train a candidate and return it."""
    seed_everything(seed)
    model = family.build(settings)
    options = {name: settings[name] for name in FIT}
    fit(model, training_data(family, images), steps=steps, seed=seed, **options)
    return model


@functools.cache
def relative_cost(name: str, dataset: str, change: str) -> float:
    """How much more processor time a step takes than one of the base's."""
    if change == "{}":  # noise must cost the base no steps
        return 1.0
    family = FAMILIES[name]
    images = data.load(dataset)
    settings = {"base": family.base, "candidate": family.base | json.loads(change)}
    ways = {who: functools.partial(train, family, setting, images, 60, 0) for who, setting in settings.items()}
    rows = interleaved(ways, 5, time.process_time)
    return statistics.median(row["candidate"] / row["base"] for row in rows)


def candidate(name: str, dataset: str, change: dict, seed: int, thirds: int) -> dict:
    """Train one candidate with one seed for thirds of the budget, and score it on validation images."""
    family = FAMILIES[name]
    images = data.load(dataset)
    cost = relative_cost(name, dataset, json.dumps(change))
    steps = round(thirds / 3 * family.steps[dataset] / cost)
    start = time.process_time()
    model = train(family, family.base | change, images, steps, seed)
    line = {"steps": steps, "relative_cost": cost, "processor_seconds": time.process_time() - start}
    return line | family.score(model, images)


def halving(name: str, dataset: str) -> None:
    """Run the three rounds; each but the first has the best of the one before."""
    changes = json.loads(json.dumps(FAMILIES[name].changes))  # with lists in place of tuples, as the file gives them
    path = RESULTS / f"search_quality_{name}_{dataset}.jsonl"
    run = functools.partial(run_job, {"candidate": candidate})
    for keep, thirds, seeds in ((4, 1, [0]), (2, 3, [0]), (2, 3, [1, 2])):
        jobs = [["candidate", name, dataset, change, seed, thirds] for change in changes for seed in seeds]
        lines = [line for line in run_missing(run, jobs, path) if "diverged" not in line]
        changes = [line["job"][3] for line in sorted(lines, key=lambda line: line["loss"])[:keep]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--dataset", choices=data.IMAGE_SETS)
    args = parser.parse_args()
    datasets = FAMILIES[args.family].steps
    if args.dataset and args.dataset not in datasets:
        parser.error(f"expected a data set among {', '.join(datasets)} for {args.family}, got {args.dataset!r}")
    halving(args.family, args.dataset or next(iter(datasets)))


if __name__ == "__main__":
    main()
