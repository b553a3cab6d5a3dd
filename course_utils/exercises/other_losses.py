"""Losses that are written instead of the one asked for, being common in public code, each with its sentence.

OTHER_D stands for the discriminator's loss, from the logits of real and of generated samples. OTHER_G stands for any
loss of the generator, from the logits of generated samples, and SLIPS_G for the non-saturating one.
"""

from torch import Tensor, full_like
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus

from course_utils.losses import (
    hinge_d,
    least_squares_d,
    least_squares_g,
    non_saturating_d,
    non_saturating_g,
    wasserstein_d,
    wasserstein_g,
)

LEAST_SQUARES = "this is the squared distance from the labels, the loss of least-squares GANs: use the cross-entropy."
SMOOTHED = "the label of real samples is 0.9 here, which is called label smoothing: this exercise asks for the label 1."
HALF_G = "this is half the loss: the generator's has only one term, and there is nothing to average it with."
MEAN_FIRST = "the mean was taken before the logarithm; take it last."


def labelled(logits: Tensor, label: float) -> Tensor:
    """The cross-entropy with a label, which may lie between 0 and 1."""
    return binary_cross_entropy_with_logits(logits, full_like(logits, label))


OTHER_D = {
    lambda real, fake: 0.5 * non_saturating_d(real, fake): (
        "this is half the loss: add the two means, do not average them."
    ),
    least_squares_d: LEAST_SQUARES,
    lambda real, fake: 2 * least_squares_d(real, fake): LEAST_SQUARES,
    hinge_d: "this is the hinge loss, which no longer cares for samples beyond 1 and -1: use the cross-entropy.",
    wasserstein_d: (
        "this is the difference of the mean outputs, the loss of Wasserstein GANs, in which outputs are no logits: use "
        "the cross-entropy."
    ),
    lambda real, fake: labelled(real, 0.9) + labelled(fake, 0.0): SMOOTHED,
    lambda real, fake: labelled(real, 0.9) + labelled(fake, 0.1): (
        "the labels are 0.9 and 0.1 here, which is called label smoothing: this exercise asks for the labels 1 and 0."
    ),
    lambda real, fake: softplus(-real.mean()) + softplus(fake.mean()): MEAN_FIRST,
}

OTHER_G = {
    least_squares_g: LEAST_SQUARES,
    lambda fake: 2 * least_squares_g(fake): LEAST_SQUARES,
    lambda fake: relu(1 - fake).mean(): (
        "this is the term of real samples in the discriminator's hinge loss: use the cross-entropy."
    ),
    wasserstein_g: (
        "this is minus the mean output, the generator's loss in Wasserstein and hinge GANs: use the cross-entropy."
    ),
}

SLIPS_G = {
    lambda fake: 0.5 * non_saturating_g(fake): HALF_G,
    lambda fake: labelled(fake, 0.9): (
        "the label of generated samples is 0.9 here; label smoothing is for the discriminator, and this exercise asks "
        "for the label 1."
    ),
    lambda fake: softplus(-fake.mean()): MEAN_FIRST,
}
