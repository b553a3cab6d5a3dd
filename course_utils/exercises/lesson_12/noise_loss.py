"""Exercise of lesson 12: the loss of a diffusion model, the squared error of a guess at the noise.

Here are what is observed, the answer, and what can be changed in it; `noise_mistakes.py` names the mistakes.
"""

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checker import Observation, alike, value, weights
from course_utils.exercises.left_behind import (
    compared,
    condition,
    earlier_gradients,
    gradient_at_weights,
    leave_gradients,
)

TOLD = "what the network is told of the time"
NOT_ASKED = "nothing, since it is not asked"
EARLIER = "the gradients that the network already had"
MOVED = "the weights of the network after the loss"


def cosine(t: Tensor) -> Tensor:
    return (t * math.pi / 2).cos()


def cosine_rest(t: Tensor) -> Tensor:
    return (t * math.pi / 2).sin()


def straight(t: Tensor) -> Tensor:
    return 1 - t


def straight_rest(t: Tensor) -> Tensor:
    return (1 - (1 - t).square()).sqrt()


PROBES = {  # the name, the shape of the pictures, and the schedule
    "of 5 pictures of 7 × 6 pixels": ((5, 7, 6), cosine, cosine_rest),
    "of 6 pictures of 5 × 6 pixels": ((6, 5, 6), cosine, cosine_rest),
    "of 4 pictures of 4 × 3 pixels": ((4, 4, 3), straight, straight_rest),
}


class Guess(nn.Module):
    """A small network that guesses the noise in pictures (N, 1, H, W) at times t (N,), and notes what t was."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.time = nn.Linear(1, 4)
        self.last = nn.Conv2d(4, 1, 3, padding=1)
        self.notes = []

    def forward(self, noisy: Tensor, t: Tensor) -> Tensor:
        self.notes.append(value(t))
        t = torch.as_tensor(t, dtype=noisy.dtype).reshape(-1, 1).expand(len(noisy), 1)  # also where only its shape errs
        return self.last((self.first(noisy) + self.time(3 * t)[:, :, None, None]).tanh())

    def told(self, n: int) -> Tensor | str:
        """The times of n pictures, if they were told in one call, in several for some pictures each, or repeatedly."""
        if not self.notes:
            return NOT_ASKED
        if not all(isinstance(t, Tensor) and t.dim() == 1 for t in self.notes):
            return self.notes[0]
        told = torch.cat(self.notes)
        again = len(told) % n == 0 and all(torch.equal(part, told[:n]) for part in told.split(n))
        return told[:n] if again else told


def probe(name: str) -> tuple:
    """A fresh network, pictures, times, noise and a schedule."""
    (n, height, width), alpha, sigma = PROBES[name]
    torch.manual_seed(n)
    noise = torch.Generator().manual_seed(n)
    x = torch.rand(n, 1, height, width, generator=noise) ** 2
    t = torch.rand(n, generator=noise) * 0.8 + 0.1
    added = torch.randn(n, 1, height, width, generator=noise)
    return Guess(), x, t, added, alpha, sigma


@cache
def right(name: str) -> tuple[Tensor, Tensor]:
    """The loss, and its gradient at the weights."""
    network, *others = probe(name)
    loss = noise_loss(network, *others)
    return loss.detach(), gradient_at_weights(loss, network)


def observe_noise_loss(function) -> Observation:
    """What the network is told; values where N is no side, the width, the height; if all are right, the gradients."""
    values, rest = {}, {}
    all_right = True
    for name in PROBES:
        network, x, t, *others = probe(name)
        leave_gradients(network)
        loss = function(network, x, t, *others)
        right_loss, right_gradient = right(name)
        told = network.told(len(x))
        values |= {f"{TOLD} {name}": told, f"the loss {name}": value(loss)}
        all_right = all_right and alike(value(loss), right_loss) and alike(told, t)
        if all_right:  # otherwise these numbers tell the mistake
            found = gradient_at_weights(loss, network)
            rest |= {f"the network after the loss {name}": condition(network)}
            rest |= {f"{EARLIER}, {name},": earlier_gradients(network), f"{MOVED} {name}": weights(network)}
            rest |= compared(found, right_gradient, f"the gradient at the weights {name}")
    return values | rest if all_right else values


def scaled(x: Tensor) -> Tensor:
    return 2 * x - 1


def per_picture(level: Tensor) -> Tensor:
    """(N,) to (N, 1, 1, 1)."""
    return level[:, None, None, None]


def as_given(t: Tensor) -> Tensor:
    return t


def levels(alpha, sigma, t: Tensor) -> tuple[Tensor, Tensor]:
    return alpha(t), sigma(t)


def blend(x: Tensor, noise: Tensor, a: Tensor, s: Tensor) -> Tensor:
    return a * x + s * noise


def the_noise(x: Tensor, noise: Tensor, noisy: Tensor, a: Tensor, s: Tensor) -> Tensor:
    return noise


def loss_with(
    network,
    x,
    t,
    noise,
    alpha,
    sigma,
    *,
    scale=scaled,
    at=as_given,
    level=levels,
    shape=per_picture,
    mix=blend,
    target=the_noise,
    ask=lambda network, noisy, t: network(noisy, t),
    end=F.mse_loss,
) -> Tensor:
    """The loss with something changed."""
    clean = scale(x)
    a, s = (shape(part) for part in level(alpha, sigma, at(t)))
    noisy = mix(clean, noise, a, s)
    return end(ask(network, noisy, t), target(clean, noise, noisy, a, s))


def noise_loss(network: nn.Module, x: Tensor, t: Tensor, noise: Tensor, alpha, sigma) -> Tensor:
    return loss_with(network, x, t, noise, alpha, sigma)


def as_it_is(x: Tensor) -> Tensor:
    return x


def everyone(time, told=lambda one, n: one.expand(n), scale=scaled):
    """One time for all pictures, in the noise and for the network."""

    def answer(network, x, t, noise, alpha, sigma):
        one = time(t)
        return loss_with(
            network,
            x,
            one.reshape(1).expand(len(x)),
            noise,
            alpha,
            sigma,
            scale=scale,
            ask=lambda network, noisy, t: network(noisy, told(one, len(x))),
        )

    return answer


def at_one_time(t: Tensor) -> Tensor:
    return t[:1].expand(len(t))


def drawn_anew(network, x, t, noise, alpha, sigma):
    return noise_loss(network, x, t, torch.randn_like(x), alpha, sigma)


def times_anew(network, x, t, noise, alpha, sigma):
    return noise_loss(network, x, torch.rand(len(x)), noise, alpha, sigma)


def weighted(weight):
    """The loss with errors that count more at some times."""

    def answer(network, x, t, noise, alpha, sigma):
        a, s = per_picture(alpha(t)), per_picture(sigma(t))
        return (weight(a, s) * (network(blend(scaled(x), noise, a, s), t) - noise).square()).mean()

    return answer


def to_pictures(network, x, t, noise, alpha, sigma):
    return loss_with(network, x, t, noise, alpha, sigma, target=lambda *_: x)


def scaled_after(network, noisy, t):
    return network(scaled(noisy), t)


def without_gradients(*args):
    with torch.no_grad():
        return noise_loss(*args)


def backward_inside(*args):
    loss = noise_loss(*args)
    loss.backward()
    return loss.detach()
