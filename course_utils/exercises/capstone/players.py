"""Two small players for the capstone's steps, and what two steps did to them."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_utils.exercises.checker import Observation, value, weights

BATCHES = {"first": 8, "second": 5}


class Game(NamedTuple):
    """Both players, and gradient descent with momentum for each."""

    generator: nn.Module
    discriminator: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]


def loss_of_logits(real: Tensor, fake: Tensor) -> Tensor:
    """A loss that nobody guesses: the two terms weigh differently."""
    return softplus(-real).mean() + 1.3 * softplus(fake).mean()


def penalty_of_outputs(discriminator: nn.Module, real: Tensor) -> Tensor:
    """A penalty that tells at which pictures it was taken."""
    return 0.1 * discriminator(real).square().mean()


def small_game() -> Game:
    """A generator of 4×4 pictures and a discriminator with batch norm, which has a mode.

    Its running statistics are plain means over all batches, so that their order makes no difference.
    """
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 16), nn.Unflatten(1, (1, 4, 4)))
    hidden = (nn.Flatten(), nn.Linear(16, 12), nn.BatchNorm1d(12, momentum=None), nn.LeakyReLU(0.2))
    discriminator = nn.Sequential(*hidden, nn.Linear(12, 1), nn.Flatten(0))
    with torch.no_grad():
        for p in [*generator.parameters(), *discriminator.parameters()]:
            p *= 2
    optimizers = {
        "generator": torch.optim.SGD(generator.parameters(), 0.173, momentum=0.6),
        "discriminator": torch.optim.SGD(discriminator.parameters(), 0.237, momentum=0.7),
    }
    return Game(generator, discriminator, optimizers)


def observe_steps(step: Callable, waiting: str = "") -> Observation:
    """What two steps did: `step(game, real, z)` takes one and returns its loss; the player that waits gets nothing.

    A second game has older gradients on all weights, which are to make no difference to the player that moves.
    """
    return one_game(step, "", waiting) | one_game(step, " after older gradients")


def one_game(step: Callable, older: str, waiting: str = "") -> Observation:
    """What both players did in two steps."""
    game = small_game()
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for name, n in BATCHES.items():
        real = torch.rand(n, 1, 4, 4, generator=noise)
        z = torch.randn(n, 3, generator=noise)
        for p in [*game.generator.parameters(), *game.discriminator.parameters()]:
            p.grad = torch.ones_like(p) if older else None
        before = {player: weights(getattr(game, player)) for player in game.optimizers}
        loss = step(game, real, z)
        found = {"the loss returned by": value(loss)} | after(game, before)
        if waiting:
            found[f"what the {waiting} learns from"] = learned(getattr(game, waiting))
        seen |= {f"{what} the {name} step{older}": observed for what, observed in found.items()}
    return seen


def after(game: Game, before: dict[str, Tensor]) -> Observation:
    """What one step has changed."""
    players = {player: getattr(game, player) for player in before}
    modes = {f"the mode of the {player} after": mode(network) for player, network in players.items()}
    modes |= {f"the weights of the {player} after": frozen(network) for player, network in players.items()}
    moves = {f"the {player}'s move in": weights(getattr(game, player)) - old for player, old in before.items()}
    return modes | {"the running mean of batch norm after": game.discriminator[2].running_mean.clone()} | moves


def mode(network: nn.Module) -> str:
    return "training" if all(part.training for part in network.modules()) else "evaluation"


def frozen(network: nn.Module) -> str:
    return "ready to learn" if all(p.requires_grad for p in network.parameters()) else "frozen"


def learned(network: nn.Module) -> str:
    return "nothing" if all(p.grad is None or not p.grad.any() for p in network.parameters()) else "a gradient"
