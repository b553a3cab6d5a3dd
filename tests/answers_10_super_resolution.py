"""Answers to lesson 10's exercise on rebuilt pictures: wrong ones under a part of their message, and right ones."""

import numpy as np
import torch

from course_utils.exercises import lesson_10
from course_utils.metrics import frechet_distance


def psnr(x, y):
    return 20 * torch.log10(1 / torch.sqrt(torch.mean((x - y) ** 2)))


def own_covariance(a):
    centred = a - a.mean(0, keepdim=True)
    return centred.T @ centred / (len(a) - 1)


def root_trace(c, d):
    values, vectors = torch.linalg.eigh(c)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    return torch.linalg.eigvalsh(root @ d @ root).clamp(min=0).sqrt().sum()


def added(gap, c, d, cross):
    return gap + torch.trace(c) + torch.trace(d) - 2 * cross


def means(a, b):
    return ((a.mean(0) - b.mean(0)) ** 2).sum()


def answer(first=psnr, cov=own_covariance, gap=means, root=root_trace, total=added, give=lambda p, f: (p, f)):
    """Both numbers as a learner computes them, with one thing changed."""

    def both(rebuilt, real, features):
        a, b = features(rebuilt), features(real)
        c, d = cov(a), cov(b)
        return give(first(rebuilt, real), total(gap(a, b), c, d, root(c, d)))

    return both


def squared(x, y):
    return ((x - y) ** 2).mean()


def each(x, y):
    return torch.stack([psnr(one, other) for one, other in zip(x, y)]).mean()


FAITHFUL_AND_REAL = {
    "the mean of the PSNRs": answer(each),
    "the peak is 255": answer(lambda x, y: psnr(x, y) + 20 * np.log10(255)),
    "the brightest pixel of this batch": answer(lambda x, y: psnr(x, y) + 20 * torch.log10(y.max())),
    "half of the PSNR": answer(lambda x, y: 10 * torch.log10(1 / squared(x, y).sqrt())),
    "twice the PSNR": answer(lambda x, y: 20 * torch.log10(1 / squared(x, y))),
    "the wrong sign": answer(lambda x, y: 10 * torch.log10(squared(x, y))),
    "the natural logarithm": answer(lambda x, y: 10 * torch.log(1 / squared(x, y))),
    "summed over the pixels": answer(lambda x, y: 10 * torch.log10(1 / (784 * squared(x, y)))),
    "the mean absolute error": answer(lambda x, y: 20 * torch.log10(1 / (x - y).abs().mean())),
    "`torch.cov` wants a row for each feature": answer(cov=torch.cov),
    "some of them negative": answer(root=lambda c, d: torch.linalg.eigvals(c @ d).real.sqrt().sum()),
    "cannot be clamped": answer(root=lambda c, d: torch.linalg.eigvals(c @ d).clamp(min=0).sqrt().real.sum()),
    "is for symmetric matrices": answer(root=lambda c, d: torch.linalg.eigvalsh(c @ d).clamp(0).sqrt().sum()),
    "the mean squared error itself": answer(squared),
    "was divided by N:": answer(cov=lambda a: own_covariance(a) * (len(a) - 1) / len(a)),
    "was not divided by N": answer(cov=lambda a: own_covariance(a) * (len(a) - 1)),
    "the mean was not subtracted": answer(cov=lambda a: torch.einsum("ni,nj->ij", a, a) / (len(a) - 1)),
    "only variances went in": answer(cov=lambda a: torch.diag(a.std(0) ** 2)),
    "entry by entry": answer(root=lambda c, d: torch.trace(torch.sqrt(torch.abs(c @ d)))),
    "the root of the product is missing": answer(root=lambda c, d: torch.trace(c @ d)),
    "the last term counts twice": answer(total=lambda gap, c, d, cross: gap + torch.trace(c + d) - cross),
    "the last term is subtracted": answer(total=lambda gap, c, d, cross: gap + torch.trace(c + d) + 2 * cross),
    "these are the means alone": answer(total=lambda gap, c, d, cross: gap),
    "the distance of the means is missing": answer(total=lambda gap, c, d, cross: torch.trace(c + d) - 2 * cross),
    "the distance of the means was not squared": answer(gap=lambda a, b: means(a, b) ** 0.5),
    "compared with its own original": answer(gap=lambda a, b: ((a - b) ** 2).sum() / len(a)),
    "the root was taken at the end": answer(total=lambda *terms: added(*terms) ** 0.5),
    "the two numbers are exchanged": answer(give=lambda p, f: (f, p)),
    "only the PSNR came back": answer(give=lambda p, f: p),
}


def by_the_course(rebuilt, real, features):
    return psnr(rebuilt, real).item(), frechet_distance(features(rebuilt), features(real))


def in_numpy(rebuilt, real, features):
    error = float(((rebuilt - real) ** 2).mean())
    a, b = features(rebuilt).double().numpy(), features(real).double().numpy()
    c, d = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    cross = np.sqrt(np.clip(np.linalg.eigvals(c @ d).real, 0, None)).sum()
    gap = np.sum((a.mean(0) - b.mean(0)) ** 2)
    return 10 * np.log10(1 / error), gap + np.trace(c) + np.trace(d) - 2 * cross


EXERCISES = lesson_10
WRONG = {"faithful_and_real": FAITHFUL_AND_REAL}
RIGHT = [
    ("faithful_and_real", answer()),
    ("faithful_and_real", answer(cov=lambda a: torch.cov(a.T))),
    ("faithful_and_real", answer(root=lambda c, d: torch.linalg.eigvals(c @ d).sqrt().real.sum())),
    ("faithful_and_real", answer(root=lambda c, d: torch.linalg.eigvals(c @ d).real.relu().sqrt().sum())),
    ("faithful_and_real", answer(root=lambda c, d: torch.linalg.eigvals(c @ d).abs().sqrt().sum())),
    ("faithful_and_real", by_the_course),
    ("faithful_and_real", in_numpy),
]
