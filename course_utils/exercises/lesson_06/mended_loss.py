"""Exercise 3 of lesson 06: a loss with five bugs; what is still wrong with it tells which of them are left."""

from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, Observation, alike, altered, value
from course_utils.exercises.left_behind import (
    compared,
    condition,
    earlier_gradients,
    gradient_at_weights,
    leave_gradients,
)
from course_utils.exercises.sentences import CUT_OFF

SIZES = ((4, 3), (6, 2))  # images, latent dimensions
EARLIER = "the gradients that the {} already had"
COUNT = (
    "",
    "one bug is left",
    "two bugs are left",
    "three bugs are left",
    "four bugs are left",
    "all five bugs are left",
)
BUGS = {  # in the order in which they are named; what gives them away, not the code that mends them
    "range": "a Bernoulli likelihood is for pixels in [0, 1], and here they reach below 0",
    "width": "the codes have the wrong width; think what `logvar` is the logarithm of, and what the noise is "
    "multiplied with",
    "shape": "pixels and logits differ in shape, so that every image is compared with every other one; look at both "
    "shapes, and at that of their product",
    "sign": "the KL is never negative, and here it is, so that the loss gets smaller as the codes leave the prior",
    "half": "the KL is not what it should be by a factor; compare it with its closed form, term by term",
}


def networks() -> list[tuple[nn.Module, nn.Module]]:
    """Two pairs of encoder and decoder: linear for codes of 3 numbers, with a hidden layer for codes of 2."""
    torch.manual_seed(0)
    linear = nn.Linear(784, 6)
    deep = nn.Sequential(nn.Linear(784, 5), nn.Tanh(), nn.Linear(5, 4))
    with torch.no_grad():
        linear.weight *= 4  # codes so far from the prior that no bug hides behind rounding
        for p in deep.parameters():
            p *= 3
    hidden = nn.Sequential(nn.Linear(2, 7), nn.Tanh(), nn.Linear(7, 784))
    return [(linear, nn.Linear(3, 784)), (deep, hidden)]


def observe_mended_loss(function) -> Observation:
    """Values for batches of two sizes; once they are right, both gradients and what is left behind in the networks."""
    values, rest = {}, {}
    all_right = True
    for (n, d), (encoder, decoder) in zip(SIZES, networks()):
        noise = torch.Generator().manual_seed(n)
        images = torch.rand(n, 1, 28, 28, generator=noise).round(decimals=1)
        eps = torch.randn(n, d, generator=noise)
        leave_gradients(encoder)
        leave_gradients(decoder)
        loss = function(encoder, decoder, images, eps)
        right = mended_loss(encoder, decoder, images, eps)
        found = gradient_at_weights(loss, encoder)
        values[f"the loss for {n} images"] = value(loss)
        values[f"how much the encoder learns from {n} images"] = found if isinstance(found, str) else found.norm()
        all_right = all_right and alike(value(loss), value(right))
        if all_right:  # otherwise these numbers tell the mistake
            rest |= learned(loss, right, {"encoder": encoder, "decoder": decoder}, n)
    return values | rest if all_right else values


def learned(loss, right: Tensor, both: dict[str, nn.Module], n: int) -> Observation:
    """The gradients of a loss at the networks, beside the right ones, and what is left behind in the networks."""
    seen = {}
    for name, network in both.items():
        gradient_name = f"its gradient at the {name}'s weights for {n} images"
        seen |= {
            f"the {name} after {n} images": condition(network),
            f"{EARLIER.format(name)}, after {n} images,": earlier_gradients(network),
        }
        seen |= compared(gradient_at_weights(loss, network), gradient_at_weights(right, network), gradient_name)
    return seen


def closed_form(mu: Tensor, logvar: Tensor) -> Tensor:
    """Twice the KL of each code: (N, d), (N, d) to (N,)."""
    return (mu**2 + logvar.exp() - 1 - logvar).sum(1)


def loss_with(encoder, decoder, images, eps, *, bugs=(), target=None, width=None, noise=None, twice_kl=closed_form,
              pixels=torch.sum, join=torch.add) -> Tensor:  # fmt: skip
    """The loss with some of the bugs, or with one thing changed."""
    if target is None:
        target = stretched if "range" in bugs else as_they_are
    if width is None:
        width = torch.exp if "width" in bugs else sigma
    mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)  # (N, d), (N, d)
    output = decoder(mu + width(logvar) * (eps if noise is None else noise(eps)))  # (N, 784)
    x = target(images).flatten(2 if "shape" in bugs else 1)
    reconstruction = pixels(softplus(output) - x * output, -1).mean()
    sign = -1 if "sign" in bugs else 1
    factor = 1 if "half" in bugs else 0.5
    return join(reconstruction, sign * factor * twice_kl(mu, logvar).mean())


def as_they_are(images: Tensor) -> Tensor:
    return images


def stretched(images: Tensor) -> Tensor:
    return 2 * images - 1


def sigma(logvar: Tensor) -> Tensor:
    return (0.5 * logvar).exp()


def mended_loss(encoder: nn.Module, decoder: nn.Module, images: Tensor, eps: Tensor) -> Tensor:
    return loss_with(encoder, decoder, images, eps)


def left(bugs: tuple[str, ...]) -> str:
    """Name the first of the bugs that are left, and how many there are."""
    return f"{COUNT[len(bugs)]}{': ' if len(bugs) == 1 else '; one of them: '}{BUGS[bugs[0]]}."


def some_of(bugs) -> list[tuple[str, ...]]:
    """All choices of bugs, the empty one too."""
    return [chosen for count in range(len(bugs) + 1) for chosen in combinations(bugs, count)]


def swapped(encoder, decoder, images, eps) -> Tensor:
    """The loss with logvar in the first half of the encoder's output and mu in the second."""

    def turned(x):
        return torch.cat(encoder(x).chunk(2, dim=1)[::-1], 1)

    return mended_loss(turned, decoder, images, eps)


def twice_sigmoid(encoder, decoder, images, eps) -> Tensor:
    return mended_loss(encoder, lambda z: decoder(z).sigmoid(), images, eps)


def squared_error(encoder, decoder, images, eps) -> Tensor:
    mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)
    output = decoder(mu + sigma(logvar) * eps).sigmoid()
    return (output - images.flatten(1)).square().sum(1).mean() + 0.5 * closed_form(mu, logvar).mean()


def wiped(encoder, decoder, images, eps) -> Tensor:
    encoder.zero_grad()
    decoder.zero_grad()
    return mended_loss(encoder, decoder, images, eps)


def in_evaluation_mode(encoder, decoder, images, eps) -> Tensor:
    return mended_loss(encoder.eval(), decoder.eval(), images, eps)


HALF_MENDED = {  # the bug and the argument of `loss_with`; what stands there instead, and what to say of it
    ("width", "width"): {
        lambda logvar: 0.5 * logvar.exp(): (
            "the width of the codes is half mended: this is half the variance, and the half belongs inside the "
            "exponential."
        ),
        lambda logvar: (-0.5 * logvar).exp(): (
            "the width of the codes is half mended: the minus in the exponent makes it 1 / sigma."
        ),
        lambda logvar: (2 * logvar).exp(): (
            "the width of the codes went the other way: logvar is the logarithm of sigma², so that half of it belongs "
            "into the exponential, not twice as much."
        ),
        lambda logvar: 0.5 * logvar: (
            "the width of the codes has lost its exponential: half of logvar is the logarithm of sigma."
        ),
        softplus: (
            "the width of the codes is softplus(logvar), in which the encoder's output is no logarithm: sigma is "
            "exp(logvar / 2)."
        ),
        torch.ones_like: "the width of the codes is gone: the noise is multiplied with sigma.",
    },
    ("half", "twice_kl"): {
        lambda mu, logvar: (mu**2 + 2 * (logvar.exp() - 1 - logvar)).sum(1): (
            "the half of the KL reaches only the square of mu: put parentheses around all four terms."
        ),
        lambda mu, logvar: closed_form(logvar, mu): (
            "mu and logvar are swapped in the KL: mu is squared, logvar goes into the exponential."
        ),
        lambda mu, logvar: 0.5 * closed_form(mu, logvar): "the half of the KL is there twice: this is a quarter.",
        lambda mu, logvar: closed_form(mu, logvar) / mu.shape[1]: (
            "the KL is a mean over the latent dimensions now: it is their sum, and only images are averaged."
        ),
        lambda mu, logvar: (mu**2 - logvar.exp() - 1 - logvar).sum(1): (
            "the sign of exp(logvar) in the KL is wrong: it is mu² + exp(logvar) - 1 - logvar, times the half."
        ),
    },
    ("shape", "pixels"): {
        lambda terms, dim: terms.sum(0): (
            "the likelihood is summed over the images and averaged over the pixels: it is the other way round, "
            "`sum(1).mean()`."
        ),
        lambda terms, dim: terms.sum(): (
            "the likelihood is a sum over the batch, the KL a mean: divide the likelihood by the number of images."
        ),
    },
    ("range", "target"): {
        lambda images: (images > 0.5).float(): (
            "the images are black and white now: a grey level is the probability that a pixel is 1, and the likelihood "
            "takes it as it is."
        ),
        lambda images: stretched(images).clamp(0, 1): (
            "the images are cut off at 0, so that all dark greys become black: they are in [0, 1] as they come."
        ),
        lambda images: (images + 1) / 2: (
            "the images are pressed into [0.5, 1]: they are in [0, 1] as they come, so leave them alone."
        ),
    },
}

check_mended_loss = Exercise(
    mended_loss,
    observe_mended_loss,
    {altered(loss_with, bugs=bugs): left(bugs) for bugs in some_of(BUGS) if bugs}
    | {
        altered(loss_with, join=lambda nll, kl: -nll - kl): (
            "no bug is left, but this is the bound itself: the loss is minus the bound, so that smaller is better."
        ),
        altered(loss_with, join=lambda nll, kl: kl - nll): (
            "no bug is left, but the sign of the likelihood is wrong: softplus(output) - x · output is to get smaller."
        ),
        altered(loss_with, pixels=torch.mean): (
            "no bug is left, but there is a new one: this is a mean over the pixels, so that the KL weighs 784 times "
            "too much. Sum over the pixels of an image."
        ),
        altered(loss_with, join=lambda nll, kl: (nll + kl) / 784): (
            "no bug is left, but the whole loss is divided by 784: give nats for each image, not for each pixel."
        ),
        altered(loss_with, join=lambda nll, kl: nll + kl / 784): (
            "no bug is left, but the KL alone is divided by 784: this is β = 1/784, and both terms are in nats for "
            "each image."
        ),
        altered(loss_with, join=lambda nll, kl: (nll + 2 * kl) / 2): (
            "the half is in front of the whole loss: it belongs to the KL, and the likelihood has none."
        ),
        lambda encoder, decoder, images, eps: len(images) * mended_loss(encoder, decoder, images, eps): (
            "no bug is left, but this is the sum over the batch: take the mean."
        ),
        altered(loss_with, join=lambda nll, kl: nll): "the KL is gone: mend it, its place in the loss is right.",
        altered(loss_with, join=lambda nll, kl: kl): "the likelihood is gone: mend it, its place in the loss is right.",
        altered(loss_with, noise=lambda eps: 0 * eps): (
            "the noise is gone: the codes are to be drawn from N(mu, exp(logvar)), with `eps`."
        ),
        altered(loss_with, noise=torch.randn_like): (
            "noise is drawn anew: use `eps`, which is passed so that the loss can be compared."
        ),
        lambda encoder, decoder, images, eps: mended_loss(lambda x: encoder(stretched(x)), decoder, images, eps): (
            "no bug is left, but there is a new one: the encoder gets images in [-1, 1], and should get them as they "
            "are."
        ),
        swapped: "mu and logvar have changed places: the first half of what the encoder gives is mu.",
        twice_sigmoid: (
            "a sigmoid is applied to the logits, and `softplus(output) - x * output` takes the logits themselves."
        ),
        squared_error: (
            "this is a squared error, the likelihood of a Gaussian: the Bernoulli likelihood was right, only what it "
            "was given was not."
        ),
        wiped: "the value is right, but the gradients of the networks were wiped: a loss needs no `zero_grad()`.",
        in_evaluation_mode: "the value is right, but the networks were left in evaluation mode: leave out `.eval()`.",
        lambda *args: mended_loss(*args).detach(): CUT_OFF,
    }
    | {
        altered(loss_with, bugs=others, **{argument: instead}): sentence
        for (bug, argument), slips in HALF_MENDED.items()
        for instead, sentence in slips.items()
        for others in some_of([other for other in BUGS if other != bug])
    },
    hints={
        f"{EARLIER.format(name)}, after {n} images,": (
            "the value is right, but the gradients that the networks already had were changed: a loss calls neither "
            "`backward()` nor `zero_grad()`."
        )
        for name in ("encoder", "decoder")
        for n, _ in SIZES
    },
)
