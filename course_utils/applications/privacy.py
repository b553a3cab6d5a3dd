"""Differential privacy: training in which no single image counts for much, and what that promises."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils.data import DataLoader, Sampler

from course_utils.plumbing.checks import check_whole
from course_utils.vae import VAE

Gradients = dict[str, Tensor]  # of each weight, by its name


def gradients_of_each(network: nn.Module, x: Tensor) -> Gradients:
    """The gradient of each image's own loss, for x (N, ...): each entry (N, *shape of the weight).

    The network turns images into their losses (N,). Raises ValueError for one with batch norm, in which an image
    changes the gradients of the others.
    """
    if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in network.modules()):
        raise ValueError("expected networks without batch norm, in which images change each other, got one with it")

    def loss_of_one(weights: Gradients, one: Tensor) -> Tensor:
        return functional_call(network, weights, (one[None],)).sum()

    weights = {name: weight.detach() for name, weight in network.named_parameters()}
    return vmap(grad(loss_of_one), in_dims=(None, 0), randomness="different")(weights, x)


def clipped_sum(gradients: Gradients, clip: float) -> Gradients:
    """The sum of the gradients of N images, each shortened to the length `clip` over all weights, if it is longer."""
    squares = [each.flatten(1).square().sum(1) for each in gradients.values()]
    lengths = torch.stack(squares).sum(0).sqrt()  # (N,)
    scale = (clip / lengths.clamp_min(1e-12)).clamp(max=1)  # (N,)
    return {name: torch.tensordot(scale, each, 1) for name, each in gradients.items()}


def private_gradient(
    network: nn.Module, x: Tensor, clip: float, noise: float, expected: float, part: int = 256
) -> Gradients:
    """The gradient of DP-SGD: clip each image's own, add them up, add noise, divide (Abadi et al., 2016, algorithm 1).

    The noise is normal, with a standard deviation of noise * clip. `expected` is the mean size of a batch, not this
    batch's, which would tell how many there are. The batch may be empty. `part` images are looked at together.
    """
    total = {name: torch.zeros_like(weight) for name, weight in network.named_parameters()}
    for images in x.split(part) if len(x) else ():
        for name, sum_ in clipped_sum(gradients_of_each(network, images), clip).items():
            total[name] += sum_
    return {name: (sum_ + noise * clip * torch.randn_like(sum_)) / expected for name, sum_ in total.items()}


class PoissonBatches(Sampler):
    """Rows of a batch for each step: each of n images comes with the same chance, whatever the others do.

    The accounting of DP-SGD assumes this. Batches have `expected` images on average, and no fixed size.
    """

    def __init__(self, n: int, expected: float, steps: int, seed: int = 0):
        check_whole(n=n, steps=steps)
        if not 0 < expected <= n:
            raise ValueError(f"expected batches of more than 0 and at most {n} images, got {expected}")
        self.n, self.expected, self.steps, self.seed = n, expected, steps, seed

    def __iter__(self) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(self.seed)
        for _ in range(self.steps):
            yield (torch.rand(self.n, generator=random) < self.expected / self.n).nonzero()[:, 0]

    def __len__(self) -> int:
        return self.steps


def poisson_batches(x: Tensor, expected: float, steps: int, seed: int = 0) -> DataLoader:
    """The batches of so many steps of DP-SGD on images x (N, ...), for `fit`."""
    return DataLoader(x, sampler=PoissonBatches(len(x), expected, steps, seed), batch_size=None)


class PrivateVAE(VAE):
    """A VAE whose weights learn through private gradients alone; batches come from `poisson_batches`.

    It logs nothing: the loss of a training batch is not private.
    """

    def __init__(self, *networks: nn.Module, clip: float, noise: float, expected: float, **settings):
        super().__init__(*networks, **settings)
        self.clip, self.noise, self.expected = clip, noise, expected

    def forward(self, x: Tensor) -> Tensor:
        """The negative bound of each image, in nats: (N,)."""
        reconstruction, kl = self.terms(x)
        return reconstruction + self.beta * kl.sum(1)

    def training_step(self, batch: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        gradient = private_gradient(self, batch, self.clip, self.noise, self.expected)
        for name, weight in self.named_parameters():
            weight.grad = gradient[name]
        optimizers["vae"].step()
        return {}


def check_promise(epsilon: float, delta: float) -> None:
    if not (0 <= epsilon < 500 and 0 <= delta < 1):
        raise ValueError(f"expected an epsilon from 0 to 500 and a delta in [0, 1), got {epsilon} and {delta}")


def most_caught(false_alarms: Tensor, epsilon: float, delta: float) -> Tensor:
    """The largest share of members that any attack can catch, at a share of false alarms in [0, 1].

    It holds for every attack on an (epsilon, delta)-private model (Wasserman and Zhou, 2010; Kairouz et al., 2015).
    """
    check_promise(epsilon, delta)
    few = math.exp(epsilon) * false_alarms + delta
    many = 1 - math.exp(-epsilon) * (1 - delta - false_alarms)
    return torch.minimum(few, many).clamp(max=1)
