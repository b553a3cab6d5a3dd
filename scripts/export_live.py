"""Write what two live pages show: `python scripts/export_live.py`.

It trains, or loads, the models of lessons 03, 06 and 07 with the lines of these lessons, and writes their weights and
codes for docs/site/live/explorer, and samples and what was measured of them for docs/site/live/blind_test.
"""

import base64
import inspect
import json
import pathlib
from collections.abc import Callable

import numpy as np
import torch
from execution import ROOT
from torch import Tensor, nn

from course_utils import data, latent, metrics, networks
from course_utils.comparison.likelihood import best_codes
from course_utils.comparison.measures import generator_of, shuffled
from course_utils.data import Images
from course_utils.gan import GAN
from course_utils.plumbing.checkpoints import RUNS, fingerprint_of_weights
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE, reparameterize

LIVE = ROOT / "docs" / "site" / "live"
SEED = 0
SHARED = dict(batch_size=16, seed=SEED, average=0.999, schedule="linear")
DIRECTIONS = 6  # of z, along which pictures change most
ENDS = 20  # digits between which one can walk, two of each class
CODES = 600  # codes of unseen digits, drawn as points


def gan_03(digits: Images) -> GAN:
    """The GAN of lesson 03."""
    seed_everything(SEED)
    gan = GAN(networks.ConvGenerator(), networks.ConvDiscriminator(), r1_weight=1.0, penalty_every=8,
              generator_lr=2e-3, discriminator_lr=2e-3)  # fmt: skip
    fit(gan, digits.train, steps=8000, batch_size=16, seed=SEED, average=0.999, schedule="linear",
        snapshots=(0, 100, 300, 1000, 3000, 8000), checkpoint="03_gan")  # fmt: skip
    return gan


def vae_06(digits: Images) -> VAE:
    """The VAE of lesson 06."""
    seed_everything(SEED)
    vae = VAE(networks.ConvEncoder(16), networks.ConvGenerator(16), lr=2e-3)
    fit(vae, digits.train, steps=4000, batch_size=16, seed=SEED, average=0.999, schedule="linear",
        held_out=digits.validation[:500], checkpoint="06_vae")  # fmt: skip
    return vae


def gan_07(images: Images) -> GAN:
    """The GAN of lesson 07, with the settings of the fair fight."""
    seed_everything(SEED)
    gan = GAN(networks.ConvGenerator(16), networks.ConvDiscriminator(), r1_weight=0.03, penalty_every=8,
              generator_lr=2e-3, discriminator_lr=2e-3)  # fmt: skip
    fit(gan, images.train, steps=4500, checkpoint="07_gan", **SHARED)
    return gan


def vae_07(images: Images) -> VAE:
    """The VAE of lesson 07, whose settings are for a fitted prior."""
    seed_everything(SEED)
    vae = VAE(networks.ConvEncoder(12, (16, 32)), networks.ConvGenerator(12, batch_norm=True), beta=0.25, lr=2e-3)
    fit(vae, images.train, steps=6500, checkpoint="07_vae", **SHARED)
    return vae


def draws_06(vae: VAE, images: Tensor) -> Tensor:
    """One code from the cloud of each image, as lesson 06 draws it: (N, 16)."""
    with torch.no_grad():
        mu, logvar = (torch.cat(half) for half in zip(*(vae.encode(part) for part in images.split(2000))))
    return mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))


def prior_06(vae: VAE, digits: Images) -> latent.FittedPrior:
    """The fitted prior of lesson 06."""
    return latent.fit_prior(draws_06(vae, digits.train), (10, 20, 50), held_out=draws_06(vae, digits.validation))


def prior_07(vae: VAE, images: Images) -> latent.FittedPrior:
    """The fitted prior of lesson 07."""
    return latent.fit_prior(vae.codes(images.train), (20, 50), held_out=vae.codes(images.validation))


def packed(tensor: Tensor) -> dict:
    """Return a tensor as a page reads it: its shape, and its float32 numbers in base64."""
    numbers = tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()
    return {"shape": list(tensor.shape), "float32": base64.b64encode(numbers).decode()}


def layers_of(network: nn.Sequential) -> list[dict]:
    """Return each layer of a decoder: its kind, its numbers by their names in PyTorch, and its settings."""
    settings = {
        nn.Unflatten: lambda layer: {"shape": list(layer.unflattened_size)},
        nn.PixelShuffle: lambda layer: {"factor": layer.upscale_factor},
        nn.BatchNorm2d: lambda layer: {"eps": layer.eps},
    }
    layers = []
    for layer in network:
        numbers = {name: packed(tensor) for name, tensor in layer.state_dict().items() if tensor.is_floating_point()}
        others = settings.get(type(layer), lambda layer: {})(layer)
        layers.append({"kind": type(layer).__name__} | numbers | others)
    return layers


def fingerprint(network: nn.Module) -> str:
    """Return a SHA-256 of all numbers of a network, in their order."""
    numbers = [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
    return hashlib.sha256(b"".join(tensor.numpy().astype("<f4").tobytes() for tensor in numbers)).hexdigest()


def main_directions(decoder: nn.Module, draws: int = 256) -> Tensor:
    """Return the directions of z along which pictures change most: (DIRECTIONS, latent_dim), of length 1.

    They are the first eigenvectors of the mean of JᵀJ over draws of N(0, I), where J has the slopes of all pixels.
    """
    z = torch.randn(draws, decoder.latent_dim, generator=torch.Generator().manual_seed(0))

    def pixels(code: Tensor) -> Tensor:
        return networks.to_data(decoder(code[None])).flatten()

    with looking_at(decoder):
        slopes = torch.func.vmap(torch.func.jacrev(pixels), chunk_size=32)(z)  # (draws, 784, latent_dim)
    _, vectors = torch.linalg.eigh(torch.einsum("npi,npj->ij", slopes, slopes).double())  # from the least to the most
    rows = vectors.T.flip(0)[:DIRECTIONS]
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return rows * largest.sign()  # a vector and its opposite are one direction: the largest number is positive
