"""What a function may leave behind in a network that it was given, and what its result teaches that network."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Observation

WIPED = "wiped"


def leave_gradients(network: nn.Module) -> None:
    """Put a gradient on every weight, as an earlier `backward()` would."""
    for p in network.parameters():
        p.grad = torch.linspace(-2, 2, p.numel()).view_as(p)


def earlier_gradients(network: nn.Module) -> Tensor | str:
    """The gradients of all weights as one vector, which `leave_gradients` may have put there."""
    gradients = [p.grad for p in network.parameters()]
    if any(gradient is None for gradient in gradients) or not any(gradient.any() for gradient in gradients):
        return WIPED
    return torch.cat([gradient.flatten() for gradient in gradients]).clone()


def condition(network: nn.Module) -> str:
    """Say whether a network can go on learning."""
    if not all(part.training for part in network.modules()):
        return "left in evaluation mode"
    if not all(p.requires_grad for p in network.parameters()):
        return "frozen"
    return "ready to learn"


def gradient_at_weights(result, network: nn.Module) -> Tensor | str:
    """The gradient of a result at all weights of a network as one vector, or words if there is none."""
    learning = (
        isinstance(result, Tensor) and result.requires_grad and all(p.requires_grad for p in network.parameters())
    )
    if not learning:
        return "no gradient"
    found = torch.autograd.grad(
        result.sum(), list(network.parameters()), retain_graph=True, allow_unused=True, materialize_grads=True
    )
    flat = torch.cat([part.flatten() for part in found]).detach()
    return flat if flat.any() else "no gradient"


def in_words(cosine: float) -> str:
    """A direction, from its cosine with the right one."""
    if abs(cosine) > 0.9999:
        return "the right one" if cosine > 0 else "the opposite one"
    return f"one at a cosine of {cosine:.2f} to it"


def compared(found: Tensor | str, right: Tensor, name: str) -> Observation:
    """Length and direction of a gradient, whose single entries are too near 0 to be compared up to rounding."""
    if isinstance(found, str):
        return {f"the length of {name}": found, f"the direction of {name}": found}
    cosine = found @ right / (found.norm() * right.norm())
    return {
        f"the length of {name}": found.norm(),
        f"the direction of {name}": in_words(cosine.item()),
    }
