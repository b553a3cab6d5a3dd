"""Exercise 1 of lesson 01: sampling from a mixture of Gaussians."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value

THREE = (  # weights, means and sigmas; the means are so far apart that each point tells its cloud
    torch.tensor([0.5, 0.3, 0.2]),
    torch.tensor([[-20.0, 0.0], [20.0, 0.0], [0.0, 40.0]]),
    torch.tensor([0.5, 1.0, 2.0]),
)
TWO = (torch.tensor([0.1, 0.9]), torch.tensor([[40.0, 30.0], [10.0, 0.0]]), torch.tensor([0.25, 1.5]))
SHAPE = "the points"
AGAIN = "the points of a second call"
COUNTS = "the number of points in the first cloud"
TAILS = "the mean fourth power of the noise, in standard deviations,"
ORDER = "how often neighbouring rows lie in the same cloud, beyond chance,"


def rounded(x: Tensor, step: float) -> Tensor:
    """Round to multiples of a step, so coarse that random numbers of any order give the same."""
    return (x / step).round() * step + 0.0  # makes -0 a 0


def observe_mixture(function) -> Observation:
    """Two mixtures of many points, and samples of few."""
    three = observe_many(function, 30_000, *THREE)
    two = observe_many(function, 25_000, *TWO)
    few = observe_few(function) if ORDER in three else {}  # where clouds are missing, these would only confuse
    return few | three | {f"{name} for two Gaussians": found for name, found in two.items()}


def observe_few(function) -> Observation:
    """Whether few points are as many as asked for, and others at every call."""
    samples = [function(5, *THREE) for _ in range(60)]
    one = function(1, *THREE)
    if any(points.dim() == 2 and len(points) != n for points, n in ((samples[0], 5), (one, 1))):
        return {COUNTS: "fixed"}
    seen = {"the points for n = 5": form(samples[0]), "the points for n = 1": form(one)}
    if seen["the points for n = 5"] == "a tensor of shape (5, 2)":
        _, means, _ = THREE
        in_first = {int((nearest(points, means)[1] == 0).sum()) for points in samples}
        seen[AGAIN] = "the same" if torch.equal(samples[0], samples[1]) else "others"
        seen[COUNTS] = "another one at every call" if len(in_first) > 1 else "fixed"
    return seen


def observe_many(function, n: int, weights: Tensor, means: Tensor, sigmas: Tensor) -> Observation:
    """Shares, places, widths and shapes of the clouds, and how each row depends on the one before."""
    points = function(n, weights, means, sigmas)
    seen = {SHAPE: form(points)}
    if seen[SHAPE] != f"a tensor of shape {(n, 2)}":
        return seen
    points = points.detach().float()
    distance, cloud = nearest(points, means)
    found = len(cloud.unique())
    seen["the typical distance to the nearest mean, in tens,"] = rounded(distance.median() / 10, 1)
    seen["the number of clouds"] = value(found)
    if found < len(means):
        return seen
    noise = (points - means[cloud]) / sigmas[cloud, None]  # (n, 2), standard Gaussian if all is right
    clouds = [noise[cloud == k] for k in range(found)]
    offset = torch.stack([own.mean(0) for own in clouds])  # (K, 2)
    spread = torch.stack([own.std(0) for own in clouds])  # (K, 2)
    standard = (noise - offset[cloud]) / spread[cloud]  # (n, 2)
    share = torch.bincount(cloud) / n  # (K,)
    return seen | {
        "the shares of the clouds": rounded(share, 0.1),
        "the spread of each cloud over its sigma": 2 ** rounded(spread.log2(), 0.25),
        "the offset of each cloud from its mean, in sigmas,": rounded(offset, 0.25),
        "the correlation of the two coordinates within a cloud": rounded(standard.prod(1).mean(), 0.5),
        TAILS: rounded(standard.pow(4).mean(), 1),
        "the correlation of the noise in neighbouring rows": rounded((standard[1:] * standard[:-1]).mean(), 0.5),
        ORDER: rounded((cloud[1:] == cloud[:-1]).float().mean() - share.square().sum(), 0.2),
    }


def form(points) -> str:
    """What kind of thing was returned, numbers left out."""
    if isinstance(points, Tensor):
        return f"a tensor of shape {tuple(points.shape)}"
    found = value(points)
    return found if isinstance(found, str) else "one number"


def nearest(points: Tensor, means: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (n,) and number (n,) of the nearest mean."""
    return torch.cdist(points.detach().float(), means).min(1)


def mixture(n, weights, means, sigmas, *, which=None, noise=lambda n, sigma: sigma * torch.randn(n, 2)) -> Tensor:
    """Sampling with one thing changed."""
    component = torch.multinomial(weights, n, replacement=True) if which is None else which(n, weights)  # (n,)
    return means[component] + noise(n, sigmas[component, None])


def sample_mixture(n, weights, means, sigmas) -> Tensor:
    return mixture(n, weights, means, sigmas)


WIDEN = "the sigmas have the shape (n,), the noise (n, 2): write `sigmas[k][:, None]`, one row for each point."
UNIFORM = "the noise is uniform: `torch.rand` draws from [0, 1), `torch.randn` from a standard Gaussian."
FIXED = (
    "each Gaussian gets a fixed number of points, as `int(n * weights[k])` does. Rounding then loses or adds points if "
    "n is small, and even where it does not, the number in a random sample varies: draw, for each point, which "
    "Gaussian it comes from."
)

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
            "the noise is multiplied by the variance: multiply it by sigma, not by its square."
        ),
        altered(mixture, noise=lambda n, sigma: sigma * torch.rand(n, 2)): (UNIFORM),
        altered(mixture, noise=lambda n, sigma: sigma * (2 * torch.rand(n, 2) - 1)): UNIFORM,
        altered(mixture, noise=lambda n, sigma: torch.randn(n, 2)): (
            "all clouds have standard deviation 1: multiply the noise of each point by the sigma of its Gaussian."
        ),
        lambda n, weights, means, sigmas: mixture(n, weights, means, sigmas.mean().expand(len(sigmas))): (
            "all clouds get the mean of the sigmas: each point takes the sigma of its own Gaussian."
        ),
        altered(mixture, noise=lambda n, sigma: 0 * sigma): (
            "every point is exactly a mean: add Gaussian noise of the width sigma."
        ),
        altered(mixture, noise=lambda n, sigma: sigma * torch.randn(n, 1)): (
            "both coordinates get the same noise, so that the clouds are lines: draw noise of shape (n, 2)."
        ),
        altered(mixture, noise=lambda n, sigma: sigma * torch.randn(2)): (
            "all points get the same noise: draw noise of shape (n, 2), a row for each point."
        ),
        altered(mixture, noise=lambda n, sigma: sigma.squeeze(1) * torch.randn(n, 2)): WIDEN,
        altered(mixture, noise=lambda n, sigma: torch.randn(n, 2) * sigma.squeeze(1)): WIDEN,
        altered(mixture, which=lambda n, weights: torch.multinomial(weights, n)): (
            "`torch.multinomial` draws without putting back, unless you say `replacement=True`."
        ),
        altered(mixture, which=lambda n, weights: torch.distributions.Categorical(logits=weights).sample((n,))): (
            "the weights are taken for logits: `Categorical(weights)` and `Categorical(probs=weights)` take "
            "probabilities."
        ),
        lambda n, weights, means, sigmas: sample_mixture(n, weights, 0 * means, sigmas): (
            "all clouds lie around the origin: add the mean of its Gaussian to each point."
        ),
    },
    hints={
        COUNTS: FIXED,
        AGAIN: (
            "every call draws the same points: a seed is fixed inside, as in `default_rng(0)` or "
            "`Generator().manual_seed(0)`. Seed once, outside of the function."
        ),
        TAILS: (
            "the noise is as wide as it should be, but not Gaussian: `torch.randn` draws from a standard Gaussian."
        ),
        ORDER: (
            "the points come sorted by cloud, so that the first rows of a sample all lie in one: draw, for each row, "
            "which Gaussian it comes from, or shuffle the rows with `torch.randperm(n)`."
        ),
    },
)
