"""Exercise of lesson 12: the gradient of a discriminator in several processes, whose penalty nobody averages."""

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, Observation, alike, altered, value, weights
from course_utils.exercises.left_behind import condition, earlier_gradients, leave_gradients
from course_utils.losses import (
    gradient_penalty,
    hinge_d,
    least_squares_d,
    non_saturating_d,
    non_saturating_g,
    r1_penalty,
    wasserstein_d,
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


FIRST_ONLY = (
    "the penalty is still that of one process: the second backward pass averages nothing, so that the others keep "
    "theirs. Each process needs the penalty of its own images, and the mean of all of them."
)
NOT_DIVIDED = (
    "the penalties of all processes are added up, and it counts k times: take their mean, as that of the losses."
)
TWICE = "the penalty is divided by k twice: once is the mean over the processes."
ONLY_PENALTY = "the penalty is averaged now, but the losses are added up: divide both by k."
NOTHING_DIVIDED = "losses and penalties are added up over the processes: divide by k, for the mean."
ALL_TWICE = "everything is divided by k twice: once is the mean over the processes."
NO_PENALTY = (
    "the penalty does not reach the gradient: it is missing, or its graph is (`create_graph=True` in the inner "
    "`autograd.grad`, and no `detach`)."
)
GRAPH = (
    "no gradient arrives from the penalty: its inner `autograd.grad` needs `create_graph=True`, and nothing may be "
    "detached after it. `r1_penalty` takes care of that."
)
FAKE = "the penalty looks at generated images: R1 takes the slope at *real* ones."
BOTH = "the penalty looks at generated images as well: R1 takes the slope at real ones alone."
ONE_PROCESS = "only one process is heard: average over all k of them."
OWN_LOSS = "the loss is that of one process: now the penalty is averaged, and the loss no longer is."
MEAN_FIRST = (
    "slopes are averaged before they are squared, so that those of different images cancel: square the slope of each "
    "image, then take the mean."
)
WEIGHT = "the weight is not where it belongs: loss + weight · penalty, in each process."
NO_WEIGHT = "the penalty has lost its weight: multiply it by `weight`."
AT_WEIGHTS = "this penalty is on the gradient at the *weights*: R1 takes the slope at the pixels of real images."
LENGTH = "the slope's length is not squared: R1 is half the *square*."
PIXELS = "the slope is averaged over its pixels: its squared length is a sum over pixels, and only images are averaged."
DOUBLE = "the half of R1 is missing: `r1_penalty` has it."
LOGITS_MEAN = (
    "the slope is that of the *mean* output, which makes it small as the batch is large: differentiate the sum, whose "
    "slope at each image is that image's own."
)
WGAN_GP = "this is the gradient penalty of WGAN-GP, which wants slopes of 1: R1 wants real images at slopes of 0."
OLD_ONE = "the penalty of one process is still added, beside the averaged one: leave it out."
OTHER_LOSS = "this is another loss than the one that stood there, which was right: only the penalty is to be mended."
SHAPES = "these are the gradients of each process: return their mean over the processes."

check_discriminator_gradient = Exercise(
    discriminator_gradient,
    observe_discriminator_gradient,
    {
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * penalties[0]): FIRST_ONLY,
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * penalties[-1]): FIRST_ONLY,
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * penalties[0] / len(losses)): (
            "the penalty of one process is divided by k, and the others' are missing: add up all of them first."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * penalties[-1] / len(losses)): (
            "the penalty of one process is divided by k, and the others' are missing: add up all of them first."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * len(losses) * penalties[0]): (
            "the penalty of one process is added k times: each process has images of its own."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * len(losses) * penalties[-1]): (
            "the penalty of one process is added k times: each process has images of its own."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * sum(penalties)): NOT_DIVIDED,
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w * mean(penalties) / len(losses)): (
            TWICE
        ),
        altered(gradient_with, join=lambda losses, penalties, w: sum(losses) + w * mean(penalties)): ONLY_PENALTY,
        altered(gradient_with, join=lambda losses, penalties, w: sum(losses) + w * penalties[0]): (
            "the losses are added up, and the penalty is that of one process: take the mean of both over all processes."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: sum(losses) + w * sum(penalties)): NOTHING_DIVIDED,
        altered(gradient_with, join=lambda losses, penalties, w: all_averaged(losses, penalties, w) / len(losses)): (
            ALL_TWICE
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) / len(losses) + w * mean(penalties)): (
            "the loss is divided by k twice: once is the mean over the processes."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses)): NO_PENALTY,
        altered(gradient_with, join=lambda losses, penalties, w: w * mean(penalties)): (
            "the loss is missing: the gradient is that of loss *and* penalty."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: losses[0] + w * penalties[0]): ONE_PROCESS,
        altered(gradient_with, join=lambda losses, penalties, w: losses[-1] + w * penalties[-1]): ONE_PROCESS,
        altered(gradient_with, join=lambda losses, penalties, w: (losses[0] + w * penalties[0]) / len(losses)): (
            ONE_PROCESS
        ),
        altered(gradient_with, join=lambda losses, penalties, w: (losses[-1] + w * penalties[-1]) / len(losses)): (
            ONE_PROCESS
        ),
        altered(gradient_with, join=lambda losses, penalties, w: losses[0] + w * mean(penalties)): OWN_LOSS,
        altered(gradient_with, join=lambda losses, penalties, w: losses[-1] + w * mean(penalties)): OWN_LOSS,
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) - w * mean(penalties)): (
            "the penalty is subtracted, which rewards steep slopes: add it."
        ),
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + mean(penalties)): NO_WEIGHT,
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + w**2 * mean(penalties)): WEIGHT,
        altered(gradient_with, join=lambda losses, penalties, w: w * (mean(losses) + mean(penalties))): WEIGHT,
        altered(gradient_with, join=lambda losses, penalties, w: w * mean(losses) + mean(penalties)): WEIGHT,
        altered(gradient_with, join=lambda losses, penalties, w: mean(losses) + mean(penalties) / w): WEIGHT,
        altered(gradient_with, penalty=lambda d, real, fake: r1_penalty(d, fake)): FAKE,
        altered(gradient_with, penalty=both): BOTH,
        altered(gradient_with, penalty=lambda d, real, fake: 2 * both(d, real, fake)): BOTH,
        altered(gradient_with, penalty=lambda d, real, fake: r1_penalty(d, (real + fake) / 2)): (
            "the penalty looks between real and generated images: R1 takes the slope at real ones."
        ),
        altered(gradient_with, penalty=lambda d, real, fake: len(real) * r1_penalty(d, real)): (
            "the penalty is a sum over the images: take the mean, as the loss does."
        ),
        altered(gradient_with, penalty=lambda d, real, fake: 2 * r1_penalty(d, real)): DOUBLE,
        altered(gradient_with, penalty=lambda d, real, fake: 0.5 * r1_penalty(d, real)): (
            "the half is there twice: `r1_penalty` has it already."
        ),
        altered(gradient_with, penalty=penalty_of(lambda slope: slope.norm(dim=1).mean())): LENGTH,
        altered(gradient_with, penalty=penalty_of(lambda slope: 0.5 * slope.norm(dim=1).mean())): LENGTH,
        altered(gradient_with, penalty=penalty_of(lambda slope: 0.5 * slope.norm())): LENGTH,
        altered(gradient_with, penalty=penalty_of(lambda slope: slope.norm())): LENGTH,
        altered(gradient_with, penalty=penalty_of(lambda slope: (slope.norm(dim=1) - 1).square().mean())): (WGAN_GP),
        altered(gradient_with, penalty=penalty_of(lambda slope: 0.5 * slope.square().mean())): PIXELS,
        altered(gradient_with, penalty=penalty_of(lambda slope: slope.square().mean())): PIXELS,
        altered(gradient_with, penalty=penalty_of(lambda slope: 0.5 * slope.mean(0).square().sum())): MEAN_FIRST,
        altered(gradient_with, penalty=penalty_of(lambda slope: slope.mean(0).square().sum())): MEAN_FIRST,
        across_processes: MEAN_FIRST,
        square_of_mean: MEAN_FIRST,
        altered(
            gradient_with,
            penalty=lambda d, real, fake: 0.5 * slopes(d, real, torch.mean).square().sum(1).mean(),
        ): LOGITS_MEAN,
        altered(
            gradient_with,
            penalty=lambda d, real, fake: 0.5 * slopes(d, real, torch.mean).square().sum(),
        ): LOGITS_MEAN,
        altered(
            gradient_with,
            penalty=lambda d, real, fake: 0.5 * slopes(d, real, lambda y: softplus(-y).sum()).square().sum(1).mean(),
        ): "the slope is that of the *loss*: R1 takes that of the discriminator's output.",
        altered(
            gradient_with,
            penalty=lambda d, real, fake: 0.5 * slopes(d, real, lambda y: y.sigmoid().sum()).square().sum(1).mean(),
        ): "the slope is that of the *probability*: R1 takes that of the logit, the discriminator's output.",
        altered(gradient_with, penalty=at_weights): AT_WEIGHTS,
        altered(gradient_with, penalty=loss_at_weights): AT_WEIGHTS,
        altered(gradient_with, loss=lambda d, real, fake: non_saturating_d(d(fake), d(real))): (
            "real and generated images are exchanged in the loss, which was right as it stood."
        ),
        altered(gradient_with, loss=lambda d, real, fake: 0.5 * adversarial(d, real, fake)): (
            "this is half the loss, which was right as it stood."
        ),
        altered(gradient_with, loss=lambda d, real, fake: softplus(-d(real)).mean()): (
            "the generated images are missing in the loss, which was right as it stood."
        ),
        altered(gradient_with, loss=lambda d, real, fake: softplus(d(fake)).mean()): (
            "the real images are missing in the loss, which was right as it stood."
        ),
        altered(gradient_with, loss=lambda d, real, fake: non_saturating_g(d(fake))): OTHER_LOSS,
        altered(gradient_with, loss=lambda d, real, fake: hinge_d(d(real), d(fake))): OTHER_LOSS,
        altered(gradient_with, loss=lambda d, real, fake: wasserstein_d(d(real), d(fake))): OTHER_LOSS,
        altered(gradient_with, loss=lambda d, real, fake: least_squares_d(d(real), d(fake))): OTHER_LOSS,
        altered(gradient_with, end=lambda loss, d: loss): (
            "this is the loss itself: return its gradient, `gradient_of(loss, discriminator)`."
        ),
        altered(gradient_with, end=lambda loss, d: -gradient_of(loss, d)): (
            "the sign is turned: this is the way down, and asked is the gradient."
        ),
        altered(gradient_with, penalty=gradient_penalty): WGAN_GP,
        altered(
            gradient_with, join=lambda losses, penalties, w: all_averaged(losses, penalties, w) + w * penalties[0]
        ): (OLD_ONE),
        altered(
            gradient_with, join=lambda losses, penalties, w: all_averaged(losses, penalties, w) + w * penalties[-1]
        ): OLD_ONE,
        parts_of_k: ("`split(k)` makes parts of k images: `chunk(k)` makes k parts, one for each process."),
        added_to_earlier: (
            "the weights already had gradients, and `backward()` adds to them: `torch.autograd.grad`, as in "
            "`gradient_of`, returns the new ones alone, and leaves `.grad` as it was."
        ),
        unused: (
            "some weights play no part in the penalty, such as the last bias, and `torch.autograd.grad` refuses them: "
            "`materialize_grads=True`, as in `gradient_of`, gives them zeros."
        ),
        without_graph: GRAPH,
        one_for_each: SHAPES,
        **dict.fromkeys(
            [penalty_as_number(join) for join in (mean, sum, lambda penalties: penalties[0])],
            "the penalty is added to the gradient as a number: add its *gradient*, "
            "`gradient_of(penalty, discriminator)`.",
        ),
        lambda *args: one_for_each(*args)[0]: ONE_PROCESS,
    },
    {
        f"{AT_ONCE}, {name},": (
            "the numbers are right, but the discriminator met the images of several processes at once: none of them "
            "holds all images, so work on one part after the other."
        )
        for name in PROBES
    }
    | {
        f"{MOVED}, {name},": "the numbers are right, but the weights were moved: return the gradient, and take no step."
        for name in PROBES
    }
    | {
        f"{EARLIER}, {name},": (
            "the numbers are right, but the gradients that the discriminator already had were changed: "
            "`torch.autograd.grad` leaves `.grad` alone, `backward()` and `zero_grad()` do not."
        )
        for name in PROBES
    },
)
