"""Two small players for exercises that train, and what a step may have changed in them."""

import torch
from torch import nn

from course_utils.exercises.checker import Observation, weights
from course_utils.networks import MLPDiscriminator, MLPGenerator
from course_utils.plumbing.device import forked_random


def players() -> tuple[nn.Module, nn.Module, dict[str, torch.optim.Optimizer]]:
    """Return two small networks and plain SGD for each."""
    with forked_random(0, torch.device("cpu")):
        generator, discriminator = MLPGenerator(3, (8,), (2,), "tanh"), MLPDiscriminator((8,), (2,), "tanh")
    optimizers = {
        "generator": torch.optim.SGD(generator.parameters(), 0.1),
        "discriminator": torch.optim.SGD(discriminator.parameters(), 0.1),
    }
    return generator, discriminator, optimizers


def leave_gradients(network: nn.Module) -> None:
    """Put a gradient of ones on every weight, as an earlier step would."""
    for p in network.parameters():
        p.grad = torch.ones_like(p)


def added(network: nn.Module) -> str:
    """Say whether gradients were added to those of `leave_gradients`; wiping the old ones adds nothing."""
    grads = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None] or [torch.zeros(1)])
    return "nothing" if (grads == 1).all() or not grads.any() else "a gradient"


def after(generator: nn.Module, discriminator: nn.Module) -> Observation:
    """What a step may have changed."""
    trainable = all(p.requires_grad for network in (generator, discriminator) for p in network.parameters())
    return {
        "the discriminator's weights after the step": weights(discriminator),
        "the generator's weights after the step": weights(generator),
        "every weight": "trainable" if trainable else "trainable no more",
    }
