"""Exercise of lesson 12: the gradient of a discriminator in several processes, whose penalty nobody averages.

Here are what is observed, the answer, and what can be changed in it; `gradient_mistakes.py` names the mistakes.
"""

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Observation, alike, value, weights
from course_utils.exercises.left_behind import condition, earlier_gradients, leave_gradients
from course_utils.losses import (
    non_saturating_d,
    r1_penalty,
)
from course_utils.networks import MLPDiscriminator

SHAPE = (1, 3, 4)
PROBES = {  # images, processes, weight of the penalty, hidden widths
    "of 12 images in 3 processes": (12, 3, 5.0, (6,)),
    "of 8 images in 4 processes": (8, 4, 0.7, (5, 4)),
    "of 5 images in one process": (5, 1, 2.0, (6,)),
}
AT_ONCE = "the images that the discriminator meets at a time"
EARLIER = "the gradients that the discriminator already had"
MOVED = "the weights of the discriminator afterwards"


def probe(name: str) -> tuple:
    """A fresh discriminator with slopes that differ from image to image, images, processes and a weight."""
    n, k, weight, hidden = PROBES[name]
    torch.manual_seed(n)
    discriminator = MLPDiscriminator(hidden, SHAPE, "tanh")
    with torch.no_grad():
        for p in discriminator.parameters():
            p *= 2
    noise = torch.Generator().manual_seed(n)
    real, fake = (torch.randn(n, *SHAPE, generator=noise) + shift for shift in (0.3, -0.4))
    return discriminator, real, fake, k, weight


@cache
def right(name: str) -> Tensor:
    return discriminator_gradient(*probe(name))


def observe_discriminator_gradient(function) -> Observation:
    """The gradients for several numbers of processes; once they are right, what is asked of and left in the network."""
    values, rest = {}, {}
    all_right = True
    for name, (n, k, *_) in PROBES.items():
        discriminator, *others = probe(name)
        leave_gradients(discriminator)
        met = []
        discriminator.register_forward_pre_hook(lambda _, inputs, met=met: met.append(len(inputs[0])))
        found = flat(function(discriminator, *others), discriminator)
        few = max(met, default=0) <= 2 * n // k  # a part of the real images, and one of the generated
        values[f"the gradient {name}"] = found
        all_right = all_right and alike(found, right(name))
        rest |= {
            f"{AT_ONCE}, {name},": "those of one process" if few else f"{max(met)}",
            f"{EARLIER}, {name},": earlier_gradients(discriminator),
            f"{MOVED}, {name},": weights(discriminator),
            f"the discriminator after the gradient {name}": condition(discriminator),
        }
    return values | rest if all_right else values


def flat(result, network: nn.Module) -> Tensor | str:
    """What came out as one vector, be it one, a list with an entry for each parameter, or a dictionary of them."""
    parts = list(result.values()) if isinstance(result, Mapping) else result
    parameters = list(network.parameters())
    if not isinstance(parts, (list, tuple)) or len(parts) != len(parameters):
        return value(result)
    parts = [torch.zeros_like(p) if part is None else part for part, p in zip(parts, parameters)]
    if not all(isinstance(part, Tensor) and part.shape == p.shape for part, p in zip(parts, parameters)):
        return value(result)
    return value(torch.cat([part.flatten() for part in parts]))


def gradient_of(loss: Tensor, network: nn.Module) -> Tensor:
    """The gradient at all weights as one vector, (P,)."""
    parts = torch.autograd.grad(loss, list(network.parameters()), materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def mean(parts: list[Tensor]) -> Tensor:
    return sum(parts) / len(parts)


def adversarial(discriminator, real: Tensor, fake: Tensor) -> Tensor:
    return non_saturating_d(discriminator(real), discriminator(fake))


def on_real(discriminator, real: Tensor, fake: Tensor) -> Tensor:
    return r1_penalty(discriminator, real)


def all_averaged(losses: list[Tensor], penalties: list[Tensor], weight: float) -> Tensor:
    return mean(losses) + weight * mean(penalties)


def gradient_with(discriminator, real, fake, k, weight, *, loss=adversarial, penalty=on_real, join=all_averaged,
                  end=gradient_of) -> Tensor:  # fmt: skip
    """The gradient with something changed; losses and penalties have an entry for each process."""
    processes = list(zip(real.chunk(k), fake.chunk(k)))
    losses = [loss(discriminator, *parts) for parts in processes]
    penalties = [penalty(discriminator, *parts) for parts in processes]
    return end(join(losses, penalties, weight), discriminator)


def discriminator_gradient(discriminator: nn.Module, real: Tensor, fake: Tensor, k: int, weight: float) -> Tensor:
    return gradient_with(discriminator, real, fake, k, weight)


def slopes(discriminator, x: Tensor, score: Callable[[Tensor], Tensor] = torch.sum) -> Tensor:
    """The gradient at the pixels, with its graph: (N, ...) to (N, D)."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(score(discriminator(x)), x, create_graph=True)[0].flatten(1)


def penalty_of(squared):
    """A penalty on real images, from their gradients (N, D)."""
    return lambda discriminator, real, fake: squared(slopes(discriminator, real))


def at_weights(discriminator, real, fake):
    loss = discriminator(real).mean()
    found = torch.autograd.grad(loss, list(discriminator.parameters()), create_graph=True)
    return 0.5 * sum(part.square().sum() for part in found)


def loss_at_weights(discriminator, real, fake):
    loss = adversarial(discriminator, real, fake)
    found = torch.autograd.grad(loss, list(discriminator.parameters()), create_graph=True)
    return 0.5 * sum(part.square().sum() for part in found)


def without_graph(discriminator, real, fake, k, weight):
    parts = [r1_penalty(discriminator, part).detach() for part in real.chunk(k)]
    return gradient_of(weight * mean(parts), discriminator)


def penalty_as_number(join):
    """The gradient of the losses, to whose entries the penalty itself is added."""

    def function(discriminator, real, fake, k, weight):
        losses = gradient_with(discriminator, real, fake, k, weight, join=lambda losses, *_: mean(losses))
        return losses + weight * join([r1_penalty(discriminator, part).detach() for part in real.chunk(k)])

    return function


def across_processes(discriminator, real, fake, k, weight):
    losses = [adversarial(discriminator, *parts) for parts in zip(real.chunk(k), fake.chunk(k))]
    averaged = mean([slopes(discriminator, part) for part in real.chunk(k)])
    return gradient_of(mean(losses) + weight * 0.5 * averaged.square().sum(1).mean(), discriminator)


def square_of_mean(discriminator, real, fake, k, weight):
    losses = [adversarial(discriminator, *parts) for parts in zip(real.chunk(k), fake.chunk(k))]
    averaged = mean([slopes(discriminator, part).mean(0) for part in real.chunk(k)])
    return gradient_of(mean(losses) + weight * 0.5 * averaged.square().sum(), discriminator)


def added_to_earlier(discriminator, real, fake, k, weight):
    discriminator_gradient(discriminator, real, fake, k, weight)  # as if by `backward()`
    earlier = torch.cat([p.grad.flatten() for p in discriminator.parameters()])
    return earlier + discriminator_gradient(discriminator, real, fake, k, weight)


def unused(discriminator, real, fake, k, weight):
    torch.autograd.grad(r1_penalty(discriminator, real.chunk(k)[0]), list(discriminator.parameters()))


def parts_of_k(discriminator, real, fake, k, weight):
    parts = list(zip(real.split(k), fake.split(k)))
    losses = [adversarial(discriminator, *part) for part in parts]
    penalties = [on_real(discriminator, *part) for part in parts]
    return gradient_of(all_averaged(losses, penalties, weight) * len(parts) / k, discriminator)


def one_for_each(discriminator, real, fake, k, weight):
    parts = zip(real.chunk(k), fake.chunk(k))
    totals = [adversarial(discriminator, r, f) + weight * r1_penalty(discriminator, r) for r, f in parts]
    return torch.stack([gradient_of(total, discriminator) for total in totals])


def both(discriminator, real, fake):
    return r1_penalty(discriminator, torch.cat([real, fake]))
