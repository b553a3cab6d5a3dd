"""Enlarging small pictures (lesson 10): pixel loss, adversarial loss, and ways that need no network.

    python benchmarks/super_resolution.py digits --seeds 5    # then mnist and fashion_mnist with --seeds 3

Does an adversarial loss give sharper pictures than a pixel loss, and what does it cost? Digits are enlarged from 4×4
pixels to 28×28, MNIST and Fashion-MNIST from 7×7. Each seed trains one network with squared error for a warm-up. Copies
of it then go on: with squared error alone, or with an adversarial loss added at one of three weights. A step of
squared error takes a quarter of the time, so there are four times as many. "no warm-up", for the digits alone, plays
from the first step, as many steps in all as others that play. "contrast" multiplies the log-odds of the pixel loss's
pictures by one factor, chosen on validation images such that they are as sharp as real ones. Neighbours and patches
come from 12,000 training images; "kernel" is kernel ridge regression on them, also with more contrast. "longer" arms
have four times the steps after the warm-up, for pixels (with "contrast") and for one game.
A line has, for each method, what 2,500 test images score: PSNR in dB of all pixels together, sharpness over that of the
real images, Fréchet distance over its floor by the judge ("ratio") and by features that saw no labels ("untaught"), how
often the judge sees the right class, and how far the picture, made small again, is from the input. Judges hold
validation images, for test images would meet themselves. Settings were chosen on validation images with seeds 0 and 1;
the recorded seeds begin at 100.
Results go to benchmarks/results/super_resolution_*; recorded runs are not repeated.
"""

import copy
import functools

import torch
from environment import run_arms, run_job
from torch import Tensor

from course_utils import data
from course_utils.applications import super_resolution as sr
from course_utils.comparison.measures import shuffled
from course_utils.comparison.rulers import which_way_up
from course_utils.data import Images
from course_utils.judge import Judge
from course_utils.metrics import sharpness
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything

SIZE = {"digits": 4, "mnist": 7, "fashion_mnist": 7}
WARMUP = {"digits": 800, "mnist": 1000, "fashion_mnist": 1000}  # steps
GAME = {"digits": 800, "mnist": 1200, "fashion_mnist": 1200}
PIXEL_STEPS = 4  # a step of squared error alone takes a quarter of the time
WEIGHTS = (0.03, 0.1, 0.3)
COLD = {"digits": 0.1}  # the weight that plays without a warm-up, too
LONGER = 4  # times as many steps after the warm-up
NEIGHBOURS = (1, 4, 16)
TRAIN = 12_000  # pictures that are searched
TEST = 2500
SHARED = dict(batch_size=32, average=0.999)


@functools.cache
def ruled(dataset: str) -> tuple[Images, Judge, Judge]:
    """A data set in random order, its judge, and one whose features were learned without labels."""
    images = shuffled(data.load(dataset))
    network = which_way_up(images)
    untaught = Judge(images, TEST, "validation", embed=lambda x: in_parts(network, network.body, x))
    return images, Judge(images, TEST, "validation"), untaught


def trained(images: Images, name: str, seed: int, longer: bool) -> dict[str, sr.SuperResolution]:
    """Train the roads of one seed, by name; all but the one without a warm-up begin with the same weights."""
    seed_everything(seed)
    start = sr.SuperResolution(SIZE[name])
    models = {}
    if name in COLD and not longer:
        models["no warm-up"] = model = copy.deepcopy(start)
        model.weight = COLD[name]
        fit(model, images.train, steps=WARMUP[name] + GAME[name], seed=seed, schedule="linear", **SHARED)
    fit(start, images.train, steps=WARMUP[name], seed=seed, **SHARED)
    for weight in (0.0, 0.1) if longer else (0.0, *WEIGHTS):
        model = copy.deepcopy(start)
        model.weight = weight
        steps = (LONGER if longer else 1) * (1 if weight else PIXEL_STEPS) * GAME[name]
        fit(model, images.train, steps=steps, seed=seed, schedule="linear", **SHARED)
        models[str(weight) if weight else "pixels"] = model
    return models


@functools.cache
def without_training(dataset: str) -> dict[str, dict]:
    """What rivals without a network score, measured once in a process."""
    images, size = ruled(dataset)[0], SIZE[dataset]
    small, train = sr.shrink(images.test[:TEST], size), images.train[:TRAIN]
    tuned = images.validation[:TEST]
    kernel, of_tuned = sr.by_kernel(torch.cat([small, sr.shrink(tuned, size)]), train).split([TEST, TEST])
    made = {"bicubic": sr.bicubic(small), "patches": sr.by_patches(small, train), "kernel": kernel}
    made["kernel, contrast"] = sr.more_contrast(kernel, sr.contrast_for(of_tuned, sharpness(tuned)))
    made |= {f"{k} neighbours": sr.by_neighbours(small, train, k) for k in NEIGHBOURS}
    return {method: scored(x, dataset) for method, x in made.items()}


def scored(rebuilt: Tensor, dataset: str) -> dict[str, float]:
    """Every measure of rebuilt test images."""
    images, judge, untaught = ruled(dataset)
    return sr.measured(rebuilt, images.test[:TEST], images.test_labels[:TEST], SIZE[dataset], judge, untaught)


def arm(dataset: str, name: str, seed: int) -> dict:
    """Every method on the test images; `name` says how small they were, such as "4x4", and may end in "longer"."""
    images, judge, _ = ruled(dataset)
    size, longer = SIZE[dataset], name.endswith("longer")
    models = trained(images, dataset, seed, longer)
    small, tuned = sr.shrink(images.test[:TEST], size), images.validation[:TEST]
    rebuilt = {road: model.enlarge(small) for road, model in models.items()}
    strength = sr.contrast_for(models["pixels"].enlarge(sr.shrink(tuned, size)), sharpness(tuned))
    rebuilt["contrast"] = sr.more_contrast(rebuilt["pixels"], strength)
    found = {method: scored(x, dataset) for method, x in rebuilt.items()}
    right = (judge.predict(images.test[:TEST]) == images.test_labels[:TEST]).float().mean().item()
    found["real"] = {"sharpness": 1.0, "ratio": 1.0, "untaught": 1.0, "class": right}
    return found | {"contrast by": strength} | ({} if longer else without_training(dataset))


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(
        __doc__,
        run,
        lambda what: [f"{SIZE[what]}x{SIZE[what]}{more}" for more in ("", ", longer")],
        "super_resolution_{}.jsonl",
    )
