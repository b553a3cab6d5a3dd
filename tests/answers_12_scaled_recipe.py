"""Answers to lesson 12's exercise on larger batches: wrong ones under a part of their message, and right ones."""

import math
from fractions import Fraction

import torch

from course_utils.exercises import lesson_12


def answer(count=lambda b, a, p: b * a * p, steps=lambda n, s: math.ceil(n / s), rate=lambda lr, s, b: lr * (s / b)):
    """The recipe as a learner writes it, with one thing changed."""

    def function(batch_size, accumulate, processes, images, base_batch, base_lr):
        per_step = count(batch_size, accumulate, processes)
        return per_step, steps(images, per_step), rate(base_lr, per_step, base_batch)

    return function


def own(steps=None, rate=None):
    """A right number of images in a step, and something else made of all arguments."""

    def function(b, a, p, images, base_batch, base_lr):
        per_step, n, lr = answer()(b, a, p, images, base_batch, base_lr)
        sizes = (b, a, p, images, base_batch, base_lr)
        return per_step, steps(*sizes) if steps else n, rate(*sizes) if rate else lr

    return function


SCALED_RECIPE = {
    "the batch of one process alone": answer(count=lambda b, a, p: b),
    "`accumulate` is missing": answer(count=lambda b, a, p: b * p),
    "`processes` is missing": answer(count=lambda b, a, p: a * b),
    "this counts batches": answer(count=lambda b, a, p: a * p),
    "accumulated batches are added": answer(count=lambda b, a, p: b * a + b * p),
    "the three numbers are added": answer(count=lambda *sizes: sum(sizes)),
    "accumulating makes a step larger": answer(count=lambda b, a, p: p * b / a),
    "the batch is divided among": answer(count=lambda b, a, p: b // p * a if b % p == 0 else b * a / p),
    "rounded down or to the nearest": answer(steps=lambda n, s: int(n / s)),
    "there is no half step": answer(steps=lambda n, s: n / s),
    "nothing is left over": answer(steps=lambda n, s: int(n / s) + 1),
    "one step too many: rounding up": answer(steps=lambda n, s: -(-n // s) + 1),
    "this is the number of images": answer(steps=lambda n, s: n),
    "the number of steps is upside down": answer(steps=lambda n, s: s / n),
    "steps and images are multiplied": answer(steps=lambda n, s: n * s),
    "still that of the old batch": answer(rate=lambda lr, s, b: lr),
    "scaled the wrong way": answer(rate=lambda lr, s, b: lr / (s / b)),
    "grows with the root": answer(rate=lambda lr, s, b: lr * (s / b) ** 0.5),
    "shrinks with the root": answer(rate=lambda lr, s, b: lr * (b / s) ** 0.5),
    "not divided by the old batch": answer(rate=lambda lr, s, b: lr * s),
    "the new one is missing": answer(rate=lambda lr, s, b: lr / b),
    "the factor by which the batch grew": answer(rate=lambda lr, s, b: s / b),
    "the ratio of the two batches is rounded": answer(rate=lambda lr, s, b: s // b * lr),
    "never falls": answer(rate=lambda lr, s, b: lr * s / b if s > b else lr),
    "one is added to the ratio": answer(rate=lambda lr, s, b: lr + lr * s / b),
    "is added to the learning rate": answer(rate=lambda lr, s, b: lr + s / b),
    "the number of processes alone": own(rate=lambda b, a, p, n, base, lr: p * lr),
    "with `accumulate` alone": own(rate=lambda b, a, p, n, base, lr: a * lr),
    "processes × accumulate": own(rate=lambda b, a, p, n, base, lr: a * p * lr),
    "follows the batch of one process": own(rate=lambda b, a, p, n, base, lr: lr * b / base),
    "forgets `accumulate`": own(rate=lambda b, a, p, n, base, lr: lr * b * p / base),
    "forgets `processes`": own(rate=lambda b, a, p, n, base, lr: lr * a * b / base),
    "counted in batches": own(steps=lambda b, a, p, n, base, lr: math.ceil(n / (b * p))),
    "in place of the learning rate": own(
        steps=lambda b, a, p, n, base, lr: math.ceil(n / (a * b * p)) * (a * b * p) / base,
        rate=lambda b, a, p, n, base, lr: lr,
    ),
    "the steps are those of the old batch": own(steps=lambda b, a, p, n, base, lr: math.ceil(n / base)),
    "`base_batch` stands where": lambda b, a, p, n, base, lr: (base * a * p, math.ceil(n / (base * a * p)), lr * a * p),
    "in another order": lambda *sizes: answer()(*sizes)[::-1],
}


def with_floor_division(batch_size, accumulate, processes, images, base_batch, base_lr):
    per_step = batch_size * accumulate * processes
    return per_step, -(-images // per_step), base_lr * per_step / base_batch


def with_divmod(batch_size, accumulate, processes, images, base_batch, base_lr):
    per_step = batch_size * accumulate * processes
    steps, rest = divmod(images, per_step)
    return [per_step, steps + (rest > 0), base_lr / base_batch * per_step]


def as_a_dictionary(batch_size, accumulate, processes, images, base_batch, base_lr):
    per_step = math.prod([batch_size, accumulate, processes])
    return dict(per_step=per_step, steps=(images + per_step - 1) // per_step, lr=per_step / base_batch * base_lr)


def counted(batch_size, accumulate, processes, images, base_batch, base_lr):
    per_step = sum(batch_size for _ in range(processes) for _ in range(accumulate))
    return per_step, len(range(0, images, per_step)), float(Fraction(per_step, base_batch)) * base_lr


def in_torch(batch_size, accumulate, processes, images, base_batch, base_lr):
    per_step = torch.tensor(batch_size) * accumulate * processes
    return per_step, torch.ceil(images / per_step), base_lr * per_step / base_batch


EXERCISES = lesson_12
WRONG = {"scaled_recipe": SCALED_RECIPE}
RIGHT = [
    ("scaled_recipe", function)
    for function in (answer(), with_floor_division, with_divmod, as_a_dictionary, counted, in_torch)
]
