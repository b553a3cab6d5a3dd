"""A lower bound on the log-likelihood of images under a decoder, found by search: the same for both families.

An encoder that is added to a GAN afterwards gives a bound, too, but a loose one: it says little of the generator.
"""

import math

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from course_utils.losses import bernoulli_nll
from course_utils.plumbing.device import looking_at

STARTS = 10  # searches for each image; the best counts
STEPS = 150
DRAWS = 400  # importance samples for each image


def searched_bound(decoder: nn.Module, images: Tensor, seed: int = 0) -> tuple[float, float]:
    """Bound the mean log-likelihood of images (N, 1, 28, 28) under a decoder, in nats; its grey levels are Bernoulli's.

    The best code z of each image is found by gradient ascent on log p(x, z). Codes around it are then drawn from a
    Gaussian with the curvature of log p(x, z) there, and weighted by importance (Burda et al., 2016, equation 8, with a
    proposal that is searched). Returns the bound and the median effective number of draws: few mean a loose bound.
    """
    generator = torch.Generator().manual_seed(seed)
    bounds = []
    effective = []
    with looking_at(decoder), torch.enable_grad():  # for the gradients of codes
        for x, z in zip(images, best_codes(decoder, images, generator)):
            weights = weights_around(z, x, decoder, generator)
            bounds.append(weights.logsumexp(0) - math.log(DRAWS))
            effective.append(1 / weights.softmax(0).square().sum())
    return torch.stack(bounds).mean().item(), torch.stack(effective).median().item()


def weights_around(z: Tensor, x: Tensor, decoder: nn.Module, generator: torch.Generator) -> Tensor:
    """log p(x, z) - log q(z) at draws from a Gaussian q around the code z (d,) of an image x (1, 28, 28): (DRAWS,)."""
    proposal = gaussian_around(z, decoder)
    draws = z + torch.randn(DRAWS, len(z), generator=generator) @ proposal.scale_tril.T  # (DRAWS, d)
    with torch.no_grad():
        return log_joint(decoder, draws, x.expand(DRAWS, -1, -1, -1)) - proposal.log_prob(draws)


def log_joint(decoder: nn.Module, z: Tensor, x: Tensor) -> Tensor:
    """log p(x | z) + log p(z) of images (N, 1, 28, 28) and codes (N, d), in nats: (N,)."""
    log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)  # (N,)
    return log_prior - bernoulli_nll(decoder(z), x)


def best_codes(decoder: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
    """Search the most probable code of each image from several starts, by Adam at a falling rate: (N, d)."""
    x = images.repeat_interleave(STARTS, 0)  # (N * STARTS, 1, 28, 28)
    z = torch.randn(len(x), decoder.latent_dim, generator=generator, requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.1)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, STEPS)
    for _ in range(STEPS):
        loss = -log_joint(decoder, z, x).sum()
        (z.grad,) = torch.autograd.grad(loss, z)  # of the codes alone: the decoder stays as it is
        optimizer.step()
        falling.step()
    with torch.no_grad():
        found = log_joint(decoder, z, x).unflatten(0, (-1, STARTS)).argmax(1)  # (N,)
    return z.detach().unflatten(0, (-1, STARTS))[torch.arange(len(images)), found]


def gaussian_around(z: Tensor, decoder: nn.Module) -> MultivariateNormal:
    """The Gaussian at a code (d,) whose precision is the curvature of -log p(x, z) there, by Gauss and Newton.

    It is a little wider, for a proposal that is too narrow makes a few weights huge.
    """
    slope = torch.func.jacrev(lambda code: decoder(code[None]).flatten())(z)  # (pixels, d)
    chance = decoder(z[None]).sigmoid().flatten().detach()  # (pixels,)
    weight = (chance * (1 - chance)).clamp_min(1e-4)  # the curvature of a Bernoulli in its logit
    precision = slope.T @ (slope * weight[:, None]) + torch.eye(len(z))
    covariance = torch.cholesky_inverse(torch.linalg.cholesky(precision.detach()))  # symmetric to the last digit
    return MultivariateNormal(z, 1.3 * covariance)
