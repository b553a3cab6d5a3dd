"""Translating pictures without pairs (lesson 10): CycleGAN in several ways, and rivals with and without pairs.

    python benchmarks/translation.py digits --seeds 5    # then mnist with --seeds 3

Pile A holds up to 6,000 training images (of the digits, all those of one half of the originals), pile B as many others
after a map that nobody tells the model. Up to 3,000 test images, which have a hidden truth, are translated. Each
CycleGAN has 800 steps of 16 pictures a pile. Rivals without pairs: the picture as it is; the mean picture of B; the
linear map that carries mean and covariance of A to those of B with the least movement; the one warp that does so best,
with a push for each of the four corners ("warp of corners") or at 14 × 14 places ("warp"). Rivals with pairs: the same
translator, trained with 800 steps on 10, 100 or all pairs; and two simple forms, fitted to 1, 3 or 10 pairs: one warp
with pushes at 7 × 7 places, and twelve filters of 3 × 3 pixels. "longer" arms, of the digits, have four times the
steps, for one CycleGAN and for 100 pairs. Of MNIST a coin says which image goes to which pile; in "by parity" arms
even ones go to A and odd ones to B. Those differ (mean grey .123 and .141), so the piles differ by more than the map.
A line has, for each way: the root mean squared error to the truth, and how often a classifier that learned from
training images after the map reads the right digit. CycleGANs, and translators that learned from all pairs in both
directions, also have the error of the way back to A: as it is; with noise of standard deviation 0.1 on the
translation; and from the true picture of B in place of the translation.
Settings were chosen on validation images of the digits with seed 0; the recorded seeds begin at 100.
Results go to benchmarks/results/translation_*; recorded runs are not repeated.
"""

import dataclasses
import functools
from collections.abc import Callable

import torch
from environment import run_arms, run_job
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import data
from course_utils.applications import plain_maps, translation
from course_utils.applications.translation import Task
from course_utils.judge import Classifier, trained_classifier
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything

HOW = {"batch_size": 16, "average": 0.999, "schedule": "linear"}
STEPS, LONGER = 800, 3200
NOISE = 0.1
CYCLE_GANS: dict[str, dict] = {
    "cycle": {},
    "no cycle": {"cycle_weight": 0.0},
    "cycle, identity": {"identity_weight": 5.0},
    "cycle, grey start": {"start": 0.0},
    "no cycle, grey start": {"start": 0.0, "cycle_weight": 0.0},
}
KINDS = {"digits": "longer", "mnist": "by parity", "fashion_mnist": "longer"}  # of further arms
ARMS = {  # a hidden map: the CycleGANs that meet it
    "slant": list(CYCLE_GANS),
    "wave": ["cycle", "no cycle"],
    "outline": ["cycle", "no cycle"],
}
WAYS = {"mnist": ["cycle", "no cycle"]}  # fewer, for every map
PAIRS = {"10 pairs": 10, "100 pairs": 100, "all pairs": None}
FEW = (1, 3, 10)  # pairs for maps of a simple form


class Supervised(nn.Module):
    """One translator that learns from pairs (a, b), pixel by pixel."""

    def __init__(self, to_b: nn.Module, lr: float = 2e-3):
        super().__init__()
        self.to_b = to_b
        self.lr = lr

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"translator": translation.adam_of(self, lr=self.lr)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        a, b = batch
        loss = F.binary_cross_entropy_with_logits(self.to_b(a), b)
        optimizers["translator"].zero_grad()
        loss.backward()
        optimizers["translator"].step()
        return {"loss": loss.detach()}


@functools.cache
def classifier_of(dataset: str, truth: str) -> Classifier:
    """The classifier that learned from all training images after the hidden map."""
    images = data.load(dataset)
    changed = translation.TRUTHS[truth](images.train)
    return trained_classifier(dataclasses.replace(images, name=f"{dataset}_{truth}", train=changed))


def cycle_gan(task: Task, seed: int, settings: dict, steps: int = STEPS) -> translation.CycleGAN:
    seed_everything(seed)
    gan = translation.make_cycle_gan(**settings)
    fit(gan, (task.a, task.b), steps=steps, seed=seed, **HOW)
    return gan.eval()


def supervised(x: Tensor, y: Tensor, seed: int, n: int | None, steps: int = STEPS) -> nn.Module:
    """The translator from x to y that learned from n pairs, drawn with the seed, or from all."""
    rows = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:n]
    seed_everything(seed)
    model = Supervised(translation.Translator())
    fit(model, (x[rows], y[rows]), steps=steps, seed=seed, **HOW)
    return model.to_b.eval()


def without_training(task: Task) -> dict[str, Callable[[], Tensor]]:
    """The rivals without pairs and without a network, by name."""
    return {
        "truth": lambda: task.truth,
        "untranslated": lambda: task.x,
        "mean picture": lambda: task.b.mean(0, keepdim=True).expand_as(task.x),
        "Gaussian": lambda: plain_maps.gaussian_map(task.a, task.b)(task.x),
        "warp of corners": lambda: plain_maps.warp_map(task.a[:2000], task.b[:2000])(task.x),
        "warp": lambda: plain_maps.warp_map(task.a[:2000], task.b[:2000], points=14)(task.x),
    }


def of_few_pairs(task: Task, seed: int) -> dict[str, Tensor]:
    """What maps of a simple form make of the test images, after a few pairs."""
    made = {}
    order = torch.randperm(len(task.a), generator=torch.Generator().manual_seed(seed))
    for n in FEW:
        x, y = task.a[order[:n]], task.paired[order[:n]]
        made[f"{n} pairs, warp"] = plain_maps.warp_map(x, y, points=7, pairs=True, steps=200)(task.x)
        made[f"{n} pairs, filters"] = plain_maps.filter_map(x, y, seed=seed)(task.x)
    return made


def measured(made: Tensor, task: Task, classifier: Classifier) -> dict[str, float]:
    right = in_parts(classifier, classifier, made).argmax(1) == task.labels
    return {"rmse": translation.rmse(made, task.truth), "class": right.float().mean().item()}


def back(to_b: nn.Module, to_a: nn.Module, task: Task) -> dict[str, float]:
    """The error of the way back to A: as it is, with noise on the translation, and from the true picture of B."""
    found = translation.way_back(to_b, to_a, task.x, NOISE)
    from_truth = translation.rmse(translation.translated(to_a, task.truth), task.x)
    return {"back": found["back"], "back, noise": found["noisy"], "back from truth": from_truth}


@functools.cache
def fixed(dataset: str, truth: str, by_chance: bool) -> dict[str, dict]:
    """What needs no seed, measured once in a process."""
    task = translation.make_task(data.load(dataset), truth, by_chance=by_chance)
    classifier = classifier_of(dataset, truth)
    return {name: measured(way(), task, classifier) for name, way in without_training(task).items()}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All ways for one hidden map and one seed, or two of them with more steps: {way: {measure: number}}."""
    truth, _, kind = name.partition(", ")
    longer, by_chance = kind == "longer", dataset == "mnist" and kind != "by parity"
    task = translation.make_task(data.load(dataset), truth, by_chance=by_chance)
    classifier = classifier_of(dataset, truth)
    steps = LONGER if longer else STEPS
    found: dict[str, dict] = {} if longer else dict(fixed(dataset, truth, by_chance))
    for way, n in {"100 pairs": 100}.items() if longer else PAIRS.items():
        to_b = supervised(task.a, task.paired, seed, n, steps)
        found[way] = measured(translation.translated(to_b, task.x), task, classifier)
        if n is None:
            found[way] |= back(to_b, supervised(task.paired, task.a, seed, n), task)
    if not longer:
        found |= {way: measured(made, task, classifier) for way, made in of_few_pairs(task, seed).items()}
    for way in ["cycle"] if longer else WAYS.get(dataset, ARMS[truth]):
        gan = cycle_gan(task, seed, CYCLE_GANS[way], steps)
        made = translation.translated(gan.to_b, task.x)
        found[way] = measured(made, task, classifier) | back(gan.to_b, gan.to_a, task)
    return found


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(__doc__, run, lambda what: [*ARMS, *(f"{truth}, {KINDS[what]}" for truth in ARMS)], "translation_{}.jsonl")
