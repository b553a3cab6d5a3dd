"""An exercise of lesson 04: clipped weights, as in the first Wasserstein GAN."""

import torch
from torch import nn

from course_utils.exercises.checker import Exercise, Observation, altered, weights
from course_utils.exercises.left_behind import condition, earlier_gradients, leave_gradients
from course_utils.networks import MLPDiscriminator

PROBES = {"a critic of 3 layers and c = 0.1": 0.1, "a critic with batch norm and c = 0.3": 0.3}


def critics() -> list[nn.Module]:
    """Two critics of different depth; weights and biases of batch norm are parameters too."""
    torch.manual_seed(0)
    with_norm = nn.Sequential(
        nn.Linear(2, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4), nn.Linear(4, 1)
    )
    return [MLPDiscriminator((8, 8), (2,)), with_norm]


def observe_clip_weights(function) -> Observation:
    """The weights after clipping two critics, and what should not have changed."""
    seen = {}
    for critic, (name, c) in zip(critics(), PROBES.items()):
        leave_gradients(critic)
        held = list(critic.parameters())  # as an optimizer holds them
        buffers = [buffer.clone() for buffer in critic.buffers()]
        function(critic, c)
        same = all(p is q for p, q in zip(held, critic.parameters()))
        untouched = all(torch.equal(old, new) for old, new in zip(buffers, critic.buffers()))
        seen |= {
            f"the weights for {name}": weights(critic),
            f"the parameters for {name}": "the same objects" if same else "new objects",
            f"the gradients for {name}": earlier_gradients(critic),
            f"the running statistics for {name}": "as before" if untouched else "changed",
            f"the critic for {name}": condition(critic),
        }
    return seen


def clip_with(critic, c, *, clip=lambda w, c: w.clamp(-c, c), chosen=lambda name, p: True) -> None:
    """Clipping with one thing changed."""
    with torch.no_grad():
        for name, p in critic.named_parameters():
            if chosen(name, p):
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
        for name, p in list(layer.named_parameters(recurse=False)):
            clipped = nn.Parameter(p.detach().clamp(-c, c))
            setattr(layer, name, clipped)


def frozen(critic, c):
    for p in critic.requires_grad_(False).parameters():
        p.clamp_(-c, c)


def linear_layers_only(critic, c):
    for layer in critic.modules():
        if isinstance(layer, nn.Linear):
            clip_with(layer, c)


def with_buffers(critic, c):
    clip_with(critic, c)
    for buffer in critic.buffers():
        if buffer.is_floating_point():
            buffer.clamp_(-c, c)


def whole_state(critic, c):
    for tensor in critic.state_dict().values():
        tensor.clamp_(-c, c)


def wiped(critic, c):
    clip_with(critic, c)
    critic.zero_grad()


def in_evaluation_mode(critic, c):
    clip_with(critic.eval(), c)


def shrunk_as_one(critic, c):
    length = weights(critic).norm()
    clip_with(critic, c, clip=lambda w, c: w * min(1.0, c / length))


NO_BIASES = "the biases were left out: clip every parameter."
ONLY_BIASES = "only the biases were clipped: clip every parameter."
BUFFERS = (
    "the running statistics of batch norm were clipped as well: `state_dict()` and `buffers()` hold more than what is "
    "learned, `parameters()` does not."
)
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
        altered(clip_with, chosen=lambda name, p: "bias" not in name): NO_BIASES,
        altered(clip_with, chosen=lambda name, p: p.dim() > 1): NO_BIASES,
        altered(clip_with, chosen=lambda name, p: "bias" in name): ONLY_BIASES,
        altered(clip_with, chosen=lambda name, p: p.dim() == 1): ONLY_BIASES,
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
        linear_layers_only: (
            "only the linear layers were clipped: batch norm has weights and biases too, and `critic.parameters()` "
            "knows them all."
        ),
        with_buffers: BUFFERS,
        whole_state: BUFFERS,
        wiped: (
            "the weights are right, but the critic's gradients were wiped: `zero_grad()` belongs before `backward()`, "
            "and clipping needs no gradients at all."
        ),
        in_evaluation_mode: "the weights are right, but the critic was left in evaluation mode: leave out `.eval()`.",
    },
)
