"""A fair fight between GAN and VAE: same data, same decoder, same latent_dim, the same search, several seeds.

    python benchmarks/fair_fight.py costs                # time of a step, interleaved; first, on an idle machine
    python benchmarks/fair_fight.py digits --seeds 5     # the fight, and the grid of learning rates and batch sizes
    python benchmarks/fair_fight.py mnist --seeds 3

Both families have the decoder and the settings of the candidate with 16 latent dimensions in search.py. It was the
best of the VAE's fourteen candidates on validation images of the digits; the GAN's own best would be others, so that
this choice favours the VAE. (What favours the GAN: its base had come out of two earlier rounds of search, and all
searches looked at Fréchet distances.) The VAE fights twice: with as many images as the GAN, and with as much time,
which means the GAN's steps times the measured ratio of step times. Results go to
benchmarks/results/fight_DATASET.jsonl, one line a run, the costs to fight_costs.json; runs that are already there are
not repeated.
"""

import argparse
import json
import statistics
import time

import torch
from environment import RESULTS, describe, run_missing, store
from search import FAMILIES, train

from course_utils import data, latent
from course_utils.comparison import measures
from course_utils.comparison.records import ARMS
from course_utils.judge import Judge
from course_utils.plumbing.history import DivergenceError
from course_utils.training import fit, seed_everything

STEPS, STAGES, MORE = 6000, 16, 10_000  # MORE samples teach the detector
SHARED = {"latent_dim": 16}  # of fourteen candidates of each search the VAE's best, and one of the GAN's best
COSTS = RESULTS / "fight_costs.json"
RATES, BATCHES, GRID_IMAGES = (0.25, 1, 4), (8, 16, 64), 48_000


def best(family: str) -> dict:
    """Return the settings of a family in the fight."""
    return FAMILIES[family].base | SHARED


def steps_of(arm: str) -> int:
    """Return the steps of an arm of the fight."""
    seconds = json.loads(COSTS.read_text())["step_seconds"]
    return round(STEPS * seconds["gan"] / seconds["vae"]) if arm == "vae, same time" else STEPS


def fight(dataset: str, arm: str, seed: int) -> dict:
    """Train one arm with one seed, and measure all there is to measure, on test images."""
    images, family = data.load(dataset), arm[:3]
    judge = Judge(images)
    try:
        model, history = train(family, best(family), images, steps_of(arm), seed, snapshots=STAGES)
    except DivergenceError as error:
        return {"diverged": str(error)}
    n, mixed = judge.n, measures.shuffled(images)
    line = measures.picture_measures(model.sample(n, seed=1), model.sample(MORE, seed=2), judge, images)
    if family == "vae":
        line["pixels"] = judge.frechet(model.sample(n, seed=1, pixels=True)) / judge.floor["frechet"]
        line["elbo"] = model.elbo(mixed.test[:2500]).mean().item()
    line |= measures.latent_measures(model, judge)
    added = measures.with_encoder(measures.generator_of(model), images.train)
    line |= measures.code_measures(model, added, mixed.test[:300], mixed.test_labels[:300])
    line["elbo_afterwards"] = added.elbo(mixed.test[:2500]).mean().item()
    return line | {"steps": history.steps[-1], "stages": measures.stage_measures(model, history, judge)}


def real(dataset: str) -> dict:
    """Return what real images score in the same measures, and what a generator scores before training."""
    images = data.load(dataset)
    judge, mixed = Judge(images), measures.shuffled(images)
    test, labels = mixed.test[:300], mixed.test_labels[:300]
    seed_everything(0)
    untrained = FAMILIES["gan"].build(best("gan"))
    codes, _ = latent.invert(untrained.generator, test)
    return measures.real_measures(judge, images) | {
        "groups": latent.same_class_neighbours(test.flatten(1), labels),
        "untrained_step": measures.latent_measures(untrained, judge)["largest_step"],
        "untrained_groups": latent.same_class_neighbours(codes, labels),
    }


def cell(dataset: str, family: str, rate: float, batch_size: int, seed: int) -> dict:
    """Train with other learning rates and another batch size, on as many images, and score on test images."""
    images, settings = data.load(dataset), best(family)
    judge = Judge(images)
    rates = {name: rate * settings[name] for name in settings if name in ("lr", "g_lr", "d_lr")}
    settings |= rates | {"batch_size": batch_size}
    try:
        model, history = train(family, settings, images, GRID_IMAGES // batch_size, seed)
    except DivergenceError as error:
        return {"diverged": str(error)}
    ratio = judge.frechet(model.sample(judge.n, seed=1)) / judge.floor["frechet"]
    return {"ratio": ratio} | {name: losses[-1] for name, losses in history.metrics.items()}


def run(job: list) -> dict:
    """Run one job, named by its first entry, on one core."""
    torch.set_num_threads(1)
    what, *arguments = job
    return {"job": job} | {"fight": fight, "real": real, "grid": cell}[what](*arguments)


def costs(rounds: int = 9, steps: int = 150) -> dict:
    """Return what each family costs: the median time of a step, measured in turn, operations, parameters, memory."""
    from torch.utils.flop_counter import FlopCounterMode  # it warns when it is imported, once for each process

    torch.set_num_threads(1)
    images, times, result = data.load("digits"), {"gan": [], "vae": []}, {}
    for _ in range(rounds):
        for family, spent in times.items():
            train(family, best(family), images, 10, 0)
            start = time.perf_counter()
            train(family, best(family), images, steps, 0)
            spent.append((time.perf_counter() - start) / steps)
    ratios = [a / b for a, b in zip(times["gan"], times["vae"])]
    result["step_seconds"] = {family: statistics.median(spent) for family, spent in times.items()}
    result["step_ratio"] = [min(ratios), statistics.median(ratios), max(ratios)]
    for family in times:
        model = FAMILIES[family].build(best(family) | ({"r1_weight": 0.0} if family == "gan" else {}))
        sizes = {part: sum(p.numel() for p in network.parameters()) for part, network in model.named_children()}
        with FlopCounterMode(display=False) as counter:  # it cannot follow the penalty, which is due every 8th step
            fit(model, images.train, steps=1, batch_size=best(family)["batch_size"])
        bytes_ = 4 * 4 * sum(sizes.values())  # float32: weight, gradient, and Adam's two means
        result[family] = {"parameters": sizes, "operations": counter.get_total_flops(), "bytes": bytes_}
    return result | {"settings": {family: best(family) for family in times}, "environment": describe()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("costs", *data.IMAGE_SETS))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    if args.what == "costs":
        store(COSTS, json.dumps(costs(), indent=1))
        print(COSTS.read_text())
        return
    jobs = [["real", args.what]] + [["fight", args.what, arm, seed] for seed in range(args.seeds) for arm in ARMS]
    grid_seeds = 2 if args.what == "digits" else 1
    cells = [(rate, batch, seed) for seed in range(grid_seeds) for rate in RATES for batch in BATCHES]
    jobs += [["grid", args.what, family, *those] for those in cells for family in FAMILIES]
    run_missing(run, jobs, RESULTS / f"fight_{args.what}.jsonl")


if __name__ == "__main__":
    main()
