"""Answers to lesson 11's exercise on marks: wrong ones under a part of their message, and right ones."""

import numpy as np
import torch
from scipy import stats
from torch.nn import functional as F

from course_utils.exercises import lesson_11


def cosines(a, b):
    return F.cosine_similarity(a.flatten(1)[:, None], b.flatten(1)[None], dim=2)


def z(c):
    return (c[0] - torch.mean(c[1:])) / torch.std(c[1:])


def taken(x, residual):
    return residual(x)


def answer(images=taken, keys=taken, table=cosines, over=lambda table: table.mean(dim=0), score=z):
    """The score as a learner writes it, with one thing changed."""
    return lambda x, k, residual: score(over(table(images(x, residual), keys(k, residual))))


def all_of(table):
    return table


def own_residual(x, residual):
    return x - x.mean(dim=(2, 3), keepdim=True)


def blurred(x, residual):
    return x - residual(x)


def each(table):
    return torch.tensor([z(row) for row in table])


MARK_SCORE = {
    "goes in whole": answer(images=lambda x, residual: x),
    "the strength of a key counts here": answer(table=lambda a, b: torch.einsum("nchw,kchw->nk", a, b)),
    "as in Pearson's correlation": answer(
        table=lambda a, b: torch.corrcoef(torch.cat([a, b]).flatten(1))[: len(a), len(a) :]
    ),
    "this is a distance": answer(table=lambda a, b: -(a[:, None] - b[None]).pow(2).sum((2, 3, 4)).sqrt()),
    "the mean of the whole picture": answer(own_residual, own_residual),
    "this is what `residual` takes off": answer(blurred, blurred),
    "the lengths run over the pictures": answer(
        table=lambda a, b: F.normalize(a.flatten(1), dim=0) @ F.normalize(b.flatten(1), dim=0).T
    ),
    "the cosine runs along one axis": answer(
        table=lambda a, b: torch.stack([F.cosine_similarity(a, one[None]).mean((1, 2)) for one in b], 1)
    ),
    "pictures of strong contrast": answer(images=lambda x, residual: residual(x.mean(0, keepdim=True))),
    "only the first picture is read": answer(images=lambda x, residual: residual(x[:1])),
    "the picture counts that agrees most": answer(over=lambda table: table.max(0).values),
    "the median over the pictures": answer(over=lambda table: torch.quantile(table, 0.5, dim=0)),
    "the mean runs over the keys": answer(over=lambda table: table.mean(dim=1)),
    "a score of its own": answer(over=each, score=torch.mean),
    "the spread is that of single pictures": answer(
        over=all_of, score=lambda table: (table[:, 0].mean() - table[:, 1:].mean()) / table[:, 1:].std()
    ),
    "of the true key over the *pictures*": answer(
        over=all_of, score=lambda table: stats.ttest_1samp(table[:, 0].numpy(), 0).statistic
    ),
    "the true key is among those": answer(score=lambda c: (c[0] - c.mean()) / c.std()),
    "divided by the number of other keys": answer(score=lambda c: (c[0] - c[1:].mean()) / c[1:].numpy().std()),
    "the standard deviation is missing": answer(score=lambda c: c[0] - c[1:].mean()),
    "a pair of parentheses is missing": answer(score=lambda c: c[0] - c[1:].mean() / c[1:].std()),
    "is not subtracted": answer(score=lambda c: c[0] / c[1:].std()),
    "divides by the variance": answer(score=lambda c: (c[0] - c[1:].mean()) / c[1:].var()),
    "the standard error": answer(score=lambda c: (c[0] - c[1:].mean()) / (c[1:].std() / len(c[1:]) ** 0.5)),
    "the true key's mean cosine": answer(score=lambda c: c[0]),
    "the absolute value is taken": answer(score=lambda c: abs(z(c))),
    "the sign is turned": answer(score=lambda c: (c[1:].mean() - c[0]) / c[1:].std()),
    "the mean cosines lost their signs": answer(score=lambda c: z(c.abs())),
    "how many keys do better": answer(score=lambda c: (c[0] > c[1:]).float().mean()),
    "the true key is `keys[0]`": answer(keys=lambda k, residual: residual(k.flip(0))),
    "a score for each key": answer(score=lambda c: (c - c[1:].mean()) / c[1:].std()),
}


def in_numpy(images, keys, residual):
    a, b = (residual(part).flatten(1).double().numpy() for part in (images, keys))
    a, b = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (a, b))
    found = (a @ b.T).mean(axis=0)
    return (found[0] - found[1:].mean()) / found[1:].std(ddof=1)


def from_distances(images, keys, residual):
    a, b = (F.normalize(residual(part).flatten(1)) for part in (images, keys))
    return z(1 - torch.cdist(a, b).square().mean(0) / 2)  # |a - b|² = 2 - 2 cos


def with_loops(images, keys, residual):
    found = []
    for key in residual(keys):
        each = [(x * key).sum() / (x.norm() * key.norm()) for x in residual(images)]
        found.append(sum(each) / len(each))
    others = torch.stack(found[1:])
    return ((found[0] - others.mean()) / others.std()).item()


def unit_pictures_first(images, keys, residual):
    a, b = residual(images), residual(keys)
    a = (a / a.pow(2).sum((1, 2, 3), keepdim=True).sqrt()).sum(0)
    return z((a * b).sum((1, 2, 3)) / b.flatten(1).norm(dim=1))


EXERCISES = lesson_11
WRONG = {"mark_score": MARK_SCORE}
RIGHT = [("mark_score", function) for function in (answer(), in_numpy, from_distances, with_loops, unit_pictures_first)]
