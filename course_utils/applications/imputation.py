"""Filling gaps in images: completions by a VAE, and by what needs none, with the measures that judge them.

Images x are (N, 1, 28, 28) in [0, 1]; a mask of the same shape is 1 where a pixel is seen and 0 in the gap. Each way to
fill returns `Fills`: K completed images of each, with weights.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.applications.torn_images import Regressor, nats, with_mask
from course_utils.plumbing.checks import check_whole
from course_utils.vae import VAE

SURE = 0.01  # no pixel is held for surer than this, by any method: else one sure mistake costs infinitely much


@dataclass(frozen=True)
class Fills:
    """Completions `draws` (K, N, 1, 28, 28), pixels in [0, 1], and the logs of their weights (K, N), which sum to 1."""

    draws: Tensor
    log_weights: Tensor

    @property
    def mean(self) -> Tensor:
        """The weighted mean of the completions: (N, 1, 28, 28)."""
        return (self.log_weights.exp()[:, :, None, None, None] * self.draws).sum(0).clamp(0, 1)

    def one(self, seed: int = 0) -> Tensor:
        """One completion of each image, drawn by weight: (N, 1, 28, 28)."""
        return self.some(1, seed)[0]

    def some(self, n: int, seed: int = 0) -> Tensor:
        """Several completions of each image, drawn by weight: (n, N, 1, 28, 28)."""
        noise = torch.Generator().manual_seed(seed)
        rows = torch.multinomial(self.log_weights.exp().T, n, replacement=True, generator=noise).T  # (n, N)
        return self.draws[rows, torch.arange(rows.shape[1])]


def equal(draws: Tensor) -> Fills:
    """Completions (K, N, 1, 28, 28) of equal weight."""
    return Fills(draws, torch.full(draws.shape[:2], -math.log(len(draws))))


def flipped(fills: Fills, seed: int = 0) -> Fills:
    """Completions whose pixels are drawn, black or white, each by its probability: p(x | z) taken at its word."""
    return Fills(torch.bernoulli(fills.draws, generator=torch.Generator().manual_seed(seed)), fills.log_weights)


@torch.no_grad()
def by_pass(vae: VAE, x: Tensor, mask: Tensor) -> Fills:
    """Zeros in the gap, then once through encoder and decoder, at the mean code."""
    z = vae.encode(x * mask)[0]
    return equal(put_back(vae.decoder(z).sigmoid(), x, mask)[None])


@torch.no_grad()
def by_regressor(network: Regressor, x: Tensor, mask: Tensor) -> Fills:
    """One pass of a supervised network."""
    return equal(put_back(network(with_mask(x, mask)).sigmoid(), x, mask)[None])


@torch.no_grad()
def by_codes(vae: VAE, seen: Tensor, x: Tensor, mask: Tensor, k: int = 40, weighted: bool = True, seed: int = 0):
    """Draw k codes from q(z | seen), weigh each by p(seen pixels, z) / q(z), and decode (Mattei and Frellsen, 2019).

    `seen` is what the encoder gets. Unweighted: take the encoder at its word.
    """
    check_whole(k=k)
    noise = torch.Generator().manual_seed(seed)
    mu, logvar = vae.encode(seen)
    draws, log_weights = [], []
    for _ in range(k):
        eps = torch.randn(mu.shape, generator=noise)
        z = mu + (0.5 * logvar).exp() * eps
        logits = vae.decoder(z)
        prior_over_q = 0.5 * (eps.square() + logvar - z.square()).sum(1)
        log_weights.append(prior_over_q - nats(logits, x, mask))
        draws.append(put_back(logits.sigmoid(), x, mask))
    if not weighted:
        return equal(torch.stack(draws))
    return Fills(torch.stack(draws), torch.stack(log_weights).log_softmax(0))


@torch.no_grad()
def by_gibbs(
    vae: VAE,
    start: Tensor,
    x: Tensor,
    mask: Tensor,
    sweeps: int = 20,
    chains: int = 8,
    keep: int = 5,
    metropolis: bool = False,
    seed: int = 0,
) -> Fills:
    """Encode, draw a code, decode, put the seen pixels back, and again (Rezende et al., 2014, "pseudo-Gibbs").

    Several chains from one `start` (N, 1, 28, 28); of each the last `keep` sweeps count. With `metropolis` the second
    half of the sweeps takes a new code only as often as p(z | seen pixels) says (Mattei and Frellsen, 2018).
    """
    check_whole(sweeps=sweeps, chains=chains, keep=keep)
    noise = torch.Generator().manual_seed(seed)
    x, mask = x.repeat(chains, 1, 1, 1), mask.repeat(chains, 1, 1, 1)
    filled = put_back(start.repeat(chains, 1, 1, 1), x, mask)
    mu, logvar = vae.encode(filled)
    z, target = None, None  # the code now, and log p(seen, z)
    kept = []
    for sweep in range(sweeps):
        eps = torch.randn(mu.shape, generator=noise)
        new = mu + (0.5 * logvar).exp() * eps
        logits = vae.decoder(new)
        new_filled = put_back(logits.sigmoid(), x, mask)
        new_mu, new_logvar = vae.encode(new_filled)
        if metropolis and sweep >= sweeps // 2:
            new_target = -nats(logits, x, mask) - 0.5 * new.square().sum(1)
            there = log_normal(new, mu, logvar)
            if z is not None:
                ratio = new_target - target + log_normal(z, new_mu, new_logvar) - there
                taken = torch.rand(ratio.shape, generator=noise).log() < ratio
                wide = taken[:, None]
                new, new_target = torch.where(wide, new, z), torch.where(taken, new_target, target)
                new_mu, new_logvar = torch.where(wide, new_mu, mu), torch.where(wide, new_logvar, logvar)
                new_filled = torch.where(wide[:, :, None, None], new_filled, filled)
            z, target = new, new_target
        mu, logvar, filled = new_mu, new_logvar, new_filled
        if sweep >= sweeps - keep:
            kept.append(filled.unflatten(0, (chains, -1)))
    return equal(torch.cat(kept))


def by_search(vae: VAE, start: Tensor, x: Tensor, mask: Tensor, steps: int = 100, lr: float = 0.1) -> Fills:
    """Search the code that explains the seen pixels best, by Adam from the code of `start`."""
    z = vae.encode(put_back(start, x, mask))[0].detach().requires_grad_()
    optimizer = torch.optim.Adam([z], lr)
    for _ in range(steps):
        loss = (nats(vae.decoder(z), x, mask) + 0.5 * z.square().sum(1)).sum()
        (z.grad,) = torch.autograd.grad(loss, z)
        optimizer.step()
    with torch.no_grad():
        return equal(put_back(vae.decoder(z).sigmoid(), x, mask)[None])


def by_mean(train: Tensor, x: Tensor, mask: Tensor) -> Fills:
    """Each missing pixel gets its mean over the training images."""
    return equal(put_back(train.mean(0, keepdim=True).expand_as(x), x, mask)[None])


def by_neighbours(train: Tensor, x: Tensor, mask: Tensor, k: int = 5) -> Fills:
    """The k training images that are nearest in the seen pixels; their pixels fill the gap."""
    check_whole(k=k)
    seen, known, rows = (x * mask).flatten(1), mask.flatten(1), train.flatten(1)
    squares = known @ rows.square().T - 2 * seen @ rows.T  # (N, train), less a constant
    nearest = squares.topk(k, largest=False).indices.T  # (k, N)
    return equal(torch.stack([put_back(train[row], x, mask) for row in nearest]))


def by_gaussian(train: Tensor, x: Tensor, mask: Tensor, k: int = 0, ridge: float = 1e-3, seed: int = 0) -> Fills:
    """Fit one Gaussian to the pixels; fill in its conditional mean given the seen ones, in closed form, or k draws."""
    noise = torch.Generator().manual_seed(seed)
    rows = train.flatten(1).double()
    mean, covariance = rows.mean(0), rows.T.cov() + ridge * torch.eye(rows.shape[1], dtype=torch.float64)
    free = torch.zeros(1, len(mean), dtype=torch.float64)
    if k:
        free = torch.randn(k, len(mean), generator=noise, dtype=torch.float64) @ torch.linalg.cholesky(covariance).T
    filled = x.flatten(1).double().repeat(max(k, 1), 1, 1)  # (k, N, pixels)
    for i, known in enumerate(mask.flatten(1).bool()):
        difference = x[i].flatten().double()[known] - mean[known] - free[:, known]  # (k, seen)
        solved = torch.linalg.solve(covariance[known][:, known], difference.T)  # (seen, k)
        filled[:, i, ~known] = mean[~known] + free[:, ~known] + (covariance[~known][:, known] @ solved).T
    return equal(filled.clamp(0, 1).float().unflatten(2, (1, 28, 28)))


def put_back(filled: Tensor, x: Tensor, mask: Tensor) -> Tensor:
    """The seen pixels of x, and in the gap those of `filled`."""
    return mask * x + (1 - mask) * filled


def log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """The log-density of N(mu, exp(logvar)) at z, less a constant: (N,)."""
    return -0.5 * (logvar + (z - mu).square() / logvar.exp()).sum(1)


def rmse(filled: Tensor, x: Tensor, mask: Tensor) -> float:
    """The root of the mean squared error of the missing pixels."""
    missing = 1 - mask
    return (((filled - x).square() * missing).sum() / missing.sum()).sqrt().item()


def surprise(fills: Fills, x: Tensor, mask: Tensor, together: bool = False) -> float:
    """The nats that a missing pixel costs, its mean over all: each pixel alone, or all of an image together.

    Alone, each pixel is Bernoulli with the mean of the completions. Together, the completions are a mixture: all pixels
    are those of one of them. For a single completion the two are one number.
    """
    missing = 1 - mask
    pixels = fills.draws if together else fills.mean[None]
    each = [nats(part.clamp(SURE, 1 - SURE).logit(), x, missing) for part in pixels]  # K of (N,)
    if not together:
        return (each[0].sum() / missing.sum()).item()
    return (-(fills.log_weights - torch.stack(each)).logsumexp(0).sum() / missing.sum()).item()


def covered(fills: Fills, x: Tensor, mask: Tensor, share: float = 0.8, n: int = 200, seed: int = 0) -> float:
    """How often the ink in the gap lies in the middle `share` of the ink of the completions: it should be `share`."""
    if len(fills.draws) < 2:
        raise ValueError("expected several completions of each image, got one: it has no interval")
    missing = 1 - mask
    ink = (fills.some(n, seed) * missing).flatten(2).sum(2)  # (n, N)
    true = (x * missing).flatten(1).sum(1)
    below, above = ink.quantile((1 - share) / 2, 0), ink.quantile((1 + share) / 2, 0)
    return ((below <= true) & (true <= above)).float().mean().item()
