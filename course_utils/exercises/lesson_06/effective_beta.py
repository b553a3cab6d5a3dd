"""What β does a VAE's loss really use? Its slope against the true KL over its slope against the true likelihood."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.losses import LIKELIHOODS, kl_divergence

POINTS = 12


@dataclass(frozen=True)
class WeightedELBO:
    """The answer of `effective_beta`: NaN for a loss that is no weighted ELBO."""

    beta: float
    sigma: float | None = None  # with a Gaussian likelihood: that with which the loss is an ELBO with β = 1

    def __str__(self) -> str:
        if math.isnan(self.beta):
            return "not a weighted ELBO"
        if self.sigma is None:
            return f"β = {self.beta:.4g}"
        return f"β = {self.beta:.4g} at σ = 1, which is β = 1 at σ = {self.sigma:.4g}"


def effective_beta(
    loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    likelihood: str = "bernoulli",
    logits: bool = False,
    batch_size: int = 64,
    latent_dim: int = 20,
    shape: tuple[int, ...] = (1, 28, 28),
) -> WeightedELBO:
    """Return the β with which a loss is a β-weighted ELBO, up to a factor and a constant, or say that it is none.

    Parameters
    ----------
    loss : of (output, x, mu, logvar), written by anyone; a scalar. Shapes (N, *shape) twice and (N, latent_dim) twice.
    likelihood : "bernoulli", or "gaussian" for squared errors, whose β is stated at σ = 1 together with the σ that
        β = 1 would mean: only β · σ² can be told from such a loss.
    logits : whether a Bernoulli loss takes logits; otherwise `output` holds probabilities (means for a Gaussian).
    batch_size, latent_dim, shape : of the data that the loss is meant for; means instead of sums make β depend on them.

    The slopes are measured at random points: with mu and logvar fixed against the negative log-likelihood, then with
    the output fixed against the KL divergence. Where either is no straight line, or the two do not simply add up, the
    loss is no weighted ELBO. Values are compared, not gradients: a detached term counts as if it were learned from.
    """
    if likelihood not in LIKELIHOODS:
        raise ValueError(f"expected a likelihood among {', '.join(LIKELIHOODS)}, got {likelihood!r}")
    random = torch.Generator().manual_seed(0)

    def normal(*size: int) -> Tensor:
        # Widths differ from point to point and from sample to sample: sums that agree by chance would deceive.
        width = 0.2 + 2 * torch.rand(size[0], *[1] * (len(size) - 1), generator=random, dtype=torch.float64)
        return width * (0.3 + torch.rand((), generator=random)) * torch.randn(size, generator=random, dtype=width.dtype)

    x = torch.rand(batch_size, *shape, generator=random, dtype=torch.float64)
    raw = [normal(batch_size, *shape) for _ in range(POINTS)]
    codes = [(normal(batch_size, latent_dim), normal(batch_size, latent_dim)) for _ in range(POINTS)]
    if likelihood == "bernoulli":
        outputs = raw if logits else [output.sigmoid() for output in raw]
        nll = [LIKELIHOODS["bernoulli"](output, x).mean() for output in raw]
    else:
        outputs = [output.sigmoid() for output in raw]
        nll = [0.5 * (x - output).square().flatten(1).sum(1).mean() for output in outputs]
    kl = [kl_divergence(mu, logvar).sum(1).mean() for mu, logvar in codes]
    of_output = [loss(output, x, *codes[0]) for output in outputs]
    of_codes = [loss(outputs[0], x, mu, logvar) for mu, logvar in codes]
    together = [loss(output, x, mu, logvar) for output, (mu, logvar) in zip(outputs, codes)]
    sums = [a + b - of_output[0] for a, b in zip(of_output, of_codes)]  # what an ELBO, a sum of two terms, would give
    per_nll, per_kl, one = slope(nll, of_output), slope(kl, of_codes), slope(sums, together)
    beta = per_kl / per_nll if per_nll > 0 and abs(one - 1) < 1e-2 else math.nan
    sigma = math.sqrt(beta) if likelihood == "gaussian" and beta > 0 else None
    return WeightedELBO(beta, sigma)


def slope(x: list, y: list) -> float:
    """Return the slope of y over x, NaN unless all points lie on one straight line up to the rounding of y."""
    x, y = (torch.stack([torch.as_tensor(value).detach() for value in values]) for values in (x, y))
    if y.dim() != 1 or not y.isfinite().all():
        return math.nan
    tolerance = 1e-6 if y.dtype == torch.float64 else 1e-3
    x, y = x.double() - x.double().mean(), y.double() - y.double().mean()
    value = (x @ y / (x @ x)).item()
    off = (y - value * x).abs().max()
    return value if off <= tolerance * y.abs().max() else math.nan
