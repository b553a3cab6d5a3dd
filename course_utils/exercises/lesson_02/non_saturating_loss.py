"""Exercise 2 of lesson 02: the generator's loss that does not fade, from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, gradient, value
from course_utils.exercises.other_losses import OTHER_G, SLIPS_G
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SUM, SURE, SURE_HINT
from course_utils.losses import non_saturating_g

HINTS = {f"{what} for {SURE}": SURE_HINT for what in ("the loss", "its gradient at the logits")}
ONE_EACH = "this is one number per sample; take the mean over the batch."


def observe_loss(function) -> Observation:
    """Values and gradients on ordinary logits, on a batch of another length, and on a very sure discriminator."""
    noise = torch.Generator().manual_seed(0)
    probes = {
        "6 logits": torch.randn(6, generator=noise),
        "9 logits": 2 * torch.randn(9, generator=noise),
        SURE: torch.tensor([-300.0, 5.0, 300.0]),
    }
    seen = {}
    for name, logits in probes.items():
        loss = function(logits.requires_grad_())
        seen[f"the loss for {name}"] = value(loss)
        seen[f"its gradient at the logits for {name}"] = gradient(loss, logits)
    return seen


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
        lambda a: F.binary_cross_entropy(a.sigmoid(), torch.ones_like(a)): PROBABILITIES,
        lambda a: F.softplus(-a).sum(): SUM,
        lambda a: F.softplus(-a): ONE_EACH,
        lambda a: (
            -torch.log(a.sigmoid().mean())
        ): "this is the logarithm of the mean probability; take the logarithm for each sample, then the mean.",
        lambda a: -a.sigmoid().mean(): "this is minus the mean of D itself; the logarithm is missing.",
        lambda a: F.softplus(
            -a.sigmoid()
        ).mean(): "the sigmoid is applied twice: `softplus` and `logsigmoid` take the logits themselves.",
        lambda a: -torch.log(a).mean(): (
            "the logits are taken for probabilities: D is the sigmoid of the logit, and -log D is `softplus(-logit)`."
        ),
        lambda a: non_saturating_g(a).item(): CUT_OFF,
    },
    HINTS,
)
