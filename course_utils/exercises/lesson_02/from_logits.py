"""What the two exercises on the generator's losses share: the probes, and sentences on known mistakes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Observation, gradient, value
from course_utils.exercises.sentences import SURE, SURE_HINT

HINTS = {f"{what} for {SURE}": SURE_HINT for what in ("the loss", "its gradient at the logits")}
ONE_EACH = "this is one number per sample; take the mean over the batch."
MEAN_PROBABILITY = "this is the logarithm of the mean probability; take the logarithm for each sample, then the mean."
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
