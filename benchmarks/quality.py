"""How much better are the settings that search_quality.py found, in the time of the recipes they began with?

    python benchmarks/quality.py costs               # what a step of each arm costs, in processor time
    python benchmarks/quality.py digits --seeds 5    # GANs, with and without labels
    python benchmarks/quality.py mnist --seeds 5     # GANs, and VAEs of binarized images
    python benchmarks/quality.py table

`printed` and `logits` are the popular recipe of gan.py, `ours` is the GAN of lesson 03, and `burda` the VAE of
vae_likelihood.py. `20 clusters` tells a GAN in which cluster of k-means an image is, as a label that nobody had to give
(Liu et al., 2020), and draws clusters as often as they are; `20 at random`, its control, is told the cluster of another
image, drawn by chance, for as many steps. `quarters` is the VAE of quarters.py.

An arm trains for as many steps as take the time of the first arm of its kind: of a GAN, the 60 seconds of one core of
gan_DATASET.json, of a VAE, the 15 minutes of vae_likelihood.json. Steps of rivals are timed in turns, as processor time
of one thread; k-means takes half a second more. Scores are against test images, and the seeds begin at 120: nothing was
chosen by either. On validation images, with two seeds, `20 clusters` was best for the digits and `30 clusters`, with
longer steps and some momentum, for MNIST. Likelihoods are bounds for the 10,000 test images, binarized once. Results go
to benchmarks/results/quality_*; recorded runs are not repeated.
"""

import argparse
import functools
import json
import math
import statistics
import time
from dataclasses import replace

import search_quality
import torch
from environment import RESULTS, describe, interleaved, run_job, run_missing, store
from gan import CONTENDERS
from torch import nn

from course_utils import data
from course_utils.claims import interval
from course_utils.show.tables import markdown
from course_utils.training import fit, seed_everything

FIRST = 120  # the first of the seeds
COSTS = RESULTS / "quality_costs.json"
KINDS = {  # each kind with its arms; the first is the base, whose time all have
    "gan": ("ours", "printed", "logits", "narrow", "20 clusters", "20 at random", "30 clusters"),
    "conditional": ("ours, labels", "narrow, labels"),
    "likelihood": ("burda", "quarters"),
}
CHANGES = {  # of the settings of the base
    "narrow": search_quality.QUICK,
    "20 clusters": search_quality.QUICK | search_quality.CLUSTERS,
    "20 at random": search_quality.QUICK | search_quality.CLUSTERS | {"told": "chance"},
    "30 clusters": search_quality.THIRTY,
    "narrow, labels": search_quality.QUICK,
    "quarters": search_quality.QUARTERS,
}
CONTROLS = {"20 at random": "20 clusters"}  # trained for as many steps as what they control
ON = {"digits": ("gan", "conditional"), "mnist": ("gan", "likelihood")}
STEPS = {"likelihood": {"mnist": 200_336}}  # of the base: 15 minutes of vae_likelihood.json
COLUMNS = {"gan": ("ratio", "coverage"), "conditional": ("ratio", "accuracy"), "likelihood": ("nats", "elbo", "kl")}


def kind_of(arm: str) -> str:
    return next(kind for kind, arms in KINDS.items() if arm in arms)


def settings_of(arm: str) -> dict:
    return search_quality.FAMILIES[kind_of(arm)].base | CHANGES.get(arm, {})


def train(arm: str, images: data.Images, steps: int, seed: int, **more) -> nn.Module:
    """Train a model of an arm and return it."""
    if arm in ("printed", "logits"):
        seed_everything(seed)
        model, options = CONTENDERS[arm]()
        fit(model, images.train, steps=steps, seed=seed, **options, **more)
        return model
    return search_quality.train(search_quality.FAMILIES[kind_of(arm)], settings_of(arm), images, steps, seed, **more)


def costs(rounds: int = 7, steps: int = 50) -> dict:
    """How much more processor time a step takes than one of the base, in each round; what is known stays."""
    torch.set_num_threads(1)
    found = json.loads(COSTS.read_text(encoding="utf-8"))["over_base"] if COSTS.exists() else {}
    for kind, (base, *others) in KINDS.items():
        new = [arm for arm in others if arm not in found and arm not in CONTROLS]
        if new:
            images = data.load("mnist" if kind == "likelihood" else "digits")
            ways = {arm: functools.partial(train, arm, images, steps, 0) for arm in (base, *new)}
            rows = interleaved(ways, rounds, time.process_time)
            found |= {arm: [row[arm] / row[base] for row in rows] for arm in new}
    return {"over_base": found, "environment": describe()}


def steps_of(arm: str, dataset: str) -> int:
    """As many steps as take the time of the base."""
    kind = kind_of(arm)
    steps = STEPS.get(kind, search_quality.FAMILIES[kind].steps)[dataset]
    over_base = json.loads(COSTS.read_text(encoding="utf-8"))["over_base"]
    timed = CONTROLS.get(arm, arm)
    return round(steps / statistics.median(over_base[timed])) if timed in over_base else steps


def nats(model: nn.Module, images: data.Images) -> dict:
    """The negative log-likelihood of test images, at most: with 500 codes each; the ELBO and its terms."""
    x = torch.bernoulli(images.test, generator=torch.Generator().manual_seed(0))
    log_p = model.vae.iwae_bound(x, 500)  # (N,)
    terms = {name: value.item() for name, value in model.evaluate(x).items()}
    error = log_p.std().item() / math.sqrt(len(log_p))
    return {"nats": -log_p.mean().item(), "error": error, "active_units": model.vae.active_units(x)} | terms


def samples(model: nn.Module, settings: dict, images: data.Images) -> dict:
    """The Fréchet distance of samples to test images, × floor, and the rest of the judge's metrics."""
    found = search_quality.score_samples(model, settings, images, "test")
    return {"ratio": found.pop("loss")} | found


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train one arm with one seed, and score it on test images."""
    images = data.load(dataset)
    likelihood = kind_of(name) == "likelihood"
    if likelihood:  # as in vae_likelihood.py, which learns from all 60,000
        images = replace(images, train=torch.cat([images.train, images.validation]))
    steps = steps_of(name, dataset)
    start = time.process_time()
    model = train(name, images, steps, seed, checkpoint=f"quality_{dataset}_{name}_{seed}")
    line = {"steps": steps, "processor_seconds": time.process_time() - start}
    return line | (nats(model, images) if likelihood else samples(model, settings_of(name), images))


def table() -> str:
    """What the arms score: means over seeds, with 95 % intervals."""
    parts = []
    for dataset, kinds in ON.items():
        path = RESULTS / f"quality_{dataset}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = [json.loads(line) for line in text.splitlines()]
        for kind in kinds:
            rows = [[f"{dataset}, {kind}", "seeds", "steps", *COLUMNS[kind]]]
            for name in KINDS[kind]:
                own = [line for line in lines if line["job"][2] == name]
                if own:
                    cells = [cell([line[column] for line in own]) for column in COLUMNS[kind]]
                    rows.append([name, len(own), f"{own[0]['steps']:,}", *cells])
            parts.append(markdown(rows))
    return "\n\n".join(parts)


def cell(numbers: list[float]) -> str:
    """The mean of numbers and half the width of its interval, if there are two or more."""
    if len(numbers) == 1:
        return f"{numbers[0]:.4g}"
    found = interval(numbers)
    return f"{found.mean:.4g} ± {found.high - found.mean:.2g}"


run = functools.partial(run_job, {"arm": arm})


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set, one seed after the other."""
    names = [name for kind in ON[dataset] for name in KINDS[kind]]
    return [["arm", dataset, name, FIRST + seed] for seed in range(seeds) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("costs", "table", *ON))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--arms", nargs="+", choices=[name for arms in KINDS.values() for name in arms])
    args = parser.parse_args()
    if args.what == "costs":
        store(COSTS, json.dumps(costs(), indent=1))
        print(COSTS.read_text(encoding="utf-8"))
    elif args.what == "table":
        print(table())
    else:
        jobs = [job for job in jobs_of(args.what, args.seeds) if not args.arms or job[2] in args.arms]
        run_missing(run, jobs, RESULTS / f"quality_{args.what}.jsonl")


if __name__ == "__main__":
    main()
