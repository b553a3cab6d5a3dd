"""What goes wrong in mending the losses of a conditional GAN, with a sentence each, and the check."""

import torch
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, altered
from course_utils.exercises.lesson_06.mended_loss import some_of
from course_utils.exercises.lesson_08.mended_losses import (
    BUGS,
    EARLIER,
    GIVEN,
    RAW,
    SHAPES,
    SIZES,
    as_it_is,
    each_d,
    each_g,
    in_evaluation_mode,
    left,
    losses_with,
    mended_losses,
    observe_mended_losses,
    shuffled,
    summed_d,
    summed_g,
    wiped,
    with_a_third_term,
)
from course_utils.exercises.sentences import CUT_OFF, SUM
from course_utils.losses import non_saturating_d, non_saturating_g, saturating_g

REAL_LABELS = "real images come with labels that are not theirs: each of them has its own, and so has each sample."
REAL_SCALED = "real images were brought nearer to raw output: leave x as it is, and bring the samples to [0, 1]."
HALF_MENDED = {  # the bug; what stands there instead, as arguments of `losses_with`, and what to say of it
    "squash": (
        (
            {"squash": (torch.tanh, torch.tanh)},
            "a tanh gives numbers in [-1, 1], and real images lie in [0, 1]: raw output becomes images by a sigmoid.",
        ),
        (
            {"squash": (torch.tanh, torch.tanh), "real": lambda x: 2 * x - 1},
            "all images lie in [-1, 1] now, as in many a published code: in this course they stay in [0, 1], and raw "
            "output gets a sigmoid.",
        ),
        (
            {"squash": 2 * (lambda raw: raw.clamp(0, 1),)},
            "raw output is cut off at 0 and 1, and where it is, no gradient passes: a sigmoid bends it smoothly.",
        ),
        (
            {"squash": 2 * (lambda raw: (raw.tanh() + 1) / 2,)},
            "the samples lie in [0, 1], but raw output is a logit, which becomes a grey level by a sigmoid itself.",
        ),
        (
            {"squash": (torch.sigmoid, as_it_is)},
            "in d_loss the discriminator sees samples in [0, 1], in g_loss still raw output: it needs samples in both.",
        ),
        (
            {"squash": (as_it_is, torch.sigmoid)},
            "in g_loss the discriminator sees samples in [0, 1], in d_loss still raw output: it needs samples in both.",
        ),
        (
            {"real": torch.sigmoid},
            "real images went through a sigmoid too: they lie in [0, 1] as they come, so leave them alone.",
        ),
        ({"squash": RAW, "real": lambda x: 2 * x - 1}, REAL_SCALED),
        ({"squash": RAW, "real": torch.logit}, REAL_SCALED),
    ),
    "labels": (
        ({"real_label": shuffled}, REAL_LABELS),
        ({"real_label": shuffled, "fake_label": shuffled}, REAL_LABELS),
    ),
    "cut": (
        (
            {"hide": as_it_is, "hide_g": torch.detach},
            "`detach` has changed sides: it belongs in d_loss, not in g_loss.",
        ),
    ),
}
TOLD = "the generator takes z and the one-hot label together, in one tensor, (N, d + 10)."
THIRD = (
    "a third kind of pair, real images with labels of others, is a good idea (Reed et al., 2016), but two terms are "
    "asked for."
)
REDUCTIONS = {  # both losses, and what to say if one of them or both stand there
    (summed_d, summed_g): SUM,
    (each_d, each_g): "these are losses of each image: take the mean, so that d_loss and g_loss are one number each.",
}
NOT_FILLED = "the label has no height and no width yet: make (N, 10, 1, 1) of it, and then `expand` it to 28×28."

check_mended_losses = Exercise(
    mended_losses,
    observe_mended_losses,
    {altered(losses_with, bugs=bugs): left(bugs) for bugs in some_of(BUGS) if bugs}
    | {altered(losses_with, bugs=bugs, g_label=shuffled): left(bugs) for bugs in some_of(BUGS) if "labels" in bugs}
    | {
        altered(losses_with, **reduced): sentence
        for (d, g), sentence in REDUCTIONS.items()
        for reduced in ({"d": d, "g": g}, {"d": d}, {"g": g})
    }
    | {
        lambda generator, discriminator, x, y, z: discriminator(x, y): (
            "this discriminator takes one tensor, (N, 11, 28, 28): image and planes together."
        ),
        lambda generator, discriminator, x, y, z: generator(z, y): TOLD,
        lambda generator, discriminator, x, y, z: generator(z): TOLD,
    }
    | {
        altered(losses_with, hide=as_it_is): (
            "no bug is left, but gradients of d_loss reach the generator: detach the samples there."
        ),
        altered(losses_with, d=lambda real, fake: non_saturating_d(real, fake.detach())): (
            "no bug is left, but the discriminator learns from real images only: `.detach()` belongs on the samples, "
            "not on its answer to them."
        ),
        altered(losses_with, g=saturating_g): (
            "no bug is left, but this g_loss is log(1 - D(G(z))), which fades: the non-saturating one is asked for."
        ),
        altered(losses_with, g=lambda fake: softplus(fake).mean()): (
            "no bug is left, but the generator learns to be caught: look at the sign in g_loss."
        ),
        altered(losses_with, d=lambda real, fake: non_saturating_d(real, fake) / 2): (
            "no bug is left, but this is half of d_loss: add the two means, do not average them."
        ),
        altered(losses_with, give=lambda d_loss, g_loss: (g_loss, d_loss)): (
            "no bug is left, but the two losses have changed places: first d_loss, then g_loss."
        ),
        altered(losses_with, d=lambda real, fake: non_saturating_d(fake, real)): (
            "no bug is left, but the discriminator learns the opposite: in d_loss real and generated are exchanged."
        ),
        altered(losses_with, d=lambda real, fake: softplus(-real).mean() + softplus(-fake).mean()): (
            "no bug is left, but d_loss calls samples real: look at the sign of its second term."
        ),
        altered(
            losses_with,
            d=lambda real, fake: non_saturating_d(real.sigmoid(), fake.sigmoid()),
            g=lambda fake: non_saturating_g(fake.sigmoid()),
        ): "the discriminator gives logits, and `softplus` takes them: the sigmoid belongs on the generator's output.",
        altered(losses_with, pair=lambda image, planes: torch.cat([planes, image], 1)): (
            "the order is the other way round: first the image, then its planes."
        ),
        altered(losses_with, planes=lambda one_hot: one_hot[:, :, None, None]): NOT_FILLED,
        altered(losses_with, planes=lambda one_hot: one_hot.expand(-1, -1, 28, 28)): NOT_FILLED,
        altered(losses_with, planes=as_it_is): NOT_FILLED,
        with_a_third_term(1): THIRD,
        with_a_third_term(0.5): THIRD,
        wiped: "the values are right, but the gradients of the networks were wiped: a loss needs no `zero_grad()`.",
        in_evaluation_mode: "the values are right, but the networks were left in evaluation mode: leave out `.eval()`.",
        altered(losses_with, give=lambda d_loss, g_loss: (d_loss.detach(), g_loss.detach())): CUT_OFF,
        altered(losses_with, give=lambda d_loss, g_loss: (d_loss.detach(), g_loss)): CUT_OFF,
    }
    | {
        altered(losses_with, bugs=others, **instead): sentence
        for bug, slips in HALF_MENDED.items()
        for instead, sentence in slips
        for others in some_of([other for other in BUGS if other != bug])
    },
    hints={
        GIVEN.format(n): (
            "the generator is to be given `z` and the one-hot labels `y`, in this order: its line was right, so leave "
            "it as it is."
        )
        for n, _ in SIZES
    }
    | {
        EARLIER.format(name, n): (
            "the values are right, but the gradients that the networks already had were changed: a loss calls neither "
            "`backward()` nor `zero_grad()`."
        )
        for name in SHAPES
        for n, _ in SIZES
    },
)
