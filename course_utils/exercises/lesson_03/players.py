"""Two small players for exercises that train, and what a step may have changed in them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Observation, value, weights
from course_utils.networks import MLPDiscriminator, MLPGenerator

BATCHES = (16, 7)  # the sizes of two batches, one for each step
STEPS = ("first step", "second step")
CODES = "the codes from which the samples are made"
FED_CODES = "the discriminator was given the codes `z` themselves: it judges samples, which are `generator(z)`."


@dataclass
class Players:
    """Two networks, optimizers whose rates nobody guesses and that have momentum, and what a step did."""

    generator: nn.Module
    discriminator: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    steps: dict[str, int]  # of each optimizer
    codes: list[Tensor]  # that the generator was given

    def begin(self, gradients_on: tuple[nn.Module, ...]) -> dict[str, Tensor]:
        """Forget the last step, leave the gradients of an earlier one, and note where the players stand."""
        self.steps.update(generator=0, discriminator=0)
        self.codes.clear()
        for network in (self.generator, self.discriminator):
            network.zero_grad()
        for network in gradients_on:
            leave_gradients(network)
        return {"generator": weights(self.generator), "discriminator": weights(self.discriminator)}

    def after(self, before: dict[str, Tensor], z: Tensor, step: str) -> Observation:
        """What a step has changed, and what it was made of."""
        seen = {f"{CODES} in the {step}": "z" if all(torch.equal(z, codes) for codes in self.codes) else "others"}
        for name in ("discriminator", "generator"):
            network = getattr(self, name)
            move = weights(network) - before[name]
            seen[f"what moved the {name} in the {step}"] = self.mover(name, move)
            seen[f'the number of steps of `optimizers["{name}"]` in the {step}'] = value(self.steps[name])
            seen[f"the {name}'s move in the {step}"] = move
            seen[f"every weight of the {name} after the {step}"] = trainable(network)
            seen[f"the mode of the {name} after the {step}"] = "training" if network.training else "evaluation"
        return seen

    def note_codes(self, network: nn.Module, args: tuple, kwargs: dict) -> None:
        """Keep the codes that the generator gets, by position or by name."""
        for codes in [*args, *kwargs.values()][:1]:
            self.codes.append(codes.detach().clone())

    def mover(self, name: str, move: Tensor) -> str:
        if not move.any():
            return "no step at all"
        return "its optimizer" if self.steps[name] else "something else"


def hints_on_steps(player: str) -> dict[str, str]:
    """What to say of the steps of one player if no known mistake explains them."""
    codes = (
        "the samples are made from other codes than the argument `z`: leave out the `torch.randn`, and pass `z` to the "
        "generator as it is."
    )
    move = (
        f"the {player} moved, but not down the slope of its loss: look at the terms of the loss, at their signs, and "
        "at what they are computed from."
    )
    hints = {f"{CODES} in the {step}": codes for step in STEPS}
    hints |= {f"the {player}'s move in the {step}": move for step in STEPS}
    for name in ("discriminator", "generator"):
        mode = f"the {name} was left in evaluation mode: `.eval()` needs a `.train()` after it."
        hints |= {f"the mode of the {name} after the {step}": mode for step in STEPS}
    return hints


def players() -> Players:
    """Two small networks, and gradient descent with momentum for each."""
    generator = MLPGenerator(3, (8,), (2,), "tanh")
    discriminator = MLPDiscriminator((8,), (2,), "tanh")
    with torch.no_grad():
        for p in discriminator.parameters():
            p *= 4  # outputs beyond 1 and -1, where the hinge loss bends
        discriminator[-2].bias += 1.3
    optimizers = {
        "generator": torch.optim.SGD(generator.parameters(), 0.173, momentum=0.6),
        "discriminator": torch.optim.SGD(discriminator.parameters(), 0.237, momentum=0.7),
    }
    made = Players(generator, discriminator, optimizers, {}, [])
    generator.register_forward_pre_hook(made.note_codes, with_kwargs=True)
    for name, optimizer in optimizers.items():
        optimizer.register_step_post_hook(lambda *_, name=name: made.steps.update({name: made.steps[name] + 1}))
    return made


def leave_gradients(network: nn.Module) -> None:
    """Put a gradient of ones on every weight, as an earlier step would."""
    for p in network.parameters():
        p.grad = torch.ones_like(p)


def added(network: nn.Module) -> str:
    """Say whether gradients were added to those of `leave_gradients`; wiping the old ones adds nothing."""
    grads = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None] or [torch.zeros(1)])
    return "nothing" if (grads == 1).all() or not grads.any() else "a gradient"


def trainable(network: nn.Module) -> str:
    return "trainable" if all(p.requires_grad for p in network.parameters()) else "trainable no more"
