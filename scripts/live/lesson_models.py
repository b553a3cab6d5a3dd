"""The models of lessons 03, 06 and 07, and the priors fitted to them, made by the lines of these lessons.

`fit` finds the checkpoints that the lessons have left, or trains, for some minutes.
"""

import torch
from torch import Tensor

from course_utils import latent, networks
from course_utils.data import Images
from course_utils.gan import GAN
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

SEED = 0
SHARED = dict(batch_size=16, seed=SEED, average=0.999, schedule="linear")


def gan_03(images: Images) -> GAN:
    """The GAN of lesson 03."""
    seed_everything(SEED)
    gan = GAN(networks.ConvGenerator(), networks.ConvDiscriminator(), r1_weight=1.0, penalty_every=8,
              generator_lr=2e-3, discriminator_lr=2e-3)  # fmt: skip
    fit(gan, images.train, steps=8000, batch_size=16, seed=SEED, average=0.999, schedule="linear",
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


def codes_06(vae: VAE, images: Tensor) -> Tensor:
    """One code from the cloud of each image, as lesson 06 draws it: (N, 16)."""
    with torch.no_grad():
        mu, logvar = (torch.cat(half) for half in zip(*(vae.encode(part) for part in images.split(2000))))
    return mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))


def prior_06(vae: VAE, digits: Images) -> latent.FittedPrior:
    """The fitted prior of lesson 06."""
    return latent.fit_prior(codes_06(vae, digits.train), (10, 20, 50), held_out=codes_06(vae, digits.validation))


def codes_07(vae: VAE, images: Tensor) -> Tensor:
    """The mean of the cloud of each image, to which lesson 07 fits its prior: (N, 12)."""
    return vae.codes(images)


def prior_07(vae: VAE, images: Images) -> latent.FittedPrior:
    """The fitted prior of lesson 07."""
    return latent.fit_prior(codes_07(vae, images.train), (20, 50), held_out=codes_07(vae, images.validation))
