"""The capstone's tutorial as a whole: what its twelve functions train and score, published or mended."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_utils.data import Images
from course_utils.judge import trained_classifier
from course_utils.latent import fit_prior
from course_utils.metrics import frechet_distance
from course_utils.networks import ConvDiscriminator, ConvEncoder, ConvGenerator
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything

LATENT_DIM = 16
BATCH = 16
GAN_STEPS, VAE_STEPS = 1600, 2400  # about equal times
STAGES = (0.5, 1.0)  # of the training, at which the models are scored
R1_WEIGHT, EVERY = 1.0, 8  # the penalty comes on every 8th step, 8 times as strong


class TutorialGAN(nn.Module):
    """A GAN that is trained by the functions of the tutorial."""

    def __init__(self, functions: Mapping[str, Callable]):
        super().__init__()
        self.functions = SimpleNamespace(**functions)
        self.generator = ConvGenerator(LATENT_DIM)
        self.discriminator = ConvDiscriminator()

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        players = {"generator": self.generator, "discriminator": self.discriminator}
        return {
            name: torch.optim.Adam(player.parameters(), 2e-3, betas=(0.0, 0.99)) for name, player in players.items()
        }

    def training_step(self, batch: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        mine = self.functions
        z = torch.randn(2, len(batch), LATENT_DIM)
        players = (self.generator, self.discriminator)
        penalty = self.penalty if step % EVERY == 0 else no_penalty
        optimizer = optimizers["discriminator"]
        d_loss = mine.discriminator_step(*players, optimizer, mine.discriminator_loss, penalty, batch, z[0])
        g_loss = mine.generator_step(*players, optimizers, z[1])
        return {"d_loss": torch.tensor(d_loss), "g_loss": torch.tensor(g_loss)}

    def penalty(self, discriminator: nn.Module, real: Tensor) -> Tensor:
        return EVERY * R1_WEIGHT * self.functions.r1_penalty(discriminator, real)


def no_penalty(discriminator: nn.Module, real: Tensor) -> float:
    return 0.0


class TutorialVAE(nn.Module):
    """A VAE that is trained by the functions of the tutorial."""

    def __init__(self, functions: Mapping[str, Callable]):
        super().__init__()
        self.functions = SimpleNamespace(**functions)
        self.encoder = ConvEncoder(LATENT_DIM)
        self.decoder = ConvGenerator(LATENT_DIM, batch_norm=True)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"vae": torch.optim.Adam(self.parameters(), 2e-3)}

    def training_step(self, batch: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        mine = self.functions
        terms = (mine.reparameterize, mine.vae_loss)
        loss = mine.vae_step(self.encoder, self.decoder, optimizers["vae"], *terms, batch, 1.0)
        return {"loss": torch.tensor(loss)}


class Outcome(NamedTuple):
    """What a run of the tutorial gives: its models, the three parts of the pictures, and the scores at each stage."""

    gan: TutorialGAN
    vae: TutorialVAE
    parts: list[Tensor]  # pictures for training, validation and test
    distance: Callable[[Tensor, Tensor], float]
    validation: dict[str, Tensor]  # (1, K) for "GAN" and "VAE"
    test: dict[str, Tensor]  # the same
    quoted: dict[str, float]  # the score that `choose` quotes

    @property
    def generators(self) -> dict[str, nn.Module]:
        """What makes pictures from codes, of each model."""
        return {"GAN": self.gan.generator, "VAE": self.vae.decoder}


def run(functions: Mapping[str, Callable], images: Images, seed: int, length: float = 1.0) -> Outcome:
    """Train and score both models with the twelve functions, by name; `length` shortens the training."""
    mine = SimpleNamespace(**functions)
    pictures, labels, originals = pooled(images)
    seed_everything(seed)
    rows = mine.split(originals, 0)  # one split for all seeds of the models
    parts = [pictures[part] for part in rows]
    distance = ruler(images, parts, [labels[part] for part in rows])
    seed_everything(seed)
    gan, vae = TutorialGAN(functions), TutorialVAE(functions)
    gans = trained(gan, parts[0], round(length * GAN_STEPS), seed)
    vaes = trained(vae, parts[0], round(length * VAE_STEPS), seed)
    validation, test = {}, {}
    for stage in range(len(STAGES)):
        networks = (gans[stage].generator, vaes[stage].encoder, vaes[stage].decoder)
        train, held_out, last = parts
        for found, order in ((validation, (train, last, held_out)), (test, (train, held_out, last))):
            both = mine.score(*networks, mine.draw, distance, order, 0)
            for name, each in zip(("GAN", "VAE"), both):
                found[name] = [*found.get(name, []), float(each)]
    validation, test = (as_rows(found) for found in (validation, test))
    quoted = {name: float(mine.choose(validation[name], test[name])[1]) for name in test}
    return Outcome(gan, vae, parts, distance, validation, test, quoted)


def as_rows(scores: Mapping[str, list[float]]) -> dict[str, Tensor]:
    """Scores at K stages as those of one seed: (1, K) each."""
    return {name: torch.tensor([column]) for name, column in scores.items()}


def pooled(images: Images) -> tuple[Tensor, Tensor, Tensor]:
    """All pictures of a data set, their labels and their originals, for the tutorial splits them itself."""
    parts = ("train", "validation", "test")
    columns = ("", "_labels", "_originals")
    return tuple(torch.cat([getattr(images, part + column) for part in parts]) for column in columns)


def ruler(images: Images, parts: list[Tensor], labels: list[Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The Fréchet distance of two sets of pictures, in the features of a classifier that saw the training part."""
    columns = [column for part, label in zip(parts, labels) for column in (part, label, torch.arange(len(part)))]
    classifier = trained_classifier(Images(images.name, images.classes, *columns))
    known: dict[int, Tensor] = {}

    def features(pictures: Tensor) -> Tensor:
        key = pictures.data_ptr()
        if any(pictures is part for part in parts):
            if key not in known:
                known[key] = in_parts(classifier, classifier.body, pictures)
            return known[key]
        return in_parts(classifier, classifier.body, pictures.detach())

    return lambda a, b: frechet_distance(features(a), features(b))


def trained(model: nn.Module, pictures: Tensor, steps: int, seed: int) -> list[nn.Module]:
    """Train a model and return what it was at each stage."""
    stages = [round(share * steps) for share in STAGES]
    how = {"batch_size": BATCH, "average": 0.999, "schedule": "linear", "snapshots": stages, "seed": seed}
    how["device"] = "cpu"  # where the twelve functions make their noise
    history = fit(model, pictures, steps=steps, **how)
    return [history.model_at(model, step) for step in stages]


def with_fitted_prior(outcome: Outcome, seed: int = 0) -> float:
    """The VAE's score, × floor, when codes come from a mixture that was fitted to those of the training part."""
    train, validation, test = outcome.parts
    encoder, decoder = outcome.vae.encoder, outcome.vae.decoder
    codes = in_parts(encoder, lambda x: encoder(x).chunk(2, dim=1)[0], train)
    z = fit_prior(codes[:4000], 10).sample(len(test), seed)
    floor = outcome.distance(validation, test)
    return outcome.distance(in_parts(decoder, lambda z: decoder(z).sigmoid(), z), test) / floor


def published_pictures(outcome: Outcome, n: int = 16) -> dict[str, Tensor]:
    """The pictures that the published tutorial shows: samples of the GAN, and what its `score` takes from the VAE."""
    test = outcome.parts[2][:n]
    vae = outcome.vae.eval()
    with torch.no_grad():
        vae_pictures = vae.decoder(vae.encoder(test).chunk(2, dim=1)[0]).sigmoid()
        gan_pictures = outcome.gan.generator(torch.rand(n, LATENT_DIM)).sigmoid()
    return {"GAN": gan_pictures, "VAE": vae_pictures}
