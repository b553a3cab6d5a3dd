"""Answers to lesson 10 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch.nn import functional as F

from course_utils.exercises import lesson_10


def cycled(
    round_a=lambda a, to_b, to_a: to_a(to_b(a)),
    round_b=lambda b, to_b, to_a: to_b(to_a(b)),
    loss=F.l1_loss,
    add=lambda first, second, weight_a, weight_b: weight_a * first + second * weight_b,
    swap=False,
):
    """A cycle loss as a learner writes it, with one thing changed."""

    def answer(a, b, to_b, to_a, weight_a, weight_b):
        back_a, back_b = round_a(a, to_b, to_a), round_b(b, to_b, to_a)
        first, second = (loss(back_a, b), loss(back_b, a)) if swap else (loss(back_a, a), loss(back_b, b))
        return add(first, second, weight_a, weight_b)

    return answer


def one_way(a, b, to_b, to_a, weight_a, weight_b):
    return weight_a * F.l1_loss(to_a(to_b(a)), a)


def other_way(a, b, to_b, to_a, weight_a, weight_b):
    return weight_b * F.l1_loss(to_b(to_a(b)), b)


def detached(a, b, to_b, to_a, weight_a, weight_b):
    fake_b, fake_a = to_b(a).detach(), to_a(b).detach()
    return weight_a * F.l1_loss(to_a(fake_b), a) + weight_b * F.l1_loss(to_b(fake_a), b)


@torch.no_grad()
def never_learning(a, b, to_b, to_a, weight_a, weight_b):
    return cycled()(a, b, to_b, to_a, weight_a, weight_b)


def with_identity(a, b, to_b, to_a, weight_a, weight_b):
    stay = weight_b * F.l1_loss(to_b(b), b) + weight_a * F.l1_loss(to_a(a), a)
    return stay + cycled()(a, b, to_b, to_a, weight_a, weight_b)


FIRST, SECOND = (lambda x, to_b, to_a: to_b(x)), (lambda x, to_b, to_a: to_a(x))

CYCLE_LOSS = {
    "only the trip from A": one_way,
    "only the trip from B": other_way,
    "both trips start with the wrong translator": cycled(
        lambda a, to_b, to_a: to_b(to_a(a)), lambda b, to_b, to_a: to_a(to_b(b))
    ),
    "the trip of B starts": cycled(round_b=lambda b, to_b, to_a: to_a(to_b(b))),
    "the trip of A starts": cycled(round_a=lambda a, to_b, to_a: to_b(to_a(a))),
    "there is an identity term": with_identity,
    "the same translator twice": cycled(lambda a, to_b, to_a: to_b(to_b(a)), lambda b, to_b, to_a: to_a(to_a(b))),
    "the picture in the middle is detached": detached,
    "nobody learns": never_learning,
    "the translation itself is compared": cycled(FIRST, SECOND),
    "a picture of the other pile": cycled(swap=True),
    "as if row i of both were a pair": cycled(FIRST, SECOND, swap=True),
    "this is the identity loss": cycled(SECOND, FIRST),
    "the differences are squared": cycled(loss=F.mse_loss),
    "the root of the mean square": cycled(loss=lambda back, x: F.mse_loss(back, x) ** 0.5),
    "the differences are summed": cycled(loss=lambda back, x: F.l1_loss(back, x, reduction="sum")),
    "the pixels are summed": cycled(loss=lambda back, x: F.l1_loss(back, x, reduction="sum") / len(x)),
    "differences of both signs cancel: take their": cycled(loss=lambda back, x: torch.mean(back - x)),
    "the mean was taken before": cycled(loss=lambda back, x: abs(back.mean() - x.mean())),
    "this is a cross-entropy": cycled(loss=F.binary_cross_entropy),
    "a second sigmoid": cycled(
        lambda a, to_b, to_a: torch.sigmoid(to_a(torch.sigmoid(to_b(a)))),
        lambda b, to_b, to_a: torch.sigmoid(to_b(torch.sigmoid(to_a(b)))),
    ),
    "the weights are exchanged": cycled(add=lambda first, second, wa, wb: wb * first + wa * second),
    "both trips have the same weight": cycled(add=lambda first, second, wa, wb: wa * first + wa * second),
    "the weights are missing": cycled(add=lambda first, second, wa, wb: first + second),
    "the mean of the two trips": cycled(add=lambda first, second, wa, wb: 0.5 * wa * first + 0.5 * wb * second),
    "one trip is subtracted": cycled(add=lambda first, second, wa, wb: wa * first - wb * second),
}


def by_hand(a, b, to_b, to_a, weight_a, weight_b):
    loss = 0
    for x, there, back, weight in ((a, to_b, to_a, weight_a), (b, to_a, to_b, weight_b)):
        loss = loss + weight * torch.mean(torch.abs(x - back(there(x))))
    return loss


def in_one_batch(a, b, to_b, to_a, weight_a, weight_b):
    there_a, there_b = to_b(a), to_a(b)
    back_b = to_b(torch.cat([there_b, there_b]))[: len(b)]
    return weight_a * F.l1_loss(to_a(there_a), a) + weight_b * F.l1_loss(back_b, b)


EXERCISES = lesson_10
WRONG = {"cycle_loss": CYCLE_LOSS}
RIGHT = [
    ("cycle_loss", cycled()),
    ("cycle_loss", cycled(loss=lambda back, x: nn_l1(back, x))),
    ("cycle_loss", by_hand),
    ("cycle_loss", in_one_batch),
    ("cycle_loss", cycled(loss=lambda back, x: F.l1_loss(back, x.detach()))),
]


def nn_l1(back, x):
    return torch.nn.L1Loss()(back, x)
