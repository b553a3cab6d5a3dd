"""Answers to lesson 01 as learners write them: wrong ones, each under a part of its message, and right ones."""

import numpy as np
import torch
from scipy.linalg import sqrtm

from course_utils.exercises import lesson_01


def loop(n, weights, means, sigmas):
    points = []
    for _ in range(n):
        k = int(torch.multinomial(weights, 1))
        points.append(torch.normal(means[k], sigmas[k].item()))
    return torch.stack(points)


def with_numpy(n, weights, means, sigmas):
    rng = np.random.default_rng()
    k = rng.choice(len(weights), n, p=weights.double().numpy() / weights.double().numpy().sum())
    return torch.tensor(means.numpy()[k] + rng.normal(size=(n, 2)) * sigmas.numpy()[k][:, None])


def with_distribution(n, weights, means, sigmas):
    k = torch.distributions.Categorical(weights).sample((n,))
    return torch.distributions.Normal(means[k], sigmas[k].unsqueeze(1)).sample()


def equal_shares(n, weights, means, sigmas):
    k = torch.randint(0, len(weights), (n,))
    return means[k] + sigmas[k].view(-1, 1) * torch.randn(n, 2)


def one_draw(n, weights, means, sigmas):
    k = torch.multinomial(weights, 1).item()
    return means[k] + sigmas[k] * torch.randn(n, 2)


def averaged(n, weights, means, sigmas):
    return (weights[:, None] * means).sum(0) + (weights * sigmas).sum() * torch.randn(n, 2)


def spread(scale, shape=2):
    def answer(n, weights, means, sigmas):
        k = torch.multinomial(weights, n, replacement=True)
        return means[k] + scale(sigmas[k])[:, None] * torch.randn(n, shape)

    return answer


def around_zero(n, weights, means, sigmas):
    k = torch.multinomial(weights, n, replacement=True)
    return sigmas[k][:, None] * torch.randn(n, 2)


def matrix_root(a):
    return torch.tensor(sqrtm(a.double().numpy()).real)


def with_scipy(m1, c1, m2, c2):
    return ((m1 - m2) ** 2).sum() + torch.trace(c1 + c2 - 2 * matrix_root(c1 @ c2))


def symmetric(m1, c1, m2, c2):
    root = matrix_root(c1)
    overlap = torch.linalg.eigvalsh(root @ c2 @ root).clamp(0).sqrt().sum()
    return (m1 - m2).dot(m1 - m2) + c1.trace() + c2.trace() - 2 * overlap


def frechet(means=lambda d: (d**2).sum(), spread=lambda c1, c2: torch.trace(c1 + c2 - 2 * matrix_root(c1 @ c2))):
    return lambda m1, c1, m2, c2: means(m1 - m2) + spread(c1, c2)


def radii(points, k):
    return torch.cdist(points, points).sort(1).values[:, k]


def by_loop(real, generated, k):
    hits = 0
    for x, radius in zip(real, radii(real, k)):
        hits += bool(((generated - x).norm(dim=1) < radius).any())
    return hits / len(real)


def by_minimum(real, generated, k):
    return (torch.cdist(real, generated).min(1).values < radii(real, k)).float().mean()


def pairs(real, generated, k):
    return torch.cdist(real, generated) < radii(real, k).unsqueeze(1)


EXERCISES = lesson_01
WRONG = {
    "sample_mixture": {
        "all points get the same noise": lambda n, weights, means, sigmas: (
            means[k := torch.multinomial(weights, n, True)] + torch.outer(sigmas[k], torch.randn(2))
        ),
        "the weights are taken for logits": lambda n, weights, means, sigmas: torch.normal(
            means[k := torch.distributions.Categorical(logits=weights).sample((n,))], sigmas[k, None].expand(n, 2)
        ),
        "every Gaussian is drawn equally often": equal_shares,
        "all points come from one Gaussian": one_draw,
        "the Gaussians are averaged": averaged,
        "the sigmas are taken for variances": spread(torch.sqrt),
        "multiplied by the variance": spread(torch.square),
        "the noise is uniform": lambda n, weights, means, sigmas: (
            means[k := torch.multinomial(weights, n, True)] + sigmas[k].unsqueeze(1) * torch.rand(n, 2)
        ),
        "write `sigmas[k][:, None]`": lambda n, weights, means, sigmas: (
            means[k := torch.multinomial(weights, n, True)] + sigmas[k] * torch.randn(n, 2)
        ),
        "draws without putting back": lambda n, weights, means, sigmas: means[torch.multinomial(weights, n)],
        "all clouds have standard deviation 1": spread(torch.ones_like),
        "all clouds get the mean of the sigmas": lambda n, weights, means, sigmas: (
            means[torch.multinomial(weights, n, True)] + sigmas.mean() * torch.randn(n, 2)
        ),
        "every point is exactly a mean": spread(torch.zeros_like),
        "both coordinates get the same noise": spread(lambda sigma: sigma, shape=1),
        "all clouds lie around the origin": around_zero,
    },
    "frechet_between": {
        "these are the singular values": frechet(
            spread=lambda a, b: torch.trace(a + b) - 2 * torch.linalg.svd(a @ b).S.sqrt().sum()
        ),
        "the Cholesky factor is taken for the root": frechet(
            spread=lambda a, b: torch.trace(a + b - 2 * torch.linalg.cholesky_ex(a @ b)[0])
        ),
        "the Cholesky factors of the covariances are multiplied": frechet(
            spread=lambda a, b: torch.trace(a + b - 2 * torch.linalg.cholesky_ex(a)[0] @ torch.linalg.cholesky_ex(b)[0])
        ),
        "the roots of the product's diagonal": frechet(spread=lambda a, b: torch.trace(a + b - 2 * torch.sqrt(a @ b))),
        "multiplies entry by entry": frechet(spread=lambda a, b: torch.trace(a + b - 2 * matrix_root(a * b))),
        "the root of each covariance, multiplied": frechet(
            spread=lambda a, b: torch.trace(a + b - 2 * matrix_root(a) @ matrix_root(b))
        ),
        "`eigvalsh` is for symmetric": frechet(
            spread=lambda a, b: torch.trace(a + b) - 2 * torch.linalg.eigvalsh(a @ b).clamp(0).sqrt().sum()
        ),
        "only the diagonals": frechet(spread=lambda a, b: ((a.diag().sqrt() - b.diag().sqrt()) ** 2).sum()),
        "there is no root": frechet(spread=lambda a, b: torch.trace(a + b - 2 * a @ b)),
        "the root of the trace": frechet(spread=lambda a, b: torch.trace(a + b) - 2 * torch.trace(a @ b) ** 0.5),
        "the roots of the eigenvalues are averaged": frechet(
            spread=lambda a, b: torch.trace(a + b) - 2 * torch.linalg.eigvals(a @ b).real.clamp(0).sqrt().mean()
        ),
        "all entries of the root are added": frechet(
            spread=lambda a, b: torch.trace(a + b) - 2 * matrix_root(matrix_root(a) @ b @ matrix_root(a)).sum()
        ),
        "added before they are squared": frechet(means=lambda d: d.sum() ** 2),
        "by their absolute value": frechet(means=lambda d: d.abs().sum()),
        "the factor 2": frechet(spread=lambda a, b: torch.trace(a + b - matrix_root(a @ b))),
        "the sign of the last term": frechet(spread=lambda a, b: torch.trace(a + b + 2 * matrix_root(a @ b))),
        "the means is not squared": frechet(means=torch.linalg.norm),
        "the squared differences of the means are averaged": frechet(means=lambda d: (d**2).mean()),
        "the means do not enter": frechet(means=lambda d: 0),
        "this is the root of it": lambda *args: with_scipy(*args).abs() ** 0.5,
        "only the means enter": frechet(spread=lambda a, b: 0),
    },
    "coverage": {
        "the radii reach to the farthest points": lambda real, generated, k: (
            (torch.cdist(real, generated).amin(1) < torch.cdist(real, real).topk(k + 1).values[:, k]).float().mean()
        ),
        "divided by that of the generated points": lambda real, generated, k: (
            pairs(real, generated, k).any(1).sum().item() / len(generated)
        ),
        "the radii reach to generated points": lambda real, generated, k: (
            (torch.cdist(real, generated) < torch.cdist(real, generated).sort(1).values[:, k - 1, None])
            .any(1)
            .float()
            .mean()
        ),
        "these are the radii of generated points": lambda real, generated, k: (
            (torch.cdist(real, generated).amin(1) < radii(generated, k)[torch.cdist(real, generated).argmin(1)])
            .float()
            .mean()
        ),
        "its own nearest neighbour": lambda real, generated, k: by_minimum(real, generated, k - 1),
        "this is precision": lambda real, generated, k: pairs(real, generated, k).any(0).float().mean(),
        "this is recall": lambda real, generated, k: (
            (torch.cdist(real, generated) < radii(generated, k)).any(dim=1).float().mean()
        ),
        "this is the share of pairs": lambda real, generated, k: pairs(real, generated, k).float().mean(),
        "this is density": lambda real, generated, k: pairs(real, generated, k).sum() / len(generated) / k,
        "exactly on the border": lambda real, generated, k: (
            (torch.cdist(real, generated).min(1).values <= radii(real, k)).float().mean()
        ),
        "squared distances are compared": lambda real, generated, k: (
            (((real[:, None] - generated) ** 2).sum(2).min(1).values < radii(real, k)).float().mean()
        ),
        "the two sets are swapped": lambda real, generated, k: by_loop(generated, real, k),
        "one neighbour too many": lambda real, generated, k: by_loop(real, generated, k + 1),
        "this is in percent": lambda real, generated, k: by_loop(real, generated, k) * 100,
        "this is the number of balls": lambda real, generated, k: int(pairs(real, generated, k).any(1).sum()),
        "all balls have one size": lambda real, generated, k: (
            (torch.cdist(real, generated).min(1).values < radii(real, k).mean()).float().mean()
        ),
        "the share of empty balls": lambda real, generated, k: 1 - by_loop(real, generated, k),
        "along the wrong axis": lambda real, generated, k: (
            (torch.cdist(real, generated) < radii(real, k)).any(1).float().mean()
        ),
    },
}

RIGHT = [
    ("sample_mixture", loop),
    ("sample_mixture", with_numpy),
    ("sample_mixture", with_distribution),
    ("frechet_between", with_scipy),
    ("frechet_between", symmetric),
    ("frechet_between", lambda *args: with_scipy(*args).numpy().astype(np.float32)[()]),
    ("coverage", by_loop),
    ("coverage", by_minimum),
]
