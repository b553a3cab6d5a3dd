"""What goes wrong in the gradient of a discriminator in several processes, with a sentence each, and the check."""

import torch
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, altered
from course_utils.exercises.lesson_12.discriminator_gradient import (
    AT_ONCE,
    EARLIER,
    MOVED,
    PROBES,
    across_processes,
    added_to_earlier,
    adversarial,
    all_averaged,
    at_weights,
    both,
    discriminator_gradient,
    gradient_of,
    gradient_with,
    loss_at_weights,
    mean,
    observe_discriminator_gradient,
    one_for_each,
    parts_of_k,
    penalty_as_number,
    penalty_of,
    slopes,
    square_of_mean,
    unused,
    without_graph,
)
from course_utils.losses import (
    gradient_penalty,
    hinge_d,
    least_squares_d,
    non_saturating_d,
    non_saturating_g,
    r1_penalty,
    wasserstein_d,
)

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
