"""Losses as pure functions of tensors. Discriminators give logits, never probabilities.

A discriminator's loss takes the logits (N,) of real and of generated samples, a generator's loss the logits (N,) of
generated samples; both are means over the batch. The terms of a VAE are in nats and keep the batch: a negative
log-likelihood is summed over pixels, (N,), and the KL divergence has a column for each latent dimension.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus

from course_utils.networks import to_data


def non_saturating_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))), from logits (Goodfellow et al., 2014, equation 1)."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def non_saturating_g(fake_logits: Tensor) -> Tensor:
    """-log D(G(z)): the generator wants its samples to be called real (Goodfellow et al., 2014, section 3)."""
    return softplus(-fake_logits).mean()


def saturating_g(fake_logits: Tensor) -> Tensor:
    """log(1 - D(G(z))): the minimax form, whose gradient fades when the discriminator is sure."""
    return -softplus(fake_logits).mean()


def least_squares_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Squared distance of real outputs from 1 and of generated ones from 0 (Mao et al., 2017, equation 9)."""
    return 0.5 * ((real_logits - 1) ** 2).mean() + 0.5 * (fake_logits**2).mean()


def least_squares_g(fake_logits: Tensor) -> Tensor:
    """Squared distance of generated outputs from 1 (Mao et al., 2017, equation 9)."""
    return 0.5 * ((fake_logits - 1) ** 2).mean()


def hinge_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Push real outputs above 1 and generated ones below -1, and no further (Miyato et al., 2018, equation 16)."""
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def wasserstein_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean output for generated minus mean output for real (Arjovsky et al., 2017, algorithm 1)."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_g(fake_logits: Tensor) -> Tensor:
    """Minus the mean output for generated samples (also the generator's side of the hinge loss)."""
    return -fake_logits.mean()


ADVERSARIAL = {  # name: (discriminator's loss, generator's loss)
    "non_saturating": (non_saturating_d, non_saturating_g),
    "saturating": (non_saturating_d, saturating_g),
    "least_squares": (least_squares_d, least_squares_g),
    "hinge": (hinge_d, wasserstein_g),
    "wasserstein": (wasserstein_d, wasserstein_g),
}


def squared_gradient_norm(discriminator: nn.Module, x: Tensor) -> Tensor:
    """Squared length of the discriminator's gradient at each sample: (N, ...) in, (N,) out."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)  # (N, ...)
    return gradient.flatten(1).square().sum(1)


def r1_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """Half the squared gradient norm on real samples (Mescheder et al., 2018, equation 9, without its weight)."""
    return 0.5 * squared_gradient_norm(discriminator, real).mean()


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """(gradient norm - 1)² on random points between real and generated samples (Gulrajani et al., 2017, equation 3)."""
    mix = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)  # (N, 1, ...)
    between = mix * real + (1 - mix) * fake
    return (squared_gradient_norm(discriminator, between).add(1e-12).sqrt() - 1).square().mean()


def kl_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL divergence of N(mu, exp(logvar)) from N(0, 1) in nats, for each latent dimension: (N, d), (N, d) to (N, d).

    Kingma and Welling (2014), appendix B; the sum over columns is the KL of the whole code.
    """
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


def bernoulli_nll(output: Tensor, x: Tensor, sigma=None) -> Tensor:
    """-log p(x | z) in nats for pixels that are 1 with probability sigmoid(output): (N, ...), (N, ...) to (N,).

    For grey levels x it is the expectation over binary pixels drawn with probabilities x. `sigma` is not used.
    """
    return binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)


def gaussian_nll(output: Tensor, x: Tensor, sigma: float | tuple[float, ...]) -> Tensor:
    """-log p(x | z) in nats for N(to_data(output), sigma²), normalizer included: (N, ...), (N, ...) to (N,).

    `sigma` is in the units of the data, one for all coordinates or a tuple with one for each.
    """
    sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    normalizer = (sigma.log() + 0.5 * math.log(2 * math.pi)).expand(x.shape[1:]).sum()
    return 0.5 * ((x - to_data(output)) / sigma).square().flatten(1).sum(1) + normalizer


LIKELIHOODS = {"bernoulli": bernoulli_nll, "gaussian": gaussian_nll}
