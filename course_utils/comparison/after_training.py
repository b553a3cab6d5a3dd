"""What each family can still do for its samples after training, in seconds and without training again."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from course_utils.data import Images
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.latent import fit_prior, truncated
from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import in_parts
from course_utils.vae import VAE

COMPONENTS = (10, 20, 50, 100)  # of a fitted prior; held-out codes choose
LIMITS = (1.0, 1.5, 2.0)  # of a truncated prior; validation images choose
Sampler = Callable[[int, int], Tensor]  # (n, seed) to samples (n, 1, 28, 28)


def ways_to_sample(model: nn.Module, images: Images) -> dict[str, Sampler]:
    """The ways to sample a finished model by name: "prior", and what its family can add after training.

    A VAE can have a prior fitted to its codes, a GAN one that is truncated, or rejection by its discriminator.
    """
    ways: dict[str, Sampler] = {"prior": lambda n, seed: model.sample(n, seed=seed)}
    if isinstance(model, VAE):
        prior = fit_prior(model.codes(images.train), COMPONENTS, held_out=model.codes(images.validation))
        return ways | {f"mixture of {prior.components}": lambda n, seed: model.sample(z=prior.sample(n, seed))}
    for limit in LIMITS:
        ways[f"truncated at {limit:g}"] = partial(from_truncated, model, limit)
    return ways | {"rejection": partial(accepted, model)}


def best_way(model: nn.Module, images: Images) -> tuple[str, Sampler]:
    """The way whose samples are best on validation images, by the Fréchet distance: its name and itself."""
    judge = Judge(images, against="validation")
    ways = ways_to_sample(model, images)
    best = min(ways, key=lambda name: judge.frechet(ways[name](judge.n, 0)))
    return best, ways[best]


def from_truncated(gan: GAN, limit: float, n: int, seed: int) -> Tensor:
    return gan.sample(z=truncated(gan.generator.latent_dim, n, limit, seed))


def accepted(gan: GAN, n: int, seed: int = 0, kept: float = 0.25, pool: int = 10_000) -> Tensor:
    """Draw n samples of a GAN that its discriminator lets pass: (n, 1, 28, 28).

    A trained discriminator's logit is the log of the ratio of densities, real to generated, so that accepting in
    proportion to it would mend the generator (Azadi et al., 2019, equations 6 to 8). It never is exact: the logits are
    shifted until the share `kept`, in (0, 1], of the samples passes. Needs n / kept samples on average.
    """
    check_whole(n=n, pool=pool)
    if not 0 < kept <= 1:
        raise ValueError(f"expected a share kept in (0, 1], got {kept}")
    logits = in_parts(gan, gan.discriminator, gan.sample(pool, seed=seed + 1))  # (pool,), which sets the threshold
    highest = logits.max()
    chance = torch.Generator().manual_seed(seed)
    passed = []
    found = 0
    shift = threshold(logits - highest, kept)
    while found < n:
        samples = gan.sample(pool, seed=int(torch.randint(2**31, (), generator=chance)))
        logit = in_parts(gan, gan.discriminator, samples) - highest  # (pool,)
        samples = samples[torch.rand(pool, generator=chance) < acceptance(logit, shift)]
        passed.append(samples)
        found += len(samples)
    return torch.cat(passed)[:n]


def acceptance(logits: Tensor, shift: float) -> Tensor:
    """The probability to keep each sample, from logits below 0: equation 8, with γ as the shift."""
    logits = logits.clamp_max(0)
    return torch.sigmoid(logits - torch.log1p(-torch.exp(logits - 1e-6)) - shift)


def threshold(logits: Tensor, kept: float) -> float:
    """The shift at which a share of samples is kept, found by bisection."""
    low, high = -100.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        if acceptance(logits, middle).mean() > kept:
            low = middle
        else:
            high = middle
    return low
