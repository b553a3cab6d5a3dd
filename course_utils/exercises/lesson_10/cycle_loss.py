"""Exercise of lesson 10: the cycle loss, which asks two translators for the same picture there and back."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered, value

SIZE = 6  # pixels a side
DIRECTLY = "whether a translator gets pictures of its own pile"
PROBES = {3: (10.0, 4.0), 5: (0.5, 2.0)}  # pictures of a batch: weights


def made_translator(seed: int) -> nn.Module:
    """A picture (N, 1, 6, 6) to a picture in [0, 1], by one layer and a sigmoid."""
    torch.manual_seed(seed)
    layer = nn.Linear(SIZE * SIZE, SIZE * SIZE)
    with torch.no_grad():
        layer.weight *= 4
    return nn.Sequential(nn.Flatten(), layer, nn.Sigmoid(), nn.Unflatten(1, (1, SIZE, SIZE)))


def learned(network: nn.Module) -> Tensor | str:
    """The gradient that a network was given, as one vector."""
    found = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
    return torch.cat(found) if found else "no gradient"


def observe_cycle_loss(function) -> Observation:
    """The loss for two batches, and what each translator learns from it."""
    noise = torch.Generator().manual_seed(2)
    seen = {DIRECTLY: "no"}
    for n, (weight_a, weight_b) in PROBES.items():
        to_b, to_a = made_translator(0), made_translator(1)
        a = torch.rand(n, 1, SIZE, SIZE, generator=noise)
        b = torch.rand(n, 1, SIZE, SIZE, generator=noise) ** 2  # darker
        for network, own in ((to_b, b), (to_a, a)):
            network.register_forward_pre_hook(lambda _, got, own=own: note(seen, got[0], own))
        result = function(a, b, to_b, to_a, weight_a, weight_b)
        seen[f"the loss for {n} pictures of each pile"] = value(result)
        if isinstance(result, Tensor) and result.requires_grad:
            result.sum().backward()
        seen[f"what `to_b` learns from {n} pictures"] = learned(to_b)
        seen[f"what `to_a` learns from {n} pictures"] = learned(to_a)
    return seen


def note(seen: Observation, got: Tensor, own: Tensor) -> None:
    """Remember it if one of the pictures that a translator got is of the pile that it translates to."""
    if got.dim() == own.dim() and (got[:, None] == own).flatten(2).all(2).any():
        seen[DIRECTLY] = "yes"


def far(back: Tensor, x: Tensor) -> Tensor:
    return (back - x).abs().mean()


def loss_with(
    a,
    b,
    to_b,
    to_a,
    weight_a,
    weight_b,
    *,
    trip_a=lambda a, to_b, to_a: to_a(to_b(a)),
    trip_b=lambda b, to_b, to_a: to_b(to_a(b)),
    distance=far,
    targets=lambda a, b: (a, b),
    total=lambda from_a, from_b, weight_a, weight_b: weight_a * from_a + weight_b * from_b,
):
    """A cycle loss with something changed."""
    target_a, target_b = targets(a, b)
    from_a = distance(trip_a(a, to_b, to_a), target_a)
    from_b = distance(trip_b(b, to_b, to_a), target_b)
    return total(from_a, from_b, weight_a, weight_b)


def cycle_loss(a: Tensor, b: Tensor, to_b, to_a, weight_a: float, weight_b: float) -> Tensor:
    return loss_with(a, b, to_b, to_a, weight_a, weight_b)


def with_identity(a, b, to_b, to_a, weight_a, weight_b, times_a=1.0, times_b=1.0):
    stays = times_a * far(to_a(a), a) + times_b * far(to_b(b), b)
    return cycle_loss(a, b, to_b, to_a, weight_a, weight_b) + stays


def with_weighted_identity(a, b, to_b, to_a, weight_a, weight_b):
    return with_identity(a, b, to_b, to_a, weight_a, weight_b, weight_a, weight_b)


def without_gradients(a, b, to_b, to_a, weight_a, weight_b):
    with torch.no_grad():
        return cycle_loss(a, b, to_b, to_a, weight_a, weight_b)


SECOND_ONLY = (
    "the picture in the middle is detached: only the second translator of each trip learns. Leave out `.detach()`, so "
    "that the first one learns to keep what the second needs."
)
ONE_WEIGHT = "both trips have the same weight here: `weight_a` is for the pictures of A, `weight_b` for those of B."

IDENTITY = (
    "there is an identity term, which wants pictures of B to stay under `to_b`: leave it out, the cycle loss has the "
    "two trips alone."
)

check_cycle_loss = Exercise(
    cycle_loss,
    observe_cycle_loss,
    {
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: weight_a * from_a): (
            "only the trip from A and back is there: add the one from B, `to_b(to_a(b))`."
        ),
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: weight_b * from_b): (
            "only the trip from B and back is there: add the one from A, `to_a(to_b(a))`."
        ),
        altered(
            loss_with, trip_a=lambda a, to_b, to_a: to_b(to_a(a)), trip_b=lambda b, to_b, to_a: to_a(to_b(b))
        ): "both trips start with the wrong translator: a picture of A goes to B first, `to_a(to_b(a))`.",
        altered(loss_with, trip_b=lambda b, to_b, to_a: to_a(to_b(b))): (
            "the trip of B starts with the wrong translator: a picture of B goes to A first, `to_b(to_a(b))`."
        ),
        altered(loss_with, trip_a=lambda a, to_b, to_a: to_b(to_a(a))): (
            "the trip of A starts with the wrong translator: `to_b` takes it to B, and `to_a` back."
        ),
        altered(loss_with, trip_a=lambda a, to_b, to_a: to_b(to_b(a)), trip_b=lambda b, to_b, to_a: to_a(to_a(b))): (
            "each trip uses the same translator twice and never comes back: after `to_b` comes `to_a`."
        ),
        altered(
            loss_with,
            trip_a=lambda a, to_b, to_a: to_a(to_b(a).detach()),
            trip_b=lambda b, to_b, to_a: to_b(to_a(b).detach()),
        ): SECOND_ONLY,
        altered(
            loss_with,
            trip_a=lambda a, to_b, to_a: to_a(to_b(a)).detach(),
            trip_b=lambda b, to_b, to_a: to_b(to_a(b)).detach(),
        ): "the way back is detached, so nobody learns: leave out `.detach()` and `no_grad`.",
        without_gradients: "the way back is detached, so nobody learns: leave out `.detach()` and `no_grad`.",
        altered(loss_with, trip_a=lambda a, to_b, to_a: to_b(a), trip_b=lambda b, to_b, to_a: to_a(b)): (
            "the translation itself is compared with the picture it came from, which asks it to change nothing: "
            "translate it back first."
        ),
        altered(loss_with, targets=lambda a, b: (b, a)): (
            "the way back is compared with a picture of the other pile: a picture of A that went to B and back should "
            "be that picture of A."
        ),
        altered(
            loss_with,
            trip_a=lambda a, to_b, to_a: to_b(a),
            trip_b=lambda b, to_b, to_a: to_a(b),
            targets=lambda a, b: (b, a),
        ): "the translation of `a` is compared with `b`, as if row i of both were a pair: nothing is paired here.",
        altered(
            loss_with,
            trip_a=lambda a, to_b, to_a: to_a(a),
            trip_b=lambda b, to_b, to_a: to_b(b),
        ): "this is the identity loss, which wants pictures of B to stay under `to_b`: the cycle goes there and back.",
        with_identity: IDENTITY,
        with_weighted_identity: IDENTITY,
        altered(loss_with, distance=lambda back, x: (back - x).square().mean()): (
            "the differences are squared: this loss takes their absolute values."
        ),
        altered(loss_with, distance=lambda back, x: (back - x).square().mean().sqrt()): (
            "this is the root of the mean square: take absolute values, then the mean."
        ),
        altered(loss_with, distance=lambda back, x: (back - x).abs().sum()): (
            "the differences are summed: take the mean over pixels and pictures, so that a weight of 10 means the same "
            "for every batch."
        ),
        altered(loss_with, distance=lambda back, x: (back - x).abs().flatten(1).sum(1).mean()): (
            "the pixels are summed, and only the pictures averaged: take the mean over both."
        ),
        altered(loss_with, distance=lambda back, x: (back - x).mean()): (
            "differences of both signs cancel: take their absolute values before the mean."
        ),
        altered(loss_with, distance=lambda back, x: (back - x).mean().abs()): (
            "the mean was taken before the absolute value, so differences of both signs cancel: take it last."
        ),
        altered(loss_with, distance=lambda back, x: F.binary_cross_entropy(back, x)): (
            "this is a cross-entropy: the exercise asks for the mean absolute difference."
        ),
        altered(
            loss_with,
            trip_a=lambda a, to_b, to_a: to_a(to_b(a).sigmoid()).sigmoid(),
            trip_b=lambda b, to_b, to_a: to_b(to_a(b).sigmoid()).sigmoid(),
        ): "these translators give pictures in [0, 1] already: a second sigmoid squeezes them.",
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: weight_b * from_a + weight_a * from_b): (
            "the weights are exchanged: `weight_a` is for the pictures of A."
        ),
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: weight_a * (from_a + from_b)): ONE_WEIGHT,
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: weight_b * (from_a + from_b)): ONE_WEIGHT,
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: from_a + from_b): (
            "the weights are missing: multiply each trip by its own."
        ),
        altered(
            loss_with, total=lambda from_a, from_b, weight_a, weight_b: (weight_a * from_a + weight_b * from_b) / 2
        ): "this is the mean of the two trips: the loss is their sum.",
        altered(loss_with, total=lambda from_a, from_b, weight_a, weight_b: weight_a * from_a - weight_b * from_b): (
            "one trip is subtracted, which rewards losing the way: add the two."
        ),
    },
    {
        DIRECTLY: (
            "`to_b` gets pictures of B as they are, or `to_a` pictures of A: a picture of B meets `to_a` first, and no "
            "identity term is asked for."
        )
    },
)
