"""The variational autoencoder: encode, reparameterize, decode (Kingma and Welling, 2014)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_utils.losses import LIKELIHOODS, kl_divergence
from course_utils.networks import sample, to_data
from course_utils.plumbing.checks import check_data, check_whole, latent_dim_of, look_at, look_at_generator
from course_utils.plumbing.device import forked_random, in_parts, looking_at, split, torch_defaults
from course_utils.plumbing.labels import given, x_and_y


def mu_and_logvar(output: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    """Split an encoder's output (N, 2 * latent_dim) into means and log-variances, (N, latent_dim) each."""
    if output.dim() != 2 or output.shape[1] != 2 * latent_dim:
        expected = f"({len(output)}, {2 * latent_dim}), means and log-variances for latent_dim={latent_dim}"
        raise ValueError(f"expected the encoder's output to have the shape {expected}, got {tuple(output.shape)}")
    mu, logvar = output.chunk(2, dim=1)
    return mu, logvar


def reparameterize(mu: Tensor, logvar: Tensor) -> Tensor:
    """Return z = mu + sigma * eps, a code from N(mu, exp(logvar)) through which gradients pass (section 2.4)."""
    return mu + (0.5 * logvar).exp() * torch.randn_like(mu)


class VAE(nn.Module):
    """An encoder and a decoder that raise one lower bound on log p(x), in nats (Kingma and Welling, 2014).

    Networks that were built for `classes` get the labels y of a batch (x, y), too: the bound is one on log p(x | y).

    Parameters
    ----------
    encoder : x (N, ...) to (N, 2 * latent_dim): the means and the log-variances of q(z | x).
    decoder : z (N, latent_dim) to raw output; it has an attribute `latent_dim`. Every generator of the course serves.
    likelihood : "bernoulli" (each pixel is 1 with a probability) or "gaussian" (with its normalizer).
    sigma : standard deviation of the Gaussian likelihood in units of the data; one for all, or a tuple for points.
    beta : weight of the KL divergence in the loss; 1 is the bound itself (Higgins et al., 2017).
    warmup_steps : steps over which that weight grows from 0 to beta (Bowman et al., 2016).
    free_bits : nats of KL for each latent dimension that cost nothing (Kingma et al., 2016, equation 15).
    stochastic : False makes a plain autoencoder: the code is the mean, and there is no KL.
    lr : learning rate of Adam.

    Raises ValueError for a setting that means nothing, and before the first step for networks that do not fit.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: str = "bernoulli",
        sigma: float | tuple[float, ...] = 1.0,
        beta: float = 1.0,
        warmup_steps: int = 0,
        free_bits: float = 0.0,
        stochastic: bool = True,
        lr: float = 1e-3,
    ):
        super().__init__()
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"expected a likelihood among {', '.join(LIKELIHOODS)}, got {likelihood!r}")
        if not torch.as_tensor(sigma).min() > 0:
            raise ValueError(f"expected sigma above 0, got {sigma}")
        if not all(value >= 0 for value in (beta, free_bits)):
            raise ValueError(f"expected beta and free_bits of at least 0, got {beta} and {free_bits}")
        check_whole(0, warmup_steps=warmup_steps)
        latent_dim_of(decoder, "decoder")
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.sigma = sigma
        self.beta = beta
        self.warmup_steps = warmup_steps
        self.free_bits = free_bits
        self.stochastic = stochastic
        self.lr = float(lr)  # a checkpoint holds no numpy

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for both networks: they share one loss."""
        fused = next(self.parameters()).device.type in ("cpu", "cuda")
        return {"vae": torch.optim.Adam(self.parameters(), self.lr, fused=fused)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move encoder and decoder once; return the terms of the bound, means over the batch in nats."""
        x, y = x_and_y(batch)
        if step == 0:
            self.check(x, y)
        loss, metrics = self.loss(x, self.kl_weight(step), y)
        optimizers["vae"].zero_grad()
        loss.backward()
        optimizers["vae"].step()
        return metrics

    def check(self, x: Tensor, y: Tensor | None = None) -> None:
        """Raise ValueError for data that the likelihood is not for, and for networks that do not fit them."""
        if self.likelihood == "bernoulli" and x.dim() == 2:
            raise ValueError('expected likelihood="gaussian" for points, got "bernoulli", which is for images')
        if self.stochastic:  # the codes of a plain autoencoder may be bounded
            look_at(self.encoder, x, "encoder", "any means and log-variances", y=y)
        look_at_generator(self.decoder, x, "decoder", y)

    def loss(self, x: Tensor, kl_weight: float, y: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, a scalar in nats per image, and what to log; it can be compiled."""
        reconstruction, kl = self.terms(x, y)  # (N,), (N, latent_dim)
        loss = reconstruction.mean() + kl_weight * kl.mean(0).clamp(min=self.free_bits).sum()
        return loss, self.report(reconstruction, kl)

    def kl_weight(self, step: int) -> float:
        """Return the weight of the KL divergence at a step: beta, or less during the warm-up."""
        return self.beta * min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else self.beta

    def terms(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return -log p(x | z) (N,) for one code z of each x, and the KL divergence (N, latent_dim), in nats."""
        mu, logvar = self.encode(x, y)  # (N, latent_dim), (N, latent_dim)
        if not self.stochastic:
            return self.nll(mu, x, y), torch.zeros_like(mu)
        return self.nll(reparameterize(mu, logvar), x, y), kl_divergence(mu, logvar)

    def report(self, reconstruction: Tensor, kl: Tensor) -> dict[str, Tensor]:
        """Return the means to log; a plain autoencoder has no bound."""
        reconstruction = reconstruction.detach().mean()
        kl = kl.detach().sum(1).mean()
        if not self.stochastic:
            return {"reconstruction": reconstruction}
        return {"reconstruction": reconstruction, "kl": kl, "elbo": -reconstruction - kl}

    @torch_defaults()
    def evaluate(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """Return what `training_step` returns, for held-out data, without a step and with its own noise."""
        check_data(x)
        with looking_at(self) as device, forked_random(0, device):
            parts = [self.terms(*part) for part in split(x, y, device)]
        reconstruction, kl = (torch.cat(column) for column in zip(*parts))  # (N,), (N, latent_dim)
        return self.report(reconstruction, kl)

    def encode(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the mean and the log-variance of q(z | x): (N, latent_dim) each."""
        return mu_and_logvar(given(self.encoder, y)(x), self.decoder.latent_dim)

    def nll(self, z: Tensor, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return -log p(x | z) in nats: (N,)."""
        output = given(self.decoder, y)(z)
        if output.shape != x.shape:  # it would broadcast
            raise ValueError(f"expected data shaped {tuple(output.shape)}, got {tuple(x.shape)}")
        return LIKELIHOODS[self.likelihood](output, x, self.sigma)

    def codes(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the mean of q(z | x) for each x, on the CPU: (N, latent_dim)."""
        return in_parts(self, lambda x, y=None: self.encode(x, y)[0], x, y)

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the mean of p(x | z) at the mean code of each x, on the CPU: the shape of x."""
        return in_parts(self, lambda x, y=None: to_data(given(self.decoder, y)(self.encode(x, y)[0])), x, y)

    def active_units(self, x: Tensor, threshold: float = 0.01, *, y: Tensor | None = None) -> int:
        """Return how many latent dimensions say something about x: their mean code varies over x by more than that.

        The threshold is on the variance (Burda et al., 2016, section 5.2).
        """
        check_whole(2, samples=len(x))
        return int((self.codes(x, y).var(0) > threshold).sum())

    def elbo(self, x: Tensor, seed: int = 0, *, y: Tensor | None = None) -> Tensor:
        """Return an estimate of the lower bound on log p(x), from one code each, in nats: (N,)."""

        def elbo(x: Tensor, y: Tensor | None = None) -> Tensor:
            reconstruction, kl = self.terms(x, y)
            return -reconstruction - kl.sum(1)

        return self.bound(elbo, x, seed, y)

    def iwae_bound(self, x: Tensor, k: int = 50, seed: int = 0, *, y: Tensor | None = None) -> Tensor:
        """Return the k-sample bound on log p(x) in nats, which rises to it with k: (N,) (Burda et al., 2016, eq. 8)."""
        check_whole(k=k)
        return self.bound(lambda x, y=None: self.log_mean_weight(x, k, y), x, seed, y)

    @torch_defaults()
    def bound(self, estimate: Callable[..., Tensor], x: Tensor, seed: int, y: Tensor | None = None) -> Tensor:
        """Return an estimate for each x, in parts and with its own noise, so that looking changes nothing."""
        if not self.stochastic:
            raise ValueError("expected a stochastic VAE, got a plain autoencoder: it has no likelihood to bound")
        check_data(x)
        with forked_random(seed, next(self.parameters()).device):
            return in_parts(self, estimate, x, y)

    def log_mean_weight(self, x: Tensor, k: int, y: Tensor | None = None) -> Tensor:
        """Return log of the mean of p(x, z) / q(z | x) over k codes z from q(z | x): (N,)."""
        mu, logvar = self.encode(x, y)
        total = torch.full_like(mu[:, 0], -math.inf)  # (N,), log of the sum of weights so far
        for _ in range(k):
            eps = torch.randn_like(mu)
            z = mu + (0.5 * logvar).exp() * eps  # (N, latent_dim)
            prior_over_posterior = 0.5 * (eps.square() + logvar - z.square()).sum(1)  # (N,), log p(z) - log q(z | x)
            total = torch.logaddexp(total, prior_over_posterior - self.nll(z, x, y))
        return total - math.log(k)

    @torch_defaults()
    def sample(self, n: int = 64, z: Tensor | None = None, seed: int = 0, pixels: bool = False, y=None) -> Tensor:
        """Return means of p(x | z) for codes of the prior, for display; the same n and seed give the same codes.

        `z` (n, latent_dim) replaces the codes. With `pixels` each pixel (or coordinate) is drawn from p(x | z), and
        Gaussian grey levels are cut off at 0 and 1. A decoder for `classes` draws the labels `y`, (n,) or one for all;
        unless told, each class in turn.
        """
        means = sample(self.decoder, n, z, seed, y)
        if not pixels:
            return means
        noise = torch.Generator().manual_seed(seed + 1)
        if self.likelihood == "bernoulli":
            return torch.bernoulli(means, generator=noise)
        drawn = means + torch.as_tensor(self.sigma) * torch.randn(means.shape, generator=noise)
        return drawn.clamp(0, 1) if means.dim() == 4 else drawn
