"""Exercise 2 of lesson 02: the generator's loss of the original game, from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise
from course_utils.exercises.lesson_02.from_logits import HINTS, MEAN_PROBABILITY, ONE_EACH, TWICE, bce, observe_loss
from course_utils.exercises.other_losses import HALF_G, MEAN_FIRST, OTHER_G
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SUM
from course_utils.losses import saturating_g


def saturating_loss(fake_logits: Tensor) -> Tensor:
    return saturating_g(fake_logits)


check_saturating_loss = Exercise(
    saturating_loss,
    observe_loss,
    OTHER_G
    | {
        lambda a: 0.5 * saturating_g(a): HALF_G,
        lambda a: -F.softplus(a.mean()): MEAN_FIRST,
        lambda a: torch.log(1 - a.sigmoid()): ONE_EACH,
        lambda a: F.softplus(a).mean(): (
            "the sign is wrong: this is -log(1 - D), the discriminator's term; making it small would get the generator "
            "caught. The generator's loss is log(1 - D)."
        ),
        lambda a: F.softplus(-a).mean(): "this is the non-saturating loss -log D; the saturating one is log(1 - D).",
        lambda a: -F.softplus(-a).mean(): (
            "this is log D: made small, it lowers D, and the generator gets caught. The saturating loss is log(1 - D)."
        ),
        lambda a: torch.log(1 - a.sigmoid()).mean(): (
            "this takes the logarithm of 1 - D, which rounds to 0 for a sure discriminator, or the exponential of a "
            "large logit, and is not finite there; `softplus` works on the logits themselves."
        ),
        lambda a: torch.log(1 - a.sigmoid() + 1e-8).mean(): EPSILON,
        lambda a: -bce(a, 0.0): PROBABILITIES,
        lambda a: -F.softplus(a).sum(): SUM,
        lambda a: -F.softplus(a): ONE_EACH,
        lambda a: torch.log(1 - a.sigmoid().mean()): MEAN_PROBABILITY,
        lambda a: (1 - a.sigmoid()).mean(): "this is the mean of 1 - D itself; the logarithm is missing.",
        lambda a: -F.softplus(a.sigmoid()).mean(): TWICE,
        lambda a: torch.log(1 - a).mean(): (
            "the logits are taken for probabilities: D is the sigmoid of the logit, and log(1 - D) is "
            "`-softplus(logit)`."
        ),
        lambda a: saturating_g(a).item(): CUT_OFF,
    },
    HINTS,
)
