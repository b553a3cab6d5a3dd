"""Answers to lesson 12's exercise on diffusion: wrong ones under a part of their message, and right ones."""

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.exercises import lesson_12


def column(level):
    return level.reshape(-1, 1, 1, 1)


def answer(
    prepare=lambda x: x * 2 - 1,
    noised=lambda x, e, a, s: a * x + s * e,
    times=lambda t: t,
    axes=column,
    levels=lambda alpha, sigma, t: (alpha(t), sigma(t)),
    asked=lambda network, noisy, t: network(noisy, t),
    truth=lambda x, e, noisy, a, s: e,
    error=lambda guess, e: ((guess - e) ** 2).mean(),
):
    """The loss as a learner writes it, with something changed."""

    def function(network, x, t, noise, alpha, sigma):
        x = prepare(x)
        a, s = levels(alpha, sigma, times(t))
        a, s = axes(a), axes(s)
        noisy = noised(x, noise, a, s)
        return error(asked(network, noisy, t), truth(x, noise, noisy, a, s))

    return function


def one_for_all(network, x, t, noise, alpha, sigma):
    return answer()(network, x, torch.full_like(t, t[0].item()), noise, alpha, sigma)


def with_new_times(network, x, t, noise, alpha, sigma):
    return answer()(network, x, torch.rand(x.shape[0]), noise, alpha, sigma)


def told_alpha(network, x, t, noise, alpha, sigma):
    x = 2 * x - 1
    a, s = alpha(t), sigma(t)
    return F.mse_loss(network(column(a) * x + column(s) * noise, a), noise)


def learned_inside(network, x, t, noise, alpha, sigma):
    loss = answer()(network, x, t, noise, alpha, sigma)
    loss.backward()
    return loss


NOISE_LOSS = {
    "the pictures go in as they are": answer(prepare=lambda x: x),
    "scaled to another range": answer(prepare=lambda x: (x - 0.5) * 1.0),
    "black and white are exchanged": answer(prepare=lambda x: 1 - x * 2),
    "this is the way back": answer(prepare=lambda x: x / 2 + 0.5),
    "the batch's own mean": answer(prepare=lambda x: (x - torch.mean(x)) / torch.std(x)),
    "it is the noisy picture that is scaled": answer(
        prepare=lambda x: x, noised=lambda x, e, a, s: 2 * (a * x + s * e) - 1
    ),
    "`t` was replaced by one time": one_for_all,
    "times are drawn anew": with_new_times,
    "noise is drawn anew": answer(noised=lambda x, e, a, s: a * x + s * torch.randn(x.shape)),
    "the network is not told the time": answer(asked=lambda network, noisy, t: network(noisy)),
    "the network's two arguments": answer(asked=lambda network, noisy, t: network(t, noisy)),
    "told alpha or sigma": told_alpha,
    "nothing learns from it": answer(error=lambda guess, e: ((guess - e) ** 2).mean().item()),
    "`backward()` is called inside": lambda *args: learned_inside(*args).detach(),
    "meets the *width*": answer(axes=lambda level: level),
    "alpha(t) has too few axes": answer(axes=lambda level: level.reshape(-1, 1, 1)),
    "noised for one time": answer(times=lambda t: t[0].repeat(len(t))),
    "are functions: call them": lambda network, x, t, noise, alpha, sigma: F.mse_loss(
        network(alpha * (2 * x - 1) + sigma * noise, t), noise
    ),
    "weighed by their time": lambda network, x, t, noise, alpha, sigma: (
        (column(alpha(t)) / column(sigma(t))) ** 2
        * (network(column(alpha(t)) * (2 * x - 1) + column(sigma(t)) * noise, t) - noise) ** 2
    ).mean(),
    "the noise is scaled like a picture": answer(noised=lambda x, e, a, s: a * x + s * (2 * e - 1)),
    "the network is not asked": answer(asked=lambda network, noisy, t: noisy),
    "this is a cross-entropy": answer(error=nn.BCEWithLogitsLoss()),
    "a pair of parentheses": answer(prepare=lambda x: x, noised=lambda x, e, a, s: a * 2 * x - 1 + s * e),
    "time runs backwards": answer(times=lambda t: 1 - t),
    "the levels are squared": answer(levels=lambda alpha, sigma, t: (alpha(t).square(), sigma(t).square())),
    "a root is taken": answer(levels=lambda alpha, sigma, t: (alpha(t) ** 0.5, (1 - alpha(t)) ** 0.5)),
    "multiplied by 1 - alpha": answer(noised=lambda x, e, a, s: a * x + (1 - a) * e),
    "alpha and sigma are exchanged": answer(noised=lambda x, e, a, s: s * x + a * e),
    "not multiplied by sigma(t)": answer(noised=lambda x, e, a, s: a * x + e),
    "not multiplied by alpha(t)": answer(noised=lambda x, e, a, s: x + s * e),
    "picture and noise are just added": answer(noised=lambda x, e, a, s: x + e),
    "the levels are 1 - t and t": answer(levels=lambda alpha, sigma, t: (1 - t, t)),
    "the noise is subtracted from the picture": answer(noised=lambda x, e, a, s: a * x - s * e),
    "alpha multiplies the noise as well": answer(noised=lambda x, e, a, s: a * (x + s * e)),
    "sees the clean picture": answer(noised=lambda x, e, a, s: x),
    "sees the noise alone": answer(noised=lambda x, e, a, s: e),
    "the noisy picture is cut off": answer(noised=lambda x, e, a, s: torch.clamp(a * x + s * e, -1, 1)),
    "asked for the clean picture": answer(truth=lambda x, e, noisy, a, s: x),
    "compared with the noisy picture": answer(truth=lambda x, e, noisy, a, s: noisy),
    "compared with sigma · noise": answer(truth=lambda x, e, noisy, a, s: s * e),
    "noisy minus clean picture": answer(truth=lambda x, e, noisy, a, s: noisy - x),
    "this asks for v": answer(truth=lambda x, e, noisy, a, s: a * e - s * x),
    "as flow matching does": answer(truth=lambda x, e, noisy, a, s: e - x),
    "the sign of the noise is turned": answer(error=lambda guess, e: ((guess + e) ** 2).mean()),
    "this asks for the score": answer(truth=lambda x, e, noisy, a, s: -e / s),
    "subtracted from the noisy picture": answer(asked=lambda network, noisy, t: noisy - network(noisy, t)),
    "goes through a tanh": answer(asked=lambda network, noisy, t: torch.tanh(network(noisy, t))),
    "goes through a sigmoid": answer(asked=lambda network, noisy, t: torch.sigmoid(network(noisy, t))),
    "the squared errors are added up": answer(error=lambda guess, e: F.mse_loss(guess, e, reduction="sum")),
    "the errors are not squared": answer(error=F.l1_loss),
    "the root of the mean square": answer(error=lambda guess, e: torch.sqrt(F.mse_loss(guess, e))),
    "the mean length of the errors": answer(error=lambda guess, e: ((guess - e) ** 2).sum((1, 2, 3)).sqrt().mean()),
    "errors of both signs cancel: square them": answer(error=lambda guess, e: torch.mean(guess - e)),
    "square first, then average": answer(error=lambda guess, e: torch.mean(guess - e) ** 2),
    "this is half the loss": answer(error=lambda guess, e: F.mse_loss(guess, e) / 2),
    "the smaller the error": answer(error=lambda guess, e: -((guess - e) ** 2).mean()),
    "this is the Huber loss": answer(error=F.huber_loss),
    "the square of each error": answer(error=lambda guess, e: (guess - e) ** 2),
    "a loss for each picture": answer(error=lambda guess, e: ((guess - e) ** 2).mean(dim=(1, 2, 3))),
    "this is the network's answer": answer(error=lambda guess, e: guess),
}


def with_mse(network, x, t, noise, alpha, sigma):
    a, s = alpha(t).view(-1, 1, 1, 1), sigma(t).view(-1, 1, 1, 1)
    return nn.MSELoss()(network((2 * x - 1) * a + noise * s, t), noise)


def levels_of_a_column(network, x, t, noise, alpha, sigma):
    when = t[:, None, None, None]
    noisy = alpha(when) * (x - 0.5) / 0.5 + sigma(when) * noise
    return torch.mean((noise - network(noisy=noisy, t=t)).pow(2))


def one_picture_after_the_other(network, x, t, noise, alpha, sigma):
    parts = [a * (2 * one - 1) + s * e for one, e, a, s in zip(x, noise, alpha(t), sigma(t))]
    return (network(torch.stack(parts), t) - noise).square().sum() / noise.numel()


def with_einsum(network, x, t, noise, alpha, sigma):
    noisy = torch.einsum("n,nchw->nchw", alpha(t), 2 * x - 1) + torch.einsum("n,nchw->nchw", sigma(t), noise)
    return (network(noisy, t) - noise).flatten(1).square().mean(1).mean()


def sigma_from_alpha(network, x, t, noise, alpha, sigma):
    a = alpha(t)
    while a.dim() < x.dim():
        a = a.unsqueeze(-1)
    noisy = torch.sqrt(a**2) * x.mul(2).sub(1) + torch.sqrt(1 - a**2) * noise
    return F.mse_loss(noise, network(noisy, t))


def transposed(network, x, t, noise, alpha, sigma):
    noisy = (alpha(t) * (2 * x - 1).transpose(0, -1) + sigma(t) * noise.transpose(0, -1)).transpose(0, -1)
    return ((network(noisy.contiguous(), t) - noise) ** 2).mean()


def asked_for_each(network, x, t, noise, alpha, sigma):
    """One picture after the other, and the network looked at before."""
    network(x, t)
    errors = [answer()(network, x[i : i + 1], t[i : i + 1], noise[i : i + 1], alpha, sigma) for i in range(len(x))]
    return sum(errors) / len(errors)


def over_numpy(network, x, t, noise, alpha, sigma):
    a, s = (torch.as_tensor(level(t).numpy()[:, None, None, None]) for level in (alpha, sigma))
    return F.mse_loss(network(a * (2 * x - 1) + s * noise, t), noise)


EXERCISES = lesson_12
WRONG = {"noise_loss": NOISE_LOSS}
RIGHT = [
    ("noise_loss", function)
    for function in (
        answer(),
        with_mse,
        levels_of_a_column,
        one_picture_after_the_other,
        with_einsum,
        sigma_from_alpha,
        transposed,
        asked_for_each,
        over_numpy,
    )
]
