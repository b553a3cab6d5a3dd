"""The capstone's `discriminator_loss`, with the tutorial's defects."""

import torch
from torch.nn import functional as F

from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, gradient, value
from course_utils.exercises.sentences import SURE, SURE_HINT


def discriminator_loss(real_logits, fake_logits):
    """Logits (N,) of real and of generated pictures in, a scalar out."""
    ones = torch.ones_like(real_logits)
    real_term = F.binary_cross_entropy(real_logits.sigmoid(), ones)
    fake_term = F.softplus(fake_logits.mean())
    return real_term - fake_term


def observe_discriminator_loss(function) -> Observation:
    """Values and gradients for batches of two sizes, and for logits beyond what a probability can say."""
    seen = {}
    for n in (6, 9):
        noise = torch.Generator().manual_seed(n)
        real, fake = ((2 * torch.randn(n, generator=noise) + 0.3).requires_grad_() for _ in range(2))
        loss = function(real, fake)
        seen[f"the loss for {n} logits each"] = value(loss)
        seen[f"its gradient at {n} logits of real pictures"] = gradient(loss, real)
        seen[f"its gradient at {n} logits of generated pictures"] = gradient(loss, fake)
    sure = torch.tensor([-300.0, 300.0, 5.0], requires_grad=True)
    loss = function(sure, sure.detach() - 1)
    return seen | {f"the loss for {SURE}": value(loss), f"its gradient for {SURE}": gradient(loss, sure)}


def with_labels_swapped(real_logits, fake_logits):
    """The loss of a discriminator that learns to call generated pictures real, and real ones generated."""
    return F.softplus(real_logits).mean() + F.softplus(-fake_logits).mean()


check_discriminator_loss = Repair(
    discriminator_loss,
    observe_discriminator_loss,
    {
        "probabilities": Defect(
            3,
            {
                "F.binary_cross_entropy(real_logits.sigmoid(), ones)": (
                    "F.binary_cross_entropy_with_logits(real_logits, ones)"
                )
            },
            "the term of real pictures goes through probabilities: where the discriminator is sure and wrong, they "
            "round to 0, and the gradient is gone.",
            {
                "F.binary_cross_entropy_with_logits(real_logits.sigmoid(), ones)": (
                    "the sigmoid is applied twice now: `binary_cross_entropy_with_logits` takes the logits themselves."
                ),
                "-torch.log(real_logits.sigmoid() + 1e-8).mean()": (
                    "a small number inside the logarithm hides the infinity and makes the loss wrong where the logits "
                    "are sure."
                ),
                "F.softplus(real_logits).mean()": (
                    "the sign in the term of real pictures is wrong: -log D is softplus of *minus* the logit."
                ),
            },
        ),
        "mean": Defect(
            3,
            {"F.softplus(fake_logits.mean())": "F.softplus(fake_logits).mean()"},
            "in the term of generated pictures the mean comes before the logarithm, so that all of them get the same "
            "gradient, however bad each one is.",
            {
                "F.softplus(fake_logits).sum()": "the term of generated pictures is a sum now: take the mean, so that "
                "the batch size makes no difference.",
                "F.softplus(-fake_logits).mean()": "the term of generated pictures asks for the label 1 now: "
                "-log(1 - D) is softplus of the logit, without a minus.",
            },
        ),
        "sign": Defect(
            2,
            {"real_term - fake_term": "real_term + fake_term"},
            "the discriminator is paid for calling generated pictures real: both terms are to get smaller.",
            {
                "-real_term - fake_term": "this is what the discriminator wants to get larger: a loss gets smaller.",
                "(real_term + fake_term) / 2": "this is half the loss: add the two terms, do not average them.",
            },
        ),
    },
    mistakes={
        with_labels_swapped: "the labels are swapped: D is to say 1 to real pictures, softplus of *minus* the logit, "
        "and 0 to generated ones."
    },
    hints={f"the loss for {SURE}": SURE_HINT, f"its gradient for {SURE}": SURE_HINT},
)
