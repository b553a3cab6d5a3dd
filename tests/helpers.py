"""What several tests share: tiny models that train in milliseconds, and what is built once for all tests."""

import collections
import contextlib
import functools
import os
import pathlib
import subprocess
import sys

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils import data
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.networks import MLPDiscriminator, MLPGenerator
from course_utils.plumbing.history import History
from course_utils.points import ring
from course_utils.training import fit


@functools.cache
def digits() -> data.Images:
    return data.load("digits")


@functools.cache
def judge() -> Judge:
    return Judge(digits())


@functools.cache
def ring_points() -> Tensor:
    return ring().sample(200)


def tiny_gan(seed: int = 0, **settings) -> GAN:
    """Return a GAN of 2-D points with the same weights for the same seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GAN(MLPGenerator(3, (8,), (2,), "tanh"), MLPDiscriminator((8,), (2,), "tanh"), **settings)


def trained(seed: int = 0, n_critic: int = 1, **settings) -> tuple[GAN, History]:
    """Return a tiny GAN after 12 steps of `fit`, and its history."""
    gan = tiny_gan(n_critic=n_critic)
    return gan, fit(gan, ring_points(), seed=seed, **{"steps": 12, "batch_size": 8, "log_every": 4, **settings})


def run(gan: GAN | None = None, data=None, name: str = "run", **settings):
    """Train a tiny GAN with a checkpoint; return it and its history."""
    gan, data = gan or tiny_gan(), ring_points() if data is None else data
    return gan, fit(gan, data, checkpoint=name, **{"steps": 12, "batch_size": 8, "log_every": 2, **settings})


@contextlib.contextmanager
def stopping_after(moves: int, error: type[BaseException]):
    """Let an error strike right after the `moves`-th move of one optimizer, which is in the middle of a step.

    The optimizer is told to, and not the model, whose code is a part of what a checkpoint is found by.
    """
    plain_step = torch.optim.Adam.step
    counts = collections.Counter()

    def move_and_stop(optimizer, closure=None):
        plain_step(optimizer, closure)
        counts[id(optimizer)] += 1
        if counts[id(optimizer)] == moves:
            raise error

    torch.optim.Adam.step = move_and_stop
    try:
        yield
    finally:
        torch.optim.Adam.step = plain_step


def loader() -> DataLoader:
    """Return a DataLoader of 30 points in three batches."""
    return DataLoader(TensorDataset(ring_points()[:30]), batch_size=10, shuffle=True)


def saved(folder: pathlib.Path, name: str = "run") -> dict:
    """Return what the only checkpoint of this name holds, read as untrusted files are."""
    (file,) = folder.glob(f"{name}-*.pt")
    return torch.load(file, weights_only=True)


def by_hand(steps: int = 12, seed: int = 0, after_step=lambda gan, step: None) -> tuple[GAN, list[dict]]:
    """Train as a lesson does by hand; return the tiny GAN and the metrics of each step."""
    gan, metrics = tiny_gan(), []
    optimizers = gan.make_optimizers()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for step in range(steps):
            rows = torch.randint(len(ring_points()), (8,))
            metrics.append(gan.training_step(ring_points()[rows], optimizers, step))
            after_step(gan, step)
    return gan, metrics


def weights(network: nn.Module) -> Tensor:
    """Return a copy of all weights and buffers as one vector."""
    return torch.cat([tensor.detach().flatten().double() for tensor in network.state_dict().values()])


def same_bits(a, b) -> bool:
    """Tell whether two nests of dicts, lists, tensors and numbers are equal to the last bit; NaN equals NaN."""
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.nan_to_num(7e33), b.nan_to_num(7e33))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same_bits(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same_bits, a, b))
    return a == b or (a != a and b != b)


def starting(script: str, folder: pathlib.Path, *arguments: str, hash_seed: int = 0) -> subprocess.Popen:
    """Start a script of this folder that keeps its checkpoints in a folder, and that reads and writes pipes."""
    environment = os.environ | {"COURSE_CHECKPOINTS": str(folder), "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, str(pathlib.Path(__file__).with_name(script)), *arguments]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
