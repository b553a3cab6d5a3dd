"""Answers to lesson 12's exercise on uneven batches: wrong ones under a part of their message, and right ones."""

import numpy as np
import torch

from course_utils.exercises import lesson_12


def answer(weights=lambda n: n / n.sum(), end=lambda each: each.sum(dim=0)):
    """The average as a learner writes it, with one thing changed."""

    def function(gradients, sizes):
        w = weights(sizes)
        while w.dim() < gradients.dim():
            w = w.unsqueeze(-1)
        return end(w * gradients)

    return function


def whole_shares(gradients, sizes):
    sizes /= torch.sum(sizes)
    return torch.einsum("k,k...->...", sizes, gradients)


AVERAGE_GRADIENTS = {
    "counts alike": lambda gradients, sizes: torch.stack(list(gradients)).mean(dim=0),
    "and the sizes play no part": lambda gradients, sizes: sum(gradients),
    "the *sum* of the losses": answer(weights=lambda n: n),
    "divided by the number of processes": answer(weights=lambda n: n / len(n)),
    "this divides twice": answer(end=lambda each: torch.mean(each, 0)),
    "that of a mean already": answer(weights=lambda n: 1 / n),
    "small batches weigh more": answer(weights=lambda n: n.reciprocal() / n.reciprocal().sum()),
    "the weights are roots": answer(weights=lambda n: n**0.5 / (n**0.5).sum()),
    "rounded to whole numbers": answer(weights=lambda n: torch.div(n, n.sum(), rounding_mode="floor")),
    "divided by one of themselves": answer(weights=lambda n: n / max(n)),
    "only one of the processes is heard": lambda gradients, sizes: max(zip(sizes, gradients), key=lambda p: p[0])[1],
    "the sizes over their *mean*": answer(weights=lambda n: n * len(n) / n.sum()),
    "the sizes are squared": answer(weights=lambda n: n.pow(2) / n.pow(2).sum()),
    "`softmax` makes": answer(weights=lambda n: torch.softmax(n.float(), 0)),
    "this is the median": lambda gradients, sizes: (
        torch.quantile(gradients, 0.5, dim=0) if len(gradients) % 2 else gradients.median(0)[0]
    ),
    "this is the way down": answer(end=lambda each: -each.sum(0)),
    "weighed but not added up": answer(end=lambda each: each),
    "are added up as well": answer(end=lambda each: each.sum()),
    "meet the last axis": lambda gradients, sizes: (sizes * gradients).sum(0) / sum(sizes),
    "`sizes[:, None]` and `@` fit two axes": lambda gradients, sizes: (
        sizes[:, None].mul(gradients).sum(0) / sizes.sum()
    ),
    "fits three axes alone": lambda gradients, sizes: (gradients * sizes[:, None, None]).sum(0) / sizes.sum(),
    "numbers of one kind": lambda gradients, sizes: torch.tensordot(sizes, gradients, 1) / sizes.sum(),
    "cannot hold shares": whole_shares,
}


def with_einsum(gradients, sizes):
    return torch.einsum("k,k...->...", sizes / sizes.sum(), gradients)


def in_a_loop(gradients, sizes):
    total, n = 0, 0
    for gradient, size in zip(gradients, sizes.tolist()):
        total = total + size * gradient
        n += size
    return total / n


def flattened(gradients, sizes):
    flat = gradients.reshape(len(sizes), -1)  # (k, P)
    return (sizes.to(flat.dtype) @ flat / sizes.sum()).reshape(gradients.shape[1:])


def in_numpy(gradients, sizes):
    return np.average(gradients.numpy(), axis=0, weights=sizes.numpy())


def scaled_then_averaged(gradients, sizes):
    """As one has to do for DistributedDataParallel, which divides by the number of processes."""
    return answer(weights=lambda n: n * len(n) / n.sum(), end=lambda each: each.mean(0))(gradients, sizes)


def one_image_at_a_time(gradients, sizes):
    return gradients.repeat_interleave(sizes, dim=0).mean(0)


def transposed(gradients, sizes):
    return (gradients.movedim(0, -1) * sizes).sum(-1) / sizes.sum()


EXERCISES = lesson_12
WRONG = {"average_gradients": AVERAGE_GRADIENTS}
RIGHT = [
    ("average_gradients", function)
    for function in (
        answer(),
        with_einsum,
        in_a_loop,
        flattened,
        in_numpy,
        scaled_then_averaged,
        one_image_at_a_time,
        transposed,
    )
]
