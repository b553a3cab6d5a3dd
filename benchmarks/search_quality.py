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

The arms of quality.py come from fewer runs than these, of one to three seeds. What needed other networks was tried once
and lost. With a third of the time, × floor, where the base has 3.94: one pass of the discriminator for real and
generated, 3.91; one more layer before the generator's picture, 3.84, or before the discriminator's end, 4.34. After a
minute of one core, in nats, where quarters of width 8 have 91.1 in the layout of memory that was tried first: a causal
convolution over the logits and the pixels before, 91.9. A second layer in the quarters, 89.1, is no better than 16
features in the first, 89.2.
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
from quarters import QuarterVAE
from sklearn.cluster import KMeans
from torch import Tensor, nn
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
    if c["quarters"]:
        vae = QuarterVAE(encoder, decoder, c["quarters"], c["lr"])
        return Binarized(vae.to(memory_format=torch.channels_last))
    return Binarized(VAE(encoder, decoder, lr=c["lr"]))


@functools.cache
def clusters(dataset: str, number: int) -> Tensor:
    """The cluster that k-means puts each training image into, (N,): fitted to some 5,000 images, in half a second."""
    pixels = data.load(dataset).train.flatten(1).numpy()  # (N, pixels)
    found = KMeans(number, n_init=1, max_iter=30, random_state=0).fit(pixels[:: len(pixels) // 5000])
    return torch.from_numpy(found.predict(pixels)).long()


def labels(settings: dict, images: data.Images) -> Tensor | None:
    """What a candidate is told about each training image, (N,).

    Its class; its cluster, for which nobody looks; or, by chance, the cluster of another image, which says nothing.
    """
    if settings["told"] in ("clusters", "chance"):
        y = clusters(images.name, settings["classes"])
        shuffled = torch.randperm(len(y), generator=torch.Generator().manual_seed(2))
        return y[shuffled] if settings["told"] == "chance" else y
    return images.train_labels if settings["told"] == "classes" else None


def score_samples(model: nn.Module, settings: dict, images: data.Images, against: str = "validation") -> dict:
    """The Fréchet distance in units of the floor, and the rest of the judge's metrics."""
    judge = Judge(images, against=against)
    y = labels(settings, images)
    if settings["told"] == "classes":
        y = torch.arange(judge.n) % len(images.classes)  # each class in turn
    elif y is not None:  # clusters as often as they are
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(1))[: judge.n]]
    samples = model.sample(judge.n) if y is None else model.sample(judge.n, y=y)
    score = judge.score(samples)
    if settings["told"] == "classes":
        score["accuracy"] = (judge.predict(samples) == y).float().mean().item()
    return {"loss": score["frechet"] / judge.floor["frechet"]} | score


def score_likelihood(model: Binarized, settings: dict, images: data.Images) -> dict:
    """Negative log-likelihoods of 1,000 validation images, binarized once: 50-sample bound and ELBO."""
    x = torch.bernoulli(images.validation[:1000], generator=torch.Generator().manual_seed(0))
    nats = -model.vae.iwae_bound(x, 50).mean().item()
    return {"loss": nats, "elbo": model.vae.elbo(x).mean().item(), "active_units": model.vae.active_units(x)}


GAN_BASE = dict(
    latent_dim=32, g_channels=(32, 16), d_channels=(32, 64), batch_norm=False, classes=0,
    channels_last=False, r1_weight=1.0, lr=2e-3, betas=(0.0, 0.99), batch_size=16, average=0.999, schedule="linear",
    told="nothing",
)  # fmt: skip
NARROW = {"d_channels": (16, 64)}  # of the first round; the changes after it build on it
QUICK = NARROW | {"r1_weight": 0.3, "channels_last": True}
CLUSTERS = {"told": "clusters", "classes": 20}
THIRTY = QUICK | CLUSTERS | {"classes": 30, "lr": 3e-3, "betas": (0.5, 0.99)}
SILU = {"act": "silu", "lr": 3e-3}
QUARTERS = SILU | {"quarters": 16}
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
            NARROW | {"r1_weight": 0.3, "batch_norm": True},
            QUICK,
            QUICK | CLUSTERS | {"classes": 10},
            QUICK | CLUSTERS,
            QUICK | CLUSTERS | {"lr": 3e-3},
            QUICK | CLUSTERS | {"betas": (0.5, 0.99)},
            QUICK | CLUSTERS | {"classes": 30},
            THIRTY,
            THIRTY | {"betas": (0.0, 0.99)},
            QUICK | CLUSTERS | {"classes": 50},
        ],
        score_samples,
    ),
    "conditional": Family(
        gan,
        GAN_BASE | {"told": "classes", "classes": 10},
        [{}, {"r1_weight": 0.3}, QUICK],
        score_samples,
        steps={name: round(steps / 1.05) for name, steps in BUDGET_OF.items()},  # labels cost 5 % (labels_costs.json)
    ),
    "likelihood": Family(
        likelihood,
        dict(
            latent_dim=50, hidden=(200, 200), act="tanh", e_channels=(), g_channels=(), lr=1e-3, batch_size=100,
            average=0.0, schedule="linear", quarters=0, told="nothing",
        ),
        [
            {},
            {"lr": 3e-3},
            SILU,
            SILU | {"hidden": (400, 400)},
            {"e_channels": (16, 32), "g_channels": (32, 16), "lr": 2e-3},
            SILU | {"quarters": 8},
            QUARTERS,
        ],
        score_likelihood,
        steps={"mnist": 12_000},  # about a minute
    ),
}  # fmt: skip


def train(family: Family, settings: dict, images: data.Images, steps: int, seed: int, **more) -> nn.Module:
    """Train a candidate and return it."""
    seed_everything(seed)
    model = family.build(settings)
    options = {name: settings[name] for name in FIT}
    y = labels(settings, images)
    fit(model, images.train if y is None else (images.train, y), steps=steps, seed=seed, **options, **more)
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
    settings = family.base | change
    model = train(family, settings, images, steps, seed)
    line = {"steps": steps, "relative_cost": cost, "processor_seconds": time.process_time() - start}
    return line | family.score(model, settings, images)


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
