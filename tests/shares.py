"""A big batch in parts: each takes its share of the same rows and noise, so that parts can be compared with the whole.

Only for comparisons: in a course's run every process has rows and noise of its own.
"""

import collections
import threading
from unittest import mock

import torch
import torch._dynamo  # the first optimizer does; it would take what is patched here for torch's functions from then on
from torch import Tensor, nn

from course_utils.gan import GAN
from course_utils.hybrids import VAEGAN, BiGAN
from course_utils.networks import MLPDiscriminator, MLPEncoder, MLPGenerator
from course_utils.training import fit
from course_utils.vae import VAE

POINTS = torch.randn(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
EXACT = ("GAN with R1", "WGAN-GP", "GAN with n_critic=2", "VAE", "VAE-GAN", "BiGAN")
PLAIN = {name: getattr(torch, name) for name in ("rand", "randn", "randint")}
now = threading.local()  # which part draws for the how-manieth time; each turn of an accumulated step is a thread


def share(name: str, rows: int, *arguments, **options) -> Tensor:
    """Return this part's rows of what the whole batch draws."""
    noise = torch.Generator().manual_seed(1000 * now.step + now.draws)
    now.draws += 1
    whole = PLAIN[name](*arguments, generator=noise, **options)
    return whole[now.part * rows : (now.part + 1) * rows]


class Shares:
    """Make a model draw its share inside the block: of `parts`, those from `first` on, `in_turn` of them a step."""

    def __init__(self, model: nn.Module, parts: int, first: int, in_turn: int):
        self.model = model
        self.parts = parts
        self.first = first
        self.in_turn = in_turn
        self.calls = collections.Counter()
        self.batches = 0

    def __deepcopy__(self, memo):  # the average of the weights does not train
        return self

    def training_step(self, batch, optimizers, step):
        now.step, now.part, now.draws = step, self.first + self.calls[step], 0
        self.calls[step] += 1
        try:
            return type(self.model).training_step(self.model, batch, optimizers, step)
        finally:
            now.part = None

    def rand(self, rows, *shape, **options):
        return share("rand", rows, rows * self.parts, *shape, **options)

    def randn(self, rows, *shape, **options):
        return share("randn", rows, rows * self.parts, *shape, **options)

    def randn_like(self, x):
        return self.randn(*x.shape, dtype=x.dtype)

    def randint(self, high, size, **options):
        now.step, now.part = divmod(self.batches, self.in_turn)
        now.part += self.first
        now.draws = 999
        self.batches += 1
        return share("randint", size[0], high, (size[0] * self.parts,), **options)

    def __enter__(self):
        self.model.training_step = self.training_step
        self.patch = mock.patch.multiple(
            torch, rand=self.rand, randn=self.randn, randn_like=self.randn_like, randint=self.randint
        )
        self.patch.start()

    def __exit__(self, *_):
        self.patch.stop()
        del self.model.training_step


class Pair(nn.Module):
    """Judges a point together with its code."""

    def __init__(self):
        super().__init__()
        self.judge = MLPDiscriminator((16,), (5,), "tanh")

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.judge(torch.cat([x, z], 1))


def model(name: str, dtype: torch.dtype = torch.float64, **settings) -> nn.Module:
    """Return a small model of points with the same weights each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = MLPGenerator(3, (16, 16), (2,), "tanh", batch_norm="batch norm" in name)
        discriminator = MLPDiscriminator((16, 16), (2,), "tanh")
        encoder = MLPEncoder(3, (16,), (2,), "tanh")
        made = {
            "GAN with R1": lambda: GAN(generator, discriminator, r1_weight=1.0, penalty_every=2),
            "WGAN-GP": lambda: GAN(generator, discriminator, "wasserstein", gp_weight=10.0, n_critic=2),
            "GAN with n_critic=2": lambda: GAN(generator, discriminator, r1_weight=1.0, n_critic=2),
            "GAN with batch norm": lambda: GAN(generator, discriminator),
            "VAE": lambda: VAE(encoder, generator, "gaussian", sigma=0.5),
            "VAE with free bits": lambda: VAE(encoder, generator, "gaussian", sigma=0.5, free_bits=0.1),
            "VAE-GAN": lambda: VAEGAN(encoder, generator, discriminator),
            "BiGAN": lambda: BiGAN(encoder, generator, Pair(), stochastic=True),
        }[name]()
    return made.to(dtype)


def trained_on_shares(name: str, parts: int = 1, first: int = 0, in_turn: int = 1, **settings):
    """Train a model on 24 points a step in so many parts; this process takes `in_turn` of them from the `first` on."""
    trained = model(name)
    settings = {"steps": 20, "log_every": 10, "average": 0.9, "schedule": "cosine", "device": "cpu"} | settings
    with Shares(trained, parts, first, in_turn):
        history = fit(trained, POINTS, batch_size=24 // parts, accumulate=in_turn, **settings)
    return trained, history


def difference(a: nn.Module, b: nn.Module) -> float:
    """Return the largest difference of two models' weights, over the largest weight."""
    a, b = (torch.cat([p.detach().flatten() for p in model.parameters()]) for model in (a, b))
    return ((a - b).abs().max() / a.abs().max()).item()
