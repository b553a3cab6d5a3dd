"""Search for settings: the same seconds for every candidate of both families, chosen on validation images.

    python benchmarks/search.py gan --dataset digits --seconds 60 --seeds 1
    python benchmarks/search.py vae --dataset digits --seconds 60 --seeds 1

Both families have as many candidates: each changes one thing of its family's base, then three put the best changes
together. Each run trains for as many steps as take the given seconds of one idle core: those of its family's base in
search_costs.json, times how much cheaper the candidate's steps are, timed beside the base's. Two run at a time. A
candidate is chosen by the Fréchet distance of its samples, drawn in the best way that its family has after training:
a prior fitted to the VAE's codes; for the GAN truncation, or rejection by its discriminator.
Results go to benchmarks/results/search_FAMILY_DATASET.jsonl, one line a run; recorded runs are not repeated. The first
call times the bases, both on one core: the machine should be idle.
"""

import argparse
import functools
import itertools
import json
import pathlib
import statistics
import time
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass

import torch
from environment import RESULTS, describe, interleaved, store, two_workers
from torch import nn

from course_utils import data, networks
from course_utils.comparison.after_training import ways_to_sample
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.plumbing.history import History
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

COSTS = RESULTS / "search_costs.json"


@dataclass(frozen=True)
class Family:
    build: Callable[[dict], nn.Module]
    base: dict
    changes: list[dict]


def gan(c: dict) -> GAN:
    """An untrained GAN with a candidate's settings."""
    generator = networks.ConvGenerator(c["latent_dim"], c["g_channels"], c["g_act"], c["batch_norm"])
    return GAN(
        generator, networks.ConvDiscriminator(c["d_channels"]), c["loss"], r1_weight=c["r1_weight"],
        penalty_every=c["penalty_every"], generator_lr=c["g_lr"], discriminator_lr=c["d_lr"], betas=c["betas"],
    )  # fmt: skip


def vae(c: dict) -> VAE:
    """An untrained VAE with a candidate's settings."""
    encoder = networks.ConvEncoder(c["latent_dim"], c["e_channels"])
    decoder = networks.ConvGenerator(c["latent_dim"], c["g_channels"], batch_norm=c["batch_norm"])
    return VAE(encoder, decoder, c["likelihood"], c["sigma"], c["beta"], lr=c["lr"])


FAMILIES = {
    "gan": Family(
        gan,
        dict(
            latent_dim=16,
            g_channels=(32, 16),
            d_channels=(32, 64),
            batch_norm=False,
            g_act="silu",
            loss="non_saturating",
            r1_weight=1.0,
            penalty_every=8,
            g_lr=2e-3,
            d_lr=2e-3,
            betas=(0.0, 0.99),
            batch_size=16,
            average=0.999,
            schedule="linear",
        ),
        [
            {},
            {"latent_dim": 8},
            {"latent_dim": 12},
            {"latent_dim": 32},
            {"r1_weight": 0.3},
            {"r1_weight": 0.1},
            {"r1_weight": 0.03},
            {"g_lr": 3e-3, "d_lr": 3e-3},
            {"g_lr": 1e-3, "d_lr": 1e-3},
            {"batch_size": 8},
            {"batch_size": 32},
            {"betas": (0.5, 0.99)},
            {"batch_norm": True},
            {"loss": "hinge"},
            {"average": 0.9995},
        ],
    ),
    "vae": Family(
        vae,
        dict(
            latent_dim=16,
            g_channels=(32, 16),
            e_channels=(32, 64),
            batch_norm=False,
            likelihood="bernoulli",
            sigma=1.0,
            beta=1.5,
            lr=2e-3,
            batch_size=16,
            average=0.999,
            schedule="linear",
        ),
        [
            {},
            {"latent_dim": 8},
            {"latent_dim": 12},
            {"latent_dim": 32},
            {"beta": 0.25},
            {"beta": 0.5},
            {"beta": 1.0},
            {"beta": 2.0},
            {"lr": 4e-3},
            {"lr": 1e-3},
            {"batch_size": 8},
            {"batch_size": 32},
            {"batch_norm": True},
            {"e_channels": (16, 32)},
            {"likelihood": "gaussian", "sigma": 0.4, "beta": 1.0},
        ],
    ),
}
COMBINED = (2, 3, 4)  # of the best single changes, in the second round


def train(family: str, settings: dict, images: data.Images, steps: int, seed: int, **more) -> tuple[nn.Module, History]:
    """Train a model of a family; return it and its history."""
    seed_everything(seed)
    model = FAMILIES[family].build(settings)
    options = {name: settings[name] for name in ("batch_size", "average", "schedule")}
    return model, fit(model, images.train, steps=steps, seed=seed, **options, **more)


def run(job: tuple[str, str, dict, int, float]) -> dict:
    """Train one candidate with one seed and score it on validation images."""
    torch.set_num_threads(1)
    family, dataset, change, seed, seconds = job
    candidate = FAMILIES[family].base | change
    images = data.load(dataset)
    judge = Judge(images, against="validation")
    settings = {"base": FAMILIES[family].base, "candidate": candidate}
    ways = {name: functools.partial(train, family, setting, images, 60, seed) for name, setting in settings.items()}
    rows = interleaved(ways, 4, time.process_time)
    cheaper = min(row["base"] for row in rows) / min(row["candidate"] for row in rows)
    steps = round(seconds / json.loads(COSTS.read_text())["step_seconds"][family] * cheaper)
    model, _ = train(family, candidate, images, steps, seed)
    scores = {name: judge.score(way(judge.n, seed)) for name, way in ways_to_sample(model, images).items()}
    ratios = {way: score["frechet"] / judge.floor["frechet"] for way, score in scores.items()}
    result = {"change": change, "seed": seed, "seconds": seconds, "steps": steps, "ratio": ratios["prior"]}
    result |= {"best": min(ratios.values()), "ratios": ratios, "scores": scores}
    if family == "vae":
        result["elbo"] = model.elbo(images.validation).mean().item()
    return result | {"environment": describe()}


def costs() -> dict:
    """The seconds of a step of each family's base."""
    torch.set_num_threads(1)
    images = data.load("digits")
    ways = {name: functools.partial(train, name, family.base, images, 150, 0) for name, family in FAMILIES.items()}
    rows = interleaved(ways, 9, time.perf_counter)
    seconds = {name: statistics.median(row[name] for row in rows) / 150 for name in ways}
    return {"step_seconds": seconds, "environment": describe()}


def second_round(family: str, lines: list[dict]) -> list[dict]:
    """Put the best single changes together; of two that change the same thing only the better one counts."""
    singles = [line for line in lines if line["seed"] == 0 and line["change"] in as_json(FAMILIES[family].changes)]
    singles.sort(key=lambda line: line["best"])
    compatible: list[dict] = []
    for change in (line["change"] for line in singles if line["change"]):
        if not any(change.keys() & other.keys() for other in compatible):
            compatible.append(change)
    return [dict(ChainMap(*compatible[:number])) for number in COMBINED]


def as_json(changes: list[dict]) -> list[dict]:
    """The changes as a file of JSON gives them back: with lists in place of tuples."""
    return json.loads(json.dumps(changes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    if not COSTS.exists():
        store(COSTS, json.dumps(costs(), indent=1))
    path = RESULTS / f"search_{args.family}_{args.dataset}.jsonl"
    lines = run_round(args, FAMILIES[args.family].changes, path)
    run_round(args, second_round(args.family, lines), path)


def run_round(args: argparse.Namespace, changes: list[dict], path: pathlib.Path) -> list[dict]:
    """Run the candidates that have no line in the file yet; return all lines."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    seen = [(line["change"], line["seed"], line["seconds"]) for line in lines]
    jobs = []
    for seed, change in itertools.product(range(args.seeds), as_json(changes)):
        if (change, seed, args.seconds) not in seen:
            jobs.append((args.family, args.dataset, change, seed, args.seconds))
    with two_workers() as pool:
        for line in pool.imap_unordered(run, jobs):
            print("{best:6.2f} × floor  {steps:6d} steps  seed {seed}  {change}  {ratios}".format(**line), flush=True)
            lines.append(line)
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
    return lines


if __name__ == "__main__":
    main()
