"""Exercise 1 of lesson 01: sampling from a mixture of Gaussians."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value
from course_utils.plumbing.device import forked_random

WEIGHTS, SIGMAS = torch.tensor([0.6, 0.3, 0.1]), torch.tensor([0.5, 1.0, 2.0])
MEANS = torch.tensor([[-20.0, 0.0], [20.0, 0.0], [0.0, 40.0]])  # so far apart that each point tells its cloud
SHAPE, NEAR, CLOUDS = "the points", "the typical distance to the nearest mean, in tens", "the number of clouds"


def rounded(x: Tensor, step: float) -> Tensor:
    """Round to multiples of a step, so coarse that random numbers of any order give the same."""
    return (x / step).round() * step


def observe_mixture(function) -> Observation:
    """Shares, spread and shape of the clouds among 40,000 points."""
    n = 40_000
    with forked_random(0, torch.device("cpu")):
        points = function(n, WEIGHTS, MEANS, SIGMAS)
    if not isinstance(points, Tensor):
        return {SHAPE: value(points)}
    if points.shape != (n, 2):
        return {SHAPE: f"a tensor of shape {tuple(points.shape)}"}
    points = points.float()
    distance, cloud = torch.cdist(points, MEANS).min(1)
    seen = {SHAPE: f"a tensor of shape {(n, 2)}", NEAR: rounded(distance.median() / 10, 1)}
    seen[CLOUDS] = value(len(cloud.unique()))
    if len(cloud.unique()) < len(MEANS):
        return seen
    offsets = [points[cloud == k] - MEANS[k] for k in range(len(MEANS))]
    seen["the shares of the clouds"] = rounded(torch.bincount(cloud) / n, 0.1)
    seen["the spread of each cloud over its sigma"] = rounded(torch.stack([o.std() for o in offsets]) / SIGMAS, 0.1)
    seen["the correlation of the two coordinates within a cloud"] = rounded(offsets[0].T.corrcoef()[0, 1], 0.5)
    return seen


def mixture(n, weights, means, sigmas, *, which=None, noise=lambda n, sigma: sigma * torch.randn(n, 2)) -> Tensor:
    """Sampling with one thing changed."""
    component = torch.multinomial(weights, n, replacement=True) if which is None else which(n, weights)  # (n,)
    return means[component] + noise(n, sigmas[component, None])


def sample_mixture(n, weights, means, sigmas) -> Tensor:
    return mixture(n, weights, means, sigmas)


WIDEN = "the sigmas have the shape (n,), the noise (n, 2): write `sigmas[k][:, None]`, one row for each point."

check_sample_mixture = Exercise(
    sample_mixture,
    observe_mixture,
    {
        altered(mixture, which=lambda n, weights: torch.randint(len(weights), (n,))): (
            "every Gaussian is drawn equally often: draw the k-th with probability weights[k]."
        ),
        altered(mixture, which=lambda n, weights: torch.multinomial(weights, 1).expand(n)): (
            "all points come from one Gaussian: draw anew, for each point, which Gaussian it comes from."
        ),
        lambda n, weights, means, sigmas: weights @ means + (weights @ sigmas) * torch.randn(n, 2): (
            "the Gaussians are averaged: that makes one cloud between them. Each point comes from one of them."
        ),
        altered(mixture, noise=lambda n, sigma: sigma.sqrt() * torch.randn(n, 2)): (
            "the sigmas are taken for variances: they are standard deviations already, leave out the root."
        ),
        altered(mixture, noise=lambda n, sigma: sigma**2 * torch.randn(n, 2)): (
            "the noise is multiplied with the variance: multiply with sigma, not with its square."
        ),
        altered(mixture, noise=lambda n, sigma: sigma * torch.rand(n, 2)): (
            "the noise is uniform: `torch.rand` draws from [0, 1), `torch.randn` from a standard Gaussian."
        ),
        altered(mixture, noise=lambda n, sigma: torch.randn(n, 2)): (
            "all clouds have standard deviation 1: multiply the noise of each point with the sigma of its Gaussian."
        ),
        altered(mixture, noise=lambda n, sigma: SIGMAS.mean() * torch.randn(n, 2)): (
            "all clouds get the mean of the sigmas: each point takes the sigma of its own Gaussian."
        ),
        altered(mixture, noise=lambda n, sigma: 0 * sigma): (
            "every point is exactly a mean: add Gaussian noise of the width sigma."
        ),
        altered(mixture, noise=lambda n, sigma: sigma * torch.randn(n, 1)): (
            "both coordinates get the same noise, so that the clouds are lines: draw noise of shape (n, 2)."
        ),
        altered(mixture, noise=lambda n, sigma: sigma.squeeze(1) * torch.randn(n, 2)): WIDEN,
        altered(mixture, noise=lambda n, sigma: torch.randn(n, 2) * sigma.squeeze(1)): WIDEN,
        altered(mixture, which=lambda n, weights: torch.multinomial(weights, n)): (
            "`torch.multinomial` draws without putting back, unless you say `replacement=True`."
        ),
        lambda n, weights, means, sigmas: sample_mixture(n, weights, 0 * means, sigmas): (
            "all clouds lie around the origin: add the mean of its Gaussian to each point."
        ),
    },
)
