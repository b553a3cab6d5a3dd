"""The capstone's `r1_penalty`, with the tutorial's defects."""

import torch
from torch import nn

from course_utils.exercises.capstone.players import learned
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, value
from course_utils.exercises.left_behind import gradient_at_weights


def r1_penalty(discriminator, real):
    """A discriminator and real pictures (N, 1, H, W) in; half its mean squared slope there, a scalar, out."""
    x = real.detach().requires_grad_()
    output = discriminator(x).sigmoid()
    (slope,) = torch.autograd.grad(output.sum(), x)
    return 0.5 * slope.square().sum(1).mean()


def discriminators() -> dict[tuple[int, int], nn.Module]:
    """A discriminator for each batch size and side of the pictures; smooth, so that its slope has a slope."""
    torch.manual_seed(0)
    found = {}
    for n, side in ((4, 3), (7, 5)):
        network = nn.Sequential(nn.Flatten(), nn.Linear(side**2, 6), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0))
        with torch.no_grad():
            for p in network.parameters():
                p *= 2
        found[n, side] = network
    return found


def observe_r1_penalty(function) -> Observation:
    """The penalty for two sizes, and what the discriminator learns from it."""
    seen = {}
    for (n, side), discriminator in discriminators().items():
        real = torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(n))
        penalty = function(discriminator, real)
        seen[f"the penalty for {n} pictures of {side}×{side}"] = value(penalty)
        seen[f"what {n} pictures leave in the gradients of the discriminator"] = learned(discriminator)
        seen[f"its gradient at the discriminator's weights for {n} pictures"] = gradient_at_weights(
            penalty, discriminator
        )
    return seen


check_r1_penalty = Repair(
    r1_penalty,
    observe_r1_penalty,
    {
        "probability": Defect(
            None,
            {"discriminator(x).sigmoid()": "discriminator(x)"},
            "this is the slope of the probability, which is flat wherever the discriminator is sure, and so where the "
            "penalty is needed most: R1 takes the slope of the logit.",
        ),
        "graph": Defect(
            4,
            {"torch.autograd.grad(output.sum(), x)": "torch.autograd.grad(output.sum(), x, create_graph=True)"},
            "the penalty has a value but teaches nothing: no gradient leads from it to the discriminator's weights.",
            {
                "torch.autograd.grad(output.mean(), x, create_graph=True)": (
                    "the slope is that of the mean logit now, which is as many times smaller as there are pictures: "
                    "add the logits up, and average the squared slopes."
                ),
            },
        ),
        "axis": Defect(
            7,
            {"slope.square()": "slope.flatten(1).square()"},
            "the sum runs over the axis of the channel alone, and the mean over pixels too, so that the penalty is as "
            "many times too small as a picture has pixels: look at the shape of `slope`.",
            {
                "slope.flatten(1).norm(dim=1, keepdim=True)": ("the square of the slope's length is missing now."),
            },
        ),
    },
)
