"""Answers to lesson 11's exercise on a judge's mistakes: wrong ones under a part of their message, and right ones."""

import numpy as np
import torch

from course_utils.exercises import lesson_11


def rows(confusion):
    return torch.stack([row / row.sum() for row in confusion])


def columns(confusion):
    return (confusion.T / confusion.T.sum(1, keepdim=True)).T


def whole(confusion):
    return confusion


def clipped(s):
    return torch.where(s > 0, s, torch.zeros_like(s))


def tidy(s):
    return clipped(s) / sum(clipped(s))


def inverted(seen, rates):
    return seen @ torch.linalg.inv(rates)


def answer(rates=rows, solve=inverted, end=tidy, seen=lambda counts: counts / sum(counts)):
    """The correction as a learner writes it, with one thing changed."""
    return lambda counts, confusion: end(solve(seen(counts), rates(confusion)))


CORRECTED_SHARES = {
    "mistakes and all": lambda counts, confusion: counts / counts.sum(),
    "the system is transposed": answer(solve=lambda seen, rates: torch.linalg.inv(rates) @ seen),
    "the rows are not divided": answer(rates=whole),
    "without `keepdim=True`": answer(rates=lambda confusion: confusion / confusion.sum(dim=1)),
    "P(truth | verdict), and": answer(rates=columns, solve=lambda seen, post: post @ seen, end=whole),
    "equally frequent": answer(rates=lambda confusion: columns(rows(confusion)), solve=lambda seen, post: post @ seen),
    "the columns are divided": answer(rates=columns),
    "once more": answer(solve=lambda seen, rates: seen @ rates, end=whole),
    "only the diagonal is used": answer(solve=lambda seen, rates: seen / torch.diagonal(rates)),
    "negative shares are left": answer(end=whole),
    "add up to more than 1": answer(end=clipped),
    "a share above 1 is cut": answer(end=lambda s: torch.clamp(s, 0, 1) / torch.clamp(s, 0, 1).sum()),
    "the signs of negative shares": answer(end=lambda s: abs(s) / abs(s).sum()),
    "the least share is subtracted": answer(end=lambda s: (s - min(s)) / (s - min(s)).sum()),
    "a share of their own": answer(end=lambda s: s.clamp(min=0.01) / s.clamp(min=0.01).sum()),
    "the softmax makes shares": answer(end=lambda s: torch.softmax(s, 0)),
    "some below zero": answer(seen=whole, end=whole),
    "divide them by their sum": answer(seen=whole, end=clipped),
    "these are per cent": answer(end=lambda s: 100 * tidy(s)),
    "the most frequent class": answer(end=torch.argmax),
    "are taken off as they are": lambda counts, confusion: tidy(counts - (confusion.sum(0) - confusion.diagonal())),
    "by the sizes of the held-out classes": lambda counts, confusion: tidy(counts / confusion.sum(dim=1)),
    "the shares of the held-out images:": lambda counts, confusion: confusion.sum(1) / confusion.sum(),
    "play no part": lambda counts, confusion: rows(confusion).mean(0),
}


def with_solve(counts, confusion):
    s = torch.linalg.solve(rows(confusion).T, counts).clamp(min=0)
    return s / s.sum()


def by_least_squares(counts, confusion):
    seen = (counts / counts.sum())[:, None]
    return tidy(torch.linalg.lstsq(rows(confusion).mT, seen).solution[:, 0])


def in_numpy(counts, confusion):
    confusion = confusion.numpy()
    rates = confusion / confusion.sum(1, keepdims=True)
    s = np.linalg.solve(rates.T, counts.numpy() / counts.numpy().sum())
    s = np.maximum(s, 0)
    return torch.tensor(s / s.sum())


def with_loops(counts, confusion):
    k = len(counts)
    rates = [[float(confusion[i, j] / sum(confusion[i])) for j in range(k)] for i in range(k)]
    s = torch.tensor(counts.tolist()).double() @ torch.linalg.pinv(torch.tensor(rates).double())
    for i in range(k):
        s[i] = max(float(s[i]), 0.0)
    return s / s.sum()


EXERCISES = lesson_11
WRONG = {"corrected_shares": CORRECTED_SHARES}
RIGHT = [("corrected_shares", function) for function in (answer(), with_solve, by_least_squares, in_numpy, with_loops)]
