"""Exercises 2 and 3 of lesson 02: the generator's two losses from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, gradient, value
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SUM, SURE, SURE_HINT
from course_utils.losses import non_saturating_g, saturating_g

HINTS = {f"{what} for {SURE}": SURE_HINT for what in ("the loss", "its gradient at the logits")}
ONE_EACH = "this is one number per sample; take the mean over the batch."
MEAN_FIRST = "the mean was taken before the logarithm; take it last."
TWICE = "the sigmoid is applied twice: `softplus` and `logsigmoid` take the logits themselves."


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


def bce(logits: Tensor, label: float) -> Tensor:
    """Cross-entropy of probabilities, which cuts logarithms off at -100."""
    return F.binary_cross_entropy(logits.sigmoid(), torch.full_like(logits, label))


def saturating_loss(fake_logits: Tensor) -> Tensor:
    return saturating_g(fake_logits)


check_saturating_loss = Exercise(
    saturating_loss,
    observe_loss,
    {
        lambda a: -F.softplus(a.mean()): MEAN_FIRST,
        lambda a: torch.log(1 - a.sigmoid()): ONE_EACH,
        lambda a: F.softplus(a).mean(): (
            "the sign is wrong: this is -log(1 - D), the discriminator's term; making it small would get the generator "
            "caught. The generator's loss is log(1 - D)."
        ),
        lambda a: F.softplus(-a).mean(): ("this is the non-saturating loss -log D; the saturating one is log(1 - D)."),
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
        lambda a: torch.log(1 - a.sigmoid().mean()): (
            "this is the logarithm of the mean probability; take the logarithm for each sample, then the mean."
        ),
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


def non_saturating_loss(fake_logits: Tensor) -> Tensor:
    return non_saturating_g(fake_logits)


check_non_saturating_loss = Exercise(
    non_saturating_loss,
    observe_loss,
    {
        lambda a: F.softplus(-a.mean()): MEAN_FIRST,
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
        lambda a: -torch.log(a.sigmoid().mean()): (
            "this is the logarithm of the mean probability; take the logarithm for each sample, then the mean."
        ),
        lambda a: -a.sigmoid().mean(): "this is minus the mean of D itself; the logarithm is missing.",
        lambda a: F.softplus(-a.sigmoid()).mean(): TWICE,
        lambda a: -torch.log(a).mean(): (
            "the logits are taken for probabilities: D is the sigmoid of the logit, and -log D is `softplus(-logit)`."
        ),
        lambda a: non_saturating_g(a).item(): CUT_OFF,
    },
    HINTS,
)
