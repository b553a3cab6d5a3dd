"""Exercise 3 of lesson 02: the generator's loss that does not fade, from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise
from course_utils.exercises.lesson_02.from_logits import HINTS, MEAN_PROBABILITY, ONE_EACH, TWICE, bce, observe_loss
from course_utils.exercises.other_losses import OTHER_G, SLIPS_G
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SUM
from course_utils.losses import non_saturating_g


def non_saturating_loss(fake_logits: Tensor) -> Tensor:
    return non_saturating_g(fake_logits)


check_non_saturating_loss = Exercise(
    non_saturating_loss,
    observe_loss,
    OTHER_G
    | SLIPS_G
    | {
        lambda a: -torch.log(a.sigmoid()): ONE_EACH,
        lambda a: -F.softplus(a).mean(): (
            "this is the saturating loss log(1 - D), which fades where D is near 0; the non-saturating one is -log D."
        ),
        lambda a: -F.softplus(-a).mean(): (
            "the sign is wrong: this is log D; made small, it lowers D, and the generator gets caught. "
            "The loss is -log D."
        ),
        lambda a: F.softplus(a).mean(): (
            "this is -log(1 - D), the discriminator's term; made small, it gets the generator caught. "
            "-log D is `softplus(-logit)`."
        ),
        lambda a: -torch.log(a.sigmoid()).mean(): (
            "this takes the logarithm of D, which rounds to 0 for a sure discriminator, or the exponential of a large "
            "logit, and is not finite there; `softplus` works on the logits themselves."
        ),
        lambda a: -torch.log(a.sigmoid() + 1e-8).mean(): EPSILON,
        lambda a: bce(a, 1.0): PROBABILITIES,
        lambda a: F.softplus(-a).sum(): SUM,
        lambda a: F.softplus(-a): ONE_EACH,
        lambda a: -torch.log(a.sigmoid().mean()): MEAN_PROBABILITY,
        lambda a: -a.sigmoid().mean(): "this is minus the mean of D itself; the logarithm is missing.",
        lambda a: F.softplus(-a.sigmoid()).mean(): TWICE,
        lambda a: -torch.log(a).mean(): (
            "the logits are taken for probabilities: D is the sigmoid of the logit, and -log D is `softplus(-logit)`."
        ),
        lambda a: non_saturating_g(a).item(): CUT_OFF,
    },
    HINTS,
)
