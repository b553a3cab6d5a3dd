"""Scores for strangers: images of a kind that training never saw. Larger means stranger, for each of them."""

import io
import math
import zlib

import torch
from PIL import Image
from torch import Tensor

from course_utils.losses import kl_divergence
from course_utils.plumbing.checks import check_data, check_whole
from course_utils.plumbing.device import forked_random, looking_at
from course_utils.vae import VAE


def auroc(strangers: Tensor, known: Tensor) -> float:
    """The chance that a stranger's score is the larger, of scores (M,) of strangers and (N,) of known images.

    The area under the ROC curve: 1 is perfect, 0.5 is a coin, below 0.5 the score has the wrong sign. Ties count half.
    Raises ValueError for scores that are empty, that have another shape or that are NaN.
    """
    for scores in (strangers, known):
        if scores.dim() != 1 or not len(scores) or scores.isnan().any():
            raise ValueError(f"expected scores (N,) without NaN, at least one, got the shape {tuple(scores.shape)}")
    ordered = known.detach().double().sort().values
    below, up_to = (torch.searchsorted(ordered, strangers.detach().double(), right=right) for right in (False, True))
    return ((below + up_to).double().mean() / (2 * len(known))).item()


def coded_bytes(images: Tensor, coder: str = "png") -> Tensor:
    """The length of each image (N, 1, H, W), written with 256 grey levels by a lossless coder, in bytes: (N,).

    A measure of how complex an image is that knows of no model (Serrà et al., 2020). Raises ValueError for a coder
    other than "png" and "zlib".
    """
    check_data(images)
    if coder not in CODERS:
        raise ValueError(f"expected a coder among {', '.join(CODERS)}, got {coder!r}")
    levels = images.detach().cpu().mul(255).round().byte().squeeze(1).numpy()  # (N, H, W)
    return torch.tensor([float(len(CODERS[coder](level))) for level in levels])


def _png(levels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "png", optimize=True)
    return file.getvalue()


CODERS = {"png": _png, "zlib": lambda levels: zlib.compress(levels.tobytes(), 9)}


def pixel_entropy(images: Tensor) -> Tensor:
    """What grey pixels cost under a Bernoulli that draws their very grey levels, in nats: (N,).

    The negative log-likelihood of x under p is KL(x, p) + H(x). This is H(x), which no model can bring down.
    """
    check_data(images)
    return (torch.special.entr(images) + torch.special.entr(1 - images)).flatten(1).sum(1)


def distance_to_known(points: Tensor, known: Tensor, k: int = 5) -> Tensor:
    """The distance of each point (N, ...) to its k-th nearest among known ones (M, ...) of the same shape: (N,)."""
    if points.shape[1:] != known.shape[1:]:
        raise ValueError(f"expected points of the shape {tuple(known.shape[1:])}, got {tuple(points.shape[1:])}")
    check_whole(k=k)
    check_whole(k, known=len(known))
    rows, others = points.flatten(1), known.flatten(1)
    return torch.cat([torch.cdist(part, others).kthvalue(k, 1).values for part in rows.split(500)])


def likelihood_regret(vae: VAE, images: Tensor, steps: int = 50, draws: int = 16, seed: int = 0) -> Tensor:
    """By how much a posterior of its own would raise the bound of each image, in nats: (N,) (Xiao et al., 2020).

    The means and log-variances that the encoder proposes are moved for `steps` steps of Adam; the decoder stays. Both
    bounds are estimated with the same noise of that many `draws`. Xiao et al. move the whole encoder for each image.
    """
    check_whole(steps=steps, draws=draws)
    check_data(images)
    if not vae.stochastic:
        raise ValueError("expected a stochastic VAE, got a plain autoencoder: it has no likelihood to bound")
    with looking_at(vae) as device, forked_random(seed, device), torch.enable_grad():
        x = images.to(device)
        proposed = [part.detach() for part in vae.encode(x)]  # (N, d) each
        moved = [part.clone().requires_grad_() for part in proposed]
        noise = torch.randn(draws, *moved[0].shape, device=device)  # (draws, N, d)
        optimizer = torch.optim.Adam(moved, lr=0.05)
        for _ in range(steps):
            loss = -_bound(vae, x, *moved, torch.randn_like(moved[0])[None]).sum()
            for part, slope in zip(moved, torch.autograd.grad(loss, moved)):  # the VAE's own gradients stay untouched
                part.grad = slope
            optimizer.step()
        with torch.no_grad():
            return (_bound(vae, x, *moved, noise) - _bound(vae, x, *proposed, noise)).cpu()


def _bound(vae: VAE, x: Tensor, mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """The lower bound with given noise (K, N, d), the mean over the K draws: (N,)."""
    sigma = (0.5 * logvar).exp()
    nll = torch.stack([vae.nll(mu + sigma * eps, x) for eps in noise]).mean(0)  # (N,)
    return -nll - kl_divergence(mu, logvar).sum(1)


def score_in_bits(reconstruction: Tensor, kl: Tensor, lengths: Tensor) -> Tensor:
    """How many bits an image (N,) costs the model beyond what a coder that knows nothing needs (Serrà et al., 2020).

    `reconstruction` (N,) and `kl` (N, d) are the terms of the negative bound in nats, `lengths` (N,) is in bytes.
    """
    return (reconstruction + kl.sum(1)) / math.log(2) - 8 * lengths
