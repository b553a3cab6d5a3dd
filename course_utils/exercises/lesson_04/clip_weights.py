"""An exercise of lesson 04: clipped weights, as in the first Wasserstein GAN."""

import torch
from torch import nn

from course_utils.exercises.checker import Exercise, Observation, altered, weights
from course_utils.networks import MLPDiscriminator
from course_utils.plumbing.device import forked_random


def observe_clip_weights(function) -> Observation:
    """The weights after clipping, by two bounds, and what should not have changed."""
    seen = {}
    for c in (0.1, 0.3):
        with forked_random(0, torch.device("cpu")):
            critic = MLPDiscriminator((8, 8), (2,))
        held = list(critic.parameters())  # as an optimizer holds them
        for p in held:
            p.grad = torch.linspace(-2, 2, p.numel()).view_as(p)
        before = [p.grad.clone() for p in held]
        function(critic, c)
        frozen = not all(p.requires_grad for p in critic.parameters())
        same = all(p is q for p, q in zip(held, critic.parameters()))
        after = [old if p.grad is None else p.grad for p, old in zip(held, before)]
        seen |= {
            f"the weights for c = {c}": weights(critic),
            f"the parameters for c = {c}": "frozen" if frozen else "the same ones, trainable" if same else "new ones",
            f"the gradients for c = {c}": torch.cat([grad.flatten() for grad in after]),
        }
    return seen


def clip_with(critic, c, *, clip=lambda w, c: w.clamp(-c, c), chosen=lambda p: True) -> None:
    """Clipping with one thing changed."""
    with torch.no_grad():
        for p in filter(chosen, critic.parameters()):
            p.copy_(clip(p, c))


def clip_weights(critic: nn.Module, c: float) -> None:
    clip_with(critic, c)


def recorded(critic, c):
    for p in critic.parameters():
        p.clamp_(-c, c)


def clip_gradients(critic, c):
    nn.utils.clip_grad_value_(critic.parameters(), c)


def shorten_gradients(critic, c):
    nn.utils.clip_grad_norm_(critic.parameters(), c)


def replaced(critic, c):
    for layer in critic.modules():
        if isinstance(layer, nn.Linear):
            layer.weight, layer.bias = (nn.Parameter(p.detach().clamp(-c, c)) for p in (layer.weight, layer.bias))


def frozen(critic, c):
    for p in critic.requires_grad_(False).parameters():
        p.clamp_(-c, c)


def shrunk_as_one(critic, c):
    length = weights(critic).norm()
    clip_with(critic, c, clip=lambda w, c: w * min(1.0, c / length))


check_clip_weights = Exercise(
    clip_weights,
    observe_clip_weights,
    {
        recorded: (
            "autograd would record this step and refuses: weights change outside of it, inside `with torch.no_grad():`."
        ),
        lambda critic, c: None: (
            "nothing changed: `p.clamp(...)` returns a new tensor, and `p = ...` gives only that a name. Change the "
            "weight itself, with `p.clamp_(...)`."
        ),
        clip_gradients: "this clips the gradients; the weights themselves should lie in [-c, c].",
        shorten_gradients: "this shortens the gradients to length c; the weights themselves should lie in [-c, c].",
        altered(clip_with, clip=lambda w, c: w.clamp(max=c)): "only the upper bound is there: clip below at -c too.",
        altered(clip_with, clip=lambda w, c: w.clamp(min=-c)): "only the lower bound is there: clip above at c too.",
        altered(clip_with, clip=lambda w, c: w.clamp(0, c)): "the lower bound is 0; it should be -c.",
        altered(clip_with, chosen=lambda p: p.dim() > 1): "the biases were left out: clip every parameter.",
        altered(clip_with, chosen=lambda p: p.dim() == 1): "only the biases were clipped: clip every parameter.",
        altered(clip_with, clip=lambda w, c: w * (c / w.abs().max()).clamp(max=1)): (
            "each layer was scaled down as a whole: clipping leaves small weights alone and cuts off only the large."
        ),
        altered(clip_with, clip=lambda w, c: w * (c / w.norm()).clamp(max=1)): (
            "each layer was shortened to length c; clipping treats every single weight on its own."
        ),
        shrunk_as_one: "all weights together were shortened to length c; clip every single weight on its own.",
        altered(clip_with, clip=lambda w, c: c * w.sign()): (
            "every weight became c or -c; those that lie between should stay as they are."
        ),
        altered(clip_with, clip=lambda w, c: w * (w.abs() <= c)): (
            "weights outside became 0; they should become the nearest bound, -c or c."
        ),
        altered(clip_with, clip=lambda w, c: w.clamp(-0.01, 0.01)): (
            "the bound is 0.01, whatever c says; use the argument."
        ),
        replaced: (
            "the layers hold new parameters now, and the optimizer still moves the old ones: change the weights in "
            "place, with `p.clamp_(...)`."
        ),
        frozen: "the weights are right, but frozen: `requires_grad` must be True again, or the critic cannot learn.",
    },
)
