"""Exercise 1 of lesson 03: the discriminator's loss from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, gradient, value
from course_utils.exercises.other_losses import OTHER_D, labelled
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SUM, SURE, SURE_HINT
from course_utils.losses import non_saturating_d


def observe_loss(function) -> Observation:
    """Values and gradients on ordinary logits, on batches of two lengths, and on a very sure discriminator."""
    noise = torch.Generator().manual_seed(0)
    probes = {
        "ordinary logits": (torch.randn(6, generator=noise), torch.randn(6, generator=noise)),
        "4 real and 8 fake": (torch.randn(4, generator=noise), torch.randn(8, generator=noise)),
        SURE: (torch.tensor([-300.0, 5.0, 300.0]), torch.tensor([300.0, 5.0, -300.0])),
    }
    seen = {}
    for name, (real, fake) in probes.items():
        loss = function(real.requires_grad_(), fake.requires_grad_())
        seen[f"the loss for {name}"] = value(loss)
        seen[f"its gradient at the real logits for {name}"] = gradient(loss, real)
        seen[f"its gradient at the fake logits for {name}"] = gradient(loss, fake)
    return seen


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return non_saturating_d(real_logits, fake_logits)


check_discriminator_loss = Exercise(
    discriminator_loss,
    observe_loss,
    OTHER_D
    | {
        lambda real, fake: labelled(real, 0.0) + labelled(fake, 1.0): (
            "the labels are swapped: real samples have the label 1, generated ones 0."
        ),
        lambda real, fake: -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean(): (
            "this takes the logarithm of a probability that can round to 0, or the exponential of a large logit, and "
            "is infinite there; `softplus` or `binary_cross_entropy_with_logits` work on the logits themselves."
        ),
        lambda real, fake: -(real.sigmoid() + 1e-8).log().mean() - (1 - fake.sigmoid() + 1e-8).log().mean(): EPSILON,
        lambda real, fake: (
            F.binary_cross_entropy(real.sigmoid(), torch.ones_like(real))
            + F.binary_cross_entropy(fake.sigmoid(), torch.zeros_like(fake))
        ): PROBABILITIES,
        lambda real, fake: F.softplus(real).mean() + F.softplus(fake).mean(): (
            "the first term lacks a minus: -log D(x) is `softplus(-real_logits)`."
        ),
        lambda real, fake: F.softplus(-real).mean() - F.softplus(fake).mean(): (
            "the two terms are subtracted: -log(1 - D(G(z))) is itself a loss and is added."
        ),
        lambda real, fake: F.softplus(-real) + F.softplus(fake): (
            "the two batches are added element by element; take the mean of each first."
        ),
        lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(): SUM,
        lambda real, fake: F.softplus(torch.cat([-real, fake])).mean(): (
            "this is one mean over both batches together; the loss is the mean over real plus the mean over generated."
        ),
        lambda real, fake: labelled(real, 1.0): "only the real samples count here; the generated ones need a term too.",
        lambda real, fake: labelled(fake, 0.0): "only the generated samples count here; the real ones need a term too.",
        lambda real, fake: labelled(real, 1.0) + labelled(fake, 1.0): (
            "generated samples are called real here, as in the generator's loss; here their label is 0."
        ),
        lambda real, fake: labelled(real.sigmoid(), 1.0) + labelled(fake.sigmoid(), 0.0): (
            "the sigmoid is applied twice: `binary_cross_entropy_with_logits` has its own inside."
        ),
        lambda real, fake: -labelled(real, 1.0) - labelled(fake, 0.0): (
            "the sign is wrong: this is what the discriminator maximises; a loss is minimised."
        ),
        lambda real, fake: non_saturating_d(real, fake).item(): CUT_OFF,
        lambda real, fake: F.binary_cross_entropy_with_logits(real, torch.ones_like(real), reduction="none"): (
            "this is one number per real sample; take the mean, and add the term of the generated samples."
        ),
    },
    hints={
        f"{what} for {SURE}": SURE_HINT
        for what in ("the loss", "its gradient at the real logits", "its gradient at the fake logits")
    },
)
