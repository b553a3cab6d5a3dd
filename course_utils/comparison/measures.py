"""The measures of lesson 07: one code for both families."""

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from course_utils.comparison.detector import detector_accuracy
from course_utils.comparison.spaces import detour, explained, invert, largest_step, linear_accuracy
from course_utils.data import Images
from course_utils.judge import Judge
from course_utils.latent import arcs, same_class_neighbours
from course_utils.losses import bernoulli_nll
from course_utils.metrics import nearest_neighbours, sharpness
from course_utils.networks import ConvEncoder
from course_utils.plumbing.device import forked_random
from course_utils.plumbing.history import History
from course_utils.training import fit
from course_utils.vae import VAE

SEARCHED = 1000  # images whose nearest training image is searched


def shuffled(images: Images) -> Images:
    """Put each part into a fixed random order, so that its first n images are a fair sample."""
    order = torch.Generator().manual_seed(0)
    parts = {}
    for part in ("train", "validation", "test"):
        rows = torch.randperm(len(getattr(images, part)), generator=order)
        parts |= {name: getattr(images, name)[rows] for name in (part, f"{part}_labels", f"{part}_originals")}
    return replace(images, **parts)


def generator_of(model: nn.Module) -> nn.Module:
    """The network that turns codes into images: a GAN's generator or a VAE's decoder."""
    return model.generator if hasattr(model, "generator") else model.decoder


def picture_measures(samples: Tensor, more: Tensor, judge: Judge, images: Images) -> dict[str, float]:
    """Measure samples (judge.n, 1, 28, 28); `more` are other samples, from which the detector learns.

    Besides `Judge.score`, with effective classes:
    ratio       the Fréchet distance over that of real images
    detector    the share of held-out images, real and generated, about which the detector is right
    close       the share of samples that are nearer to a training image than 99 % of test images are
    """
    score = judge.score(samples)
    images = shuffled(images)
    to_training, _ = nearest_neighbours(samples[:SEARCHED], images.train)  # (N,)
    usual, _ = nearest_neighbours(images.test[:SEARCHED], images.train)  # (N,)
    close = to_training < usual.quantile(0.01)  # (N,)
    return score | {
        "ratio": score["frechet"] / judge.floor["frechet"],
        "classes": effective_classes(judge.class_shares(samples)),
        "detector": detector_accuracy(images.train[: len(more)], more, images.test[: judge.n], samples),
        "close": close.float().mean().item(),
    }


def real_measures(judge: Judge, images: Images) -> dict[str, float]:
    """What real images score, which is the aim; the detector has to tell two sets of them apart."""
    images = shuffled(images)
    one, other = images.train.tensor_split(2)
    return judge.floor | {
        "ratio": 1.0,
        "classes": effective_classes(judge.class_shares(images.test)),
        "detector": detector_accuracy(one, other, images.test[: judge.n], images.validation[: judge.n]),
        "sharpness": sharpness(images.test),
        "independent_pixels": independent_pixels(images),
    }


def apart(images: Tensor) -> Tensor:
    """The distance of each image, over all pixels, to the nearest other one: (N, ...) to (N,), N of at least 2."""
    if len(images) < 2:
        raise ValueError(f"expected at least two images, got {len(images)}")
    x = images.flatten(1)
    return torch.cdist(x, x).fill_diagonal_(math.inf).amin(1)


def independent_pixels(images: Images) -> float:
    """The mean log-likelihood of test images, in nats, if a pixel is 1 as often as it is in training images."""
    share = images.train.mean(0).clamp(1e-3, 1 - 1e-3)  # (1, 28, 28); a pixel that never was 1 is not impossible
    return -bernoulli_nll(share.logit().expand_as(images.test), images.test).mean().item()


def effective_classes(shares: Tensor) -> float:
    """The number of equally frequent classes with the same entropy as shares (classes,): exp(entropy).

    10 for ten equal shares, 1 for a single class.
    """
    return torch.special.entr(shares).sum().exp().item()


def latent_measures(model: nn.Module, judge: Judge, n: int = 4000, walks: int = 200) -> dict[str, float]:
    """Measure what a linear function of z knows about its image, and how walks through z go.

    linear_class    the accuracy for the class, as the classifier sees it; NaN if the first half of z draws one class
    linear_ink      R² for `ink`; linear_slant for `slant`
    drawn_groups    the mean share of the five nearest z that draw the same class; NaN where linear_class is
    detour, largest_step    of the median walk (`spaces.detour`, `spaces.largest_step`); jump is the largest step of all
    """
    z = torch.randn(n, generator_of(model).latent_dim, generator=torch.Generator().manual_seed(0))  # (n, latent_dim)
    drawn = model.sample(z=z)
    classes = judge.predict(drawn)  # (n,)
    several = len(classes[: n // 2].unique()) > 1
    frames = torch.stack([model.sample(z=codes) for codes in arcs(z.shape[1], walks)])  # (T, walks, ...)
    return {
        "linear_class": linear_accuracy(z, classes) if several else math.nan,
        "drawn_groups": same_class_neighbours(z, classes) if several else math.nan,
        "linear_ink": explained(z, ink(drawn)),
        "linear_slant": explained(z, slant(drawn)),
        "detour": detour(frames).median().item(),
        "largest_step": largest_step(frames).median().item(),
        "jump": largest_step(frames).max().item(),
    }


def ink(images: Tensor) -> Tensor:
    """The mean grey level of each image, which tells how thick its strokes are: (N, 1, 28, 28) to (N,)."""
    return images.flatten(1).mean(1)


def slant(images: Tensor) -> Tensor:
    """How far each image leans: the mean shift in columns for one row further down, (N, 1, 28, 28) to (N,)."""
    weight = images[:, 0] / images.sum((1, 2, 3)).clamp_min(1e-6)[:, None, None]  # (N, 28, 28), sums to 1
    place = torch.arange(28.0)
    middle_row = weight.sum(2) @ place  # (N,)
    middle_column = weight.sum(1) @ place  # (N,)
    down = place - middle_row[:, None]  # (N, 28)
    right = place - middle_column[:, None]  # (N, 28)
    together = torch.einsum("nij,ni,nj->n", weight, down, right)
    return together / torch.einsum("nij,ni->n", weight, down.square()).clamp_min(1e-6)


def code_measures(model: nn.Module, added: VAE, x: Tensor, labels: Tensor, steps: int = 300) -> dict[str, float]:
    """Measure how well codes of images x rebuild them (error), and how well they group their classes (groups).

    Codes come from a search (inverted_), from an encoder `added` afterwards (added_; `with_encoder`), and from the
    model's own encoder if it is a VAE.
    """
    codes, error = invert(generator_of(model), x, steps)
    found = {"inverted_groups": same_class_neighbours(codes, labels), "inverted_error": error.mean().item()}
    found |= {f"added_{name}": number for name, number in encoder_measures(added, x, labels).items()}
    if isinstance(model, VAE):
        found |= encoder_measures(model, x, labels)
    return found


def encoder_measures(vae: VAE, x: Tensor, labels: Tensor) -> dict[str, float]:
    """How well a VAE's codes group classes, and its squared error for an image, a sum over pixels."""
    error = (vae.reconstruct(x) - x).flatten(1).square().sum(1)  # (N,)
    return {"groups": same_class_neighbours(vae.codes(x), labels), "error": error.mean().item()}


def with_encoder(generator: nn.Module, train: Tensor, steps: int = 2000) -> VAE:
    """Train an encoder for a finished generator, which stays as it is, and return the VAE of the two.

    If the generator's output is read as Bernoulli pixels, this gives a lower bound on its log-likelihood. Raises
    ValueError for a generator with running statistics, which training would change.
    """
    buffers = [name for name, _ in generator.named_buffers()]
    if buffers:
        raise ValueError(f"expected a generator without running statistics, such as batch norm's, got {buffers}")
    decoder = copy.deepcopy(generator).requires_grad_(False)
    with forked_random(0, torch.device("cpu")):
        vae = VAE(ConvEncoder(decoder.latent_dim), decoder, lr=2e-3)
    fit(vae, train, steps=steps, batch_size=32, seed=0, schedule="linear")
    return vae


def stage_measures(model: nn.Module, history: History, judge: Judge) -> dict[str, list[float]]:
    """The steps of all snapshots after the start, the ratio of each, and the losses logged then."""
    steps = [step for step in history.snapshots if step]
    distances = [judge.frechet(history.model_at(model, step).sample(judge.n)) for step in steps]
    losses = {name: [history.near(name, step) for step in steps] for name in history.metrics}
    return {"step": steps, "ratio": [distance / judge.floor["frechet"] for distance in distances]} | losses
