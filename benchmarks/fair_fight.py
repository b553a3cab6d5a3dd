"""A fair fight between GAN and VAE: same data, same decoder, same time, the same search, several seeds.

    python benchmarks/fair_fight.py costs                # time of a step, interleaved; first, on an idle machine
    python benchmarks/fair_fight.py digits --seeds 5     # the fight, and the grid of learning rates and batch sizes
    python benchmarks/fair_fight.py mnist --seeds 3

Both families have the same decoder, and the settings that search.py found best on validation images of the digits:
for samples drawn in the best way that a family has when training is over, and in another arm for samples from N(0, I).
All arms train for the time of the GAN's steps, by the measured times of a step. Results go to
benchmarks/results/fight_DATASET.jsonl, one line a run, the costs to fight_costs.json; recorded runs are not repeated.
"""

import functools
import itertools
import json
import statistics
import time

import search
import torch
from environment import RESULTS, describe, run_jobs

from course_utils import data
from course_utils.comparison import after_training, measures
from course_utils.comparison.likelihood import searched_bound
from course_utils.comparison.records import ARMS, FAMILIES, USUAL_ARMS
from course_utils.comparison.rulers import Rulers
from course_utils.judge import Judge
from course_utils.plumbing.history import DivergenceError

STEPS = 6000
STAGES = 16  # snapshots of a run that are measured
MORE = 10_000  # samples that teach the detector
SEARCHED = 100  # test images of a searched bound
SOFTNESS = 0.6  # of the sharpness of real images, to which walks are blurred: both families' are sharper
COSTS = RESULTS / "fight_costs.json"
RATES = (0.25, 1, 4)  # times the family's own
BATCHES = (8, 16, 64)
GRID_IMAGES = 48_000  # seen by each run of the grid


def best(arm: str) -> dict:
    """The settings of an arm: those that the search found best for the samples that it is there for."""
    family = ARMS[arm]
    lines = [json.loads(line) for line in (RESULTS / f"search_{family}_digits.jsonl").read_text().splitlines()]
    found = min(lines, key=lambda line: line["ratio" if arm in USUAL_ARMS else "best"])
    return search.FAMILIES[family].base | found["change"]


def steps_of(arm: str) -> int:
    """The steps of an arm of the fight: as many as take as long as the GAN's."""
    seconds = json.loads(COSTS.read_text())["step_seconds"]
    return round(STEPS * seconds["gan"] / seconds[arm])


@functools.cache
def rulers_of(dataset: str) -> Rulers:
    return Rulers(data.load(dataset))


def fight(dataset: str, arm: str, seed: int) -> dict:
    """Train one arm with one seed, and measure on test images what it is there for."""
    images = data.load(dataset)
    family = ARMS[arm]
    rulers = rulers_of(dataset)
    judge = rulers.judges[0]
    try:
        model, history = search.train(family, best(arm), images, steps_of(arm), seed, snapshots=STAGES)
    except DivergenceError as error:
        return {"diverged": str(error)}
    line = {"steps": history.steps[-1]}
    samples = model.sample(judge.n, seed=1)
    if arm in USUAL_ARMS:
        line["usual"] = measures.picture_measures(samples, model.sample(MORE, seed=2), rulers, images)
        line["stages"] = measures.stage_measures(model, history, judge)
        return line | measures.latent_measures(model, rulers, SOFTNESS * measures.sharpness(images.test))
    best_way, draw = after_training.best_way(model, images)
    line |= {"untouched": measures.judged(samples, rulers), "best_way": best_way}
    line["after"] = measures.picture_measures(draw(judge.n, 1), draw(MORE, 2), rulers, images)
    return line


def bound(dataset: str, family: str, seed: int) -> dict:
    """Train a family's arm again and search a bound on the likelihood of test images; its own where it has one."""
    images = data.load(dataset)
    try:
        model, _ = search.train(family, best(family), images, steps_of(family), seed)
    except DivergenceError as error:
        return {"diverged": str(error)}
    test = measures.shuffled(images).test[:SEARCHED]
    nats, effective = searched_bound(measures.generator_of(model), test)
    own = {"elbo": model.elbo(test).mean().item()} if family == "vae" else {}
    return {"nats": nats, "effective_draws": effective} | own


def real(dataset: str) -> dict:
    """What real images and the controls score in the same measures."""
    return measures.real_measures(rulers_of(dataset), data.load(dataset))


def cell(dataset: str, family: str, rate: float, batch_size: int, seed: int) -> dict:
    """Train with other learning rates and another batch size, on as many images, and score its best samples."""
    images = data.load(dataset)
    judge = Judge(images)
    settings = best(family) | {"batch_size": batch_size}
    for name in settings.keys() & {"lr", "g_lr", "d_lr"}:
        settings[name] *= rate
    try:
        model, history = search.train(family, settings, images, GRID_IMAGES // batch_size, seed)
    except DivergenceError as error:
        return {"diverged": str(error)}
    _, draw = after_training.best_way(model, images)
    ratio = judge.frechet(draw(judge.n, 1)) / judge.floor["frechet"]
    return {"ratio": ratio} | {name: losses[-1] for name, losses in history.metrics.items()}


def run(job: list) -> dict:
    """Run one job, whose first entry names its kind, on one core."""
    torch.set_num_threads(1)
    kind, *arguments = job
    return {"job": job} | JOBS[kind](*arguments)


JOBS = {"fight": fight, "bound": bound, "real": real, "grid": cell}


def costs() -> dict:
    """What each family costs: the time of a step, operations, parameters and memory."""
    torch.set_num_threads(1)
    images = data.load("digits")
    times = step_times(images)
    ratios = [gan / vae for gan, vae in zip(times["gan"], times["vae"])]
    result = {"step_seconds": {arm: statistics.median(spent) for arm, spent in times.items()}, "step_ratios": ratios}
    result |= {family: size(family, images) for family in FAMILIES}
    return result | {"settings": {arm: best(arm) for arm in ARMS}, "environment": describe()}


def step_times(images: data.Images, rounds: int = 9, steps: int = 150) -> dict[str, list[float]]:
    """The seconds of a step of each arm, round by round: whatever else the machine does meets all of them."""
    times = {arm: [] for arm in ARMS}
    for _ in range(rounds):
        for arm, family in ARMS.items():
            search.train(family, best(arm), images, 10, seed=0)
            start = time.perf_counter()
            search.train(family, best(arm), images, steps, seed=0)
            times[arm].append((time.perf_counter() - start) / steps)
    return times


def size(family: str, images: data.Images) -> dict:
    """The parameters of a family's networks, the operations of a step, and the bytes that training keeps."""
    from torch.utils.flop_counter import FlopCounterMode  # it warns when it is imported, once for each process

    settings = best(family)
    if family == "gan":
        settings["r1_weight"] = 0.0  # the counter cannot follow the penalty, which is due every 8th step
    model = search.FAMILIES[family].build(settings)
    sizes = {part: sum(p.numel() for p in network.parameters()) for part, network in model.named_children()}
    batch = images.train[: settings["batch_size"]]
    optimizers = model.make_optimizers()
    with FlopCounterMode(display=False) as counter:
        model.training_step(batch, optimizers, step=1)  # step 0 also checks the networks
    numbers = 4 * sum(sizes.values())  # weight, gradient, and Adam's two means
    return {"parameters": sizes, "operations": counter.get_total_flops(), "bytes": 4 * numbers}  # float32


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set, each as its kind and the arguments of the function of that kind."""
    jobs = [["real", dataset]]
    jobs += [["fight", dataset, arm, seed] for seed in range(seeds) for arm in ARMS]
    jobs += [["bound", dataset, family, seed] for seed in range(seeds) for family in FAMILIES]
    grid_seeds = 2 if dataset == "digits" else 1
    for seed, rate, batch_size, family in itertools.product(range(grid_seeds), RATES, BATCHES, FAMILIES):
        jobs.append(["grid", dataset, family, rate, batch_size, seed])
    return jobs


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "fight_{}.jsonl", data.IMAGE_SETS, costs)


if __name__ == "__main__":
    main()
