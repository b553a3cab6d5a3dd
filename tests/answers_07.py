"""Answers to lesson 07 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch.nn.functional import mse_loss, pairwise_distance

from course_utils.exercises import lesson_07


def between(frames):
    return frames[1:] - frames[:-1]


def by_loop(frames):
    total = torch.zeros(frames.shape[1])
    for before, after in zip(frames, frames[1:]):
        total += ((after - before) ** 2).sum(dim=(1, 2, 3)).sqrt()
    return total


def all_pairs(frames):
    flat = frames.flatten(2)
    return torch.stack([sum((a[n] - b[n]).norm() for a in flat for b in flat) for n in range(flat.shape[1])])


def over_walks(frames):
    return torch.norm((frames[:, 1:] - frames[:, :-1]).flatten(2), dim=2)


PATH_LENGTH = {
    "the distance between the two ends": lambda f: torch.sqrt(((f[-1] - f[0]) ** 2).sum((1, 2, 3))),
    "the distances are squared": lambda f: (between(f) ** 2).sum(dim=(0, 2, 3, 4)),
    "this is the mean step": lambda f: by_loop(f) / (len(f) - 1),
    "the walks share one root": lambda f: sum(torch.dist(a, b) for a, b in zip(f, f[1:])),
    "one number for all walks together": lambda f: by_loop(f).sum(),
    "for each row of pixels": lambda f: between(f).norm(dim=-1).sum(dim=(0, 2, 3)),
    "differences between walks": lambda f: over_walks(f).sum(0),
    "added up over the walks": lambda f: torch.sqrt((between(f) ** 2).sum((2, 3, 4))).sum(1),
    "adds up absolute differences": lambda f: between(f).abs().sum(dim=(0, 2, 3, 4)),
    "the root comes too late": lambda f: (between(f) ** 2).sum(dim=(0, 2, 3, 4)) ** 0.5,
    "the way back is counted": lambda f: (torch.roll(f, -1, 0) - f).flatten(2).norm(dim=2).sum(0),
    "compared with the first one": lambda f: sum((x - f[0]).flatten(1).norm(dim=1) for x in f),
    "the mean over the pixels: under the root": lambda f: between(f).pow(2).mean((2, 3, 4)).sqrt().sum(0),
    "mean squared errors": lambda f: mse_loss(f[1:], f[:-1], reduction="none").mean((2, 3, 4)).sum(0),
    "the single steps": lambda f: between(f).flatten(2).norm(dim=-1),
    "the axis of the channel is left": lambda f: torch.linalg.matrix_norm(between(f)).sum(0),
    "all steps of all walks are under one root": lambda f: torch.norm(between(f)),
    "the root is taken over the walks": lambda f: (between(f).flatten(2) ** 2).sum(1).sqrt().sum(0),
    "sees the axis of the channel only": lambda f: between(f).norm(dim=2).sum(0),
    "this is the longest step": lambda f: between(f).flatten(2).norm(dim=2).max(dim=0).values,
    "between all pairs of images": all_pairs,
    "the largest difference of a pixel": lambda f: between(f).abs().flatten(2).max(dim=2)[0].sum(0),
    "a step is missing": lambda f: sum((f[t + 1] - f[t]).flatten(1).norm(dim=1) for t in range(len(f) - 2)),
    "this is the detour": lambda f: by_loop(f) / ((f[-1] - f[0]) ** 2).sum((1, 2, 3)).sqrt(),
}

EXERCISES = lesson_07
TESTED_ELSEWHERE = {"check_comparison", "check_my_claim"}  # in test_exercises_07.py, since their answers are words
WRONG = {"path_length": PATH_LENGTH}
RIGHT = [
    ("path_length", by_loop),
    ("path_length", lambda f: (between(f) ** 2).sum((2, 3, 4)).sqrt().sum(0)),
    ("path_length", lambda f: torch.linalg.vector_norm(f.double().diff(dim=0), dim=(2, 3, 4)).sum(dim=0)),
    ("path_length", lambda f: pairwise_distance(f[1:].flatten(2), f[:-1].flatten(2)).sum(0)),
    ("path_length", lambda f: torch.stack([sum(torch.dist(a, b) for a, b in zip(w, w[1:])) for w in f.unbind(1)])),
]
