"""How good is a GAN after 60 seconds, and after 20 minutes, on two CPU cores?

    python benchmarks/gan.py digits           # the GAN of lesson 03
    python benchmarks/gan.py mnist            # the same, beside a popular recipe, as printed and with logits
    python benchmarks/gan.py mnist --minutes 20 --contenders printed logits
    python benchmarks/gan.py digits --contenders narrow

The recipe asks for 200 epochs of 60,000 images, about 187,500 steps; here batches come at random from 50,000, and 20
minutes are about 76,000 steps. `ours` was searched with search.py on digits, and `narrow` with search_quality.py; of
`logits` only the learning rate was tuned (`--tune`). A budget of seconds becomes a number of steps: the time of a step
is measured first, on the idle machine, in interleaved rounds. The runs themselves then go two at a time, one core each,
and can be stopped and resumed. Scores are against test images and go to benchmarks/results/gan_DATASET.json. The judge
has changed since they were recorded: quality.py has all contenders anew, in one run.
"""

import argparse
import functools
import itertools
import json
import statistics
import time
from dataclasses import asdict, dataclass, fields

import torch
from environment import RESULTS, describe, store, two_workers
from recipe import PrintedRecipe

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything

RECIPE = {"batch_size": 64}


def printed() -> tuple[torch.nn.Module, dict]:
    """The recipe as printed: tanh, probabilities, Adam 2e-4."""
    return PrintedRecipe(), RECIPE


def logits(lr: float = 1e-3) -> tuple[torch.nn.Module, dict]:
    """The recipe's networks with images in [0, 1], logits, fresh z in each step, and a tuned rate (`--tune`)."""
    players = networks.MLPGenerator(100, (256, 512, 1024)), networks.MLPDiscriminator((512, 256))
    return GAN(*players, generator_lr=lr, discriminator_lr=lr, betas=(0.5, 0.999)), RECIPE


def ours() -> tuple[torch.nn.Module, dict]:
    """The GAN of lesson 03."""
    players = networks.ConvGenerator(), networks.ConvDiscriminator()
    gan = GAN(*players, r1_weight=1.0, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)
    return gan, {"batch_size": 16, "average": 0.999, "schedule": "linear"}


def narrow() -> tuple[torch.nn.Module, dict]:
    """Ours with half the channels where the discriminator's picture is large, a weaker R1, and channels last."""
    players = networks.ConvGenerator(), networks.ConvDiscriminator((16, 64))
    gan = GAN(*players, r1_weight=0.3, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)
    return gan.to(memory_format=torch.channels_last), {"batch_size": 16, "average": 0.999, "schedule": "linear"}


CONTENDERS = {"printed": printed, "logits": logits, "ours": ours, "narrow": narrow}
RATES = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3)
CONTENDERS |= {f"logits {lr:g}": functools.partial(logits, lr) for lr in RATES}


def step_seconds(names: list[str], images: data.Images, rounds: int = 5, steps: int = 200) -> dict[str, float]:
    """The median time of a training step of each contender, in interleaved rounds."""
    times = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            model, options = CONTENDERS[name]()
            fit(model, images.train, steps=10, **options)
            start = time.perf_counter()
            fit(model, images.train, steps=steps, **options)
            times[name].append((time.perf_counter() - start) / steps)
    return {name: statistics.median(values) for name, values in times.items()}


@dataclass(frozen=True)
class Job:
    """A run: which contender, with which seed, for how long, and against which images it is scored."""

    contender: str
    seed: int
    seconds: float
    steps: int
    against: str


def run(dataset: str, job: Job) -> dict:
    """Train one contender and score it."""
    torch.set_num_threads(1)
    images = data.load(dataset)
    judge = Judge(images, against=job.against)
    seed_everything(job.seed)
    model, options = CONTENDERS[job.contender]()
    checkpoint = f"bench_{dataset}_{job.contender}_{job.seed}"
    fit(model, images.train, steps=job.steps, seed=job.seed, checkpoint=checkpoint, **options)
    score = judge.score(model.sample(judge.n))
    ratio = score["frechet"] / judge.floor["frechet"]
    return asdict(job) | {"ratio": ratio, "environment": describe()} | score


def yardsticks(images: data.Images) -> dict:
    """What real images score (the floor), what random ones do, and the classifier's accuracy."""
    judge = Judge(images)
    noise = torch.rand(judge.n, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return {"n": judge.n, "accuracy": judge.accuracy, "floor": judge.floor, "random_images": judge.score(noise)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", choices=data.IMAGE_SETS)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1])
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tune", action="store_true", help="compare learning rates for `logits` on validation images")
    args = parser.parse_args()
    names = args.contenders or (["ours"] if args.dataset == "digits" else ["printed", "logits", "ours"])
    against = "test"
    if args.tune:
        names = [f"logits {lr:g}" for lr in RATES]
        against = "validation"
    path = RESULTS / f"gan_{args.dataset}.json"
    result = json.loads(path.read_text()) if path.exists() else {"runs": [], "step_seconds": {}}
    images = data.load(args.dataset)
    result |= yardsticks(images)
    networks_of = {name: name.split()[0] for name in names}  # the rate changes nothing about the time of a step
    if missing := sorted(set(networks_of.values()) - set(result["step_seconds"])):
        result["step_seconds"] |= step_seconds(missing, images)
        result["step_seconds_measured_on"] = describe()
        store(path, json.dumps(result, indent=1))
    done = {Job(**{field.name: line[field.name] for field in fields(Job)}) for line in result["runs"]}
    jobs = []
    for minutes, seed, name in itertools.product(args.minutes, range(args.seeds), names):  # the long runs last
        seconds = 60 * minutes
        job = Job(name, seed, seconds, int(seconds / result["step_seconds"][networks_of[name]]), against)
        if job not in done:
            jobs.append(job)
    with two_workers() as pool:
        for score in pool.imap_unordered(functools.partial(run, args.dataset), jobs):
            result["runs"].append(score)
            store(path, json.dumps(result, indent=1))
            print("{contender:12s} {seconds:5.0f} s  seed {seed}  {ratio:7.2f} × floor".format(**score), flush=True)


if __name__ == "__main__":
    main()
