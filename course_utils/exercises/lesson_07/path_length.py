"""Exercise 1 of lesson 07: the length of walks through images, one number for each walk."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, value

ALONE = "the length of one walk alone"
WALKS = {"the lengths of 3 walks of 5 images": (5, 3), "the lengths of 4 walks of 3 images": (3, 4), ALONE: (4, 1)}


def observe_path_length(function) -> Observation:
    """The lengths of random walks, of several numbers of images and of walks."""
    noise = torch.Generator().manual_seed(0)
    return {name: value(function(torch.rand(*size, 1, 28, 28, generator=noise))) for name, size in WALKS.items()}


def steps(frames: Tensor, dim: int = 0) -> Tensor:
    """From each image to the next along one axis, with the pixels in a row."""
    return frames.diff(dim=dim).flatten(2)  # (T - 1, N, 784) for dim=0


def distances(frames: Tensor, dim: int = 0) -> Tensor:
    return steps(frames, dim).norm(dim=2)  # (T - 1, N) for dim=0


def path_length(frames: Tensor) -> Tensor:
    return distances(frames).sum(0)


ROWS = (
    "the root is taken for each row of pixels: `norm(dim=-1)` sees the last axis only. All 784 pixels of an image "
    "belong under one root: `flatten(2)` puts them into one axis."
)
WRONG_AXIS = (
    "these are differences between walks: time is the first axis, so that a step goes from `frames[t]` to "
    "`frames[t + 1]`."
)
ADDED_UP = "this is one number for all walks together: each of them has its own length, so keep the axis of the walks."

check_path_length = Exercise(
    path_length,
    observe_path_length,
    {
        lambda f: (f[-1] - f[0]).flatten(1).norm(dim=1): (
            "this is the distance between the two ends, as if every walk were straight: add up its steps."
        ),
        lambda f: steps(f).square().sum((0, 2)): (
            "the distances are squared: the root of each step is missing, and without it one long step counts more "
            "than two half as long."
        ),
        lambda f: distances(f).mean(0): (
            "this is the mean step: a length is the sum of the steps, so that a walk of more steps may be longer."
        ),
        lambda f: steps(f).flatten(1).norm(dim=1).sum(): (
            "the walks share one root: `flatten(1)` puts them all into one long image. Keep their axis with "
            "`flatten(2)`."
        ),
        lambda f: path_length(f).sum(): ADDED_UP,
        lambda f: path_length(f).mean(): ADDED_UP,
        lambda f: f.diff(dim=0).norm(): (
            "all steps of all walks are under one root: `norm()` without an axis sees the whole tensor."
        ),
        lambda f: steps(f).norm(dim=1).sum(0): (
            "the root is taken over the walks: of (T - 1, N, 784) the pixels are the last axis, `norm(dim=2)`."
        ),
        lambda f: f.diff(dim=0).norm(dim=2).sum(0): (
            "`norm(dim=2)` sees the axis of the channel only, which has one entry: `flatten(2)` puts all 784 pixels "
            "there."
        ),
        lambda f: path_length(f) / path_length(f[[0, -1]]): (
            "this is the detour, the length over the distance of the ends: here the length itself is asked for."
        ),
        lambda f: f.diff(dim=0).norm(dim=-1).sum((0, 2, 3)): ROWS,
        lambda f: f.diff(dim=0).norm(dim=-2).sum((0, 2, 3)): ROWS,
        lambda f: f.diff(dim=0).norm(dim=-1).sum(0): ROWS,
        lambda f: distances(f, dim=1).sum(0): WRONG_AXIS,
        lambda f: distances(f, dim=1).sum(1): WRONG_AXIS,
        lambda f: distances(f).sum(1): (
            "the steps are right, but added up over the walks: the axis of time is the first, `sum(0)`."
        ),
        lambda f: steps(f).abs().sum((0, 2)): (
            "this adds up absolute differences: a Euclidean distance squares them, adds, and takes the root."
        ),
        lambda f: steps(f).square().sum((0, 2)).sqrt(): (
            "the root comes too late: take it of each step, then add up the steps. Here all steps of a walk are under "
            "one root."
        ),
        lambda f: (f - f.roll(1, dims=0)).flatten(2).norm(dim=2).sum(0): (
            "the way back is counted too: `roll` leads from the last image to the first. T images have T - 1 steps."
        ),
        lambda f: (f[1:] - f[0]).flatten(2).norm(dim=2).sum(0): (
            "every image is compared with the first one: a step begins at the image just before."
        ),
        lambda f: steps(f).square().mean(2).sqrt().sum(0): (
            "this takes the mean over the pixels: under the root of a Euclidean distance stands their sum, which makes "
            "it 28 times as long."
        ),
        lambda f: steps(f).square().mean(2).sum(0): (
            "these are mean squared errors: a distance is the root of the sum over the pixels, not their mean."
        ),
        lambda f: distances(f).amax(0): "this is the longest step: a length is the sum of all steps.",
        lambda f: torch.cdist(f.flatten(2).transpose(0, 1), f.flatten(2).transpose(0, 1)).sum((1, 2)): (
            "these are the distances between all pairs of images, each counted twice: a walk only steps from one image "
            "to the next."
        ),
        lambda f: steps(f).abs().amax(2).sum(0): (
            "this takes the largest difference of a pixel: a Euclidean distance squares all differences, adds, and "
            "takes the root."
        ),
        lambda f: path_length(f.flip(0)[:-1]): (
            "a step is missing: T images have T - 1 steps, from `frames[0]` to `frames[-1]`."
        ),
        lambda f: path_length(f[:-1]): (
            "a step is missing: T images have T - 1 steps, from `frames[0]` to `frames[-1]`."
        ),
        distances: "these are the single steps, one row for each: add them up, `sum(0)`.",
        lambda f: f.diff(dim=0).norm(dim=(-2, -1)).sum(0): (
            "the lengths are right, but the axis of the channel is left, (N, 1): `flatten(2)` takes it along."
        ),
    },
    hints={
        ALONE: (
            "right for several walks, but not for one alone: `squeeze()` removes every axis of length 1, that of the "
            "walks too; `flatten(2)` keeps it."
        )
    },
)
