"""What lesson 07 compares a GAN and a VAE by: each number comes from the same code for both families."""

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from course_utils.data import Images
from course_utils.judge import Judge, detector_accuracy
from course_utils.latent import arcs, detour, explained, invert, largest_step, linear_accuracy, same_class_neighbours
from course_utils.losses import bernoulli_nll
from course_utils.metrics import nearest_neighbours, sharpness
from course_utils.networks import ConvEncoder
from course_utils.plumbing.device import forked_random
from course_utils.plumbing.history import History
from course_utils.training import fit
from course_utils.vae import VAE

LOOKED_UP = 1000  # images whose nearest training image is looked up


def shuffled(images: Images) -> Images:
    """Return the same images, each part in a fixed random order, so that the first n of them are a fair sample."""
    order = torch.Generator().manual_seed(0)
    parts = {}
    for part in ("train", "validation", "test"):
        rows = torch.randperm(len(getattr(images, part)), generator=order)
        parts |= {name: getattr(images, name)[rows] for name in (part, f"{part}_labels", f"{part}_originals")}
    return replace(images, **parts)


def generator_of(model: nn.Module) -> nn.Module:
    """Return the network that turns codes into images: a GAN's generator or a VAE's decoder."""
    return model.generator if hasattr(model, "generator") else model.decoder


def picture_measures(samples: Tensor, more: Tensor, judge: Judge, images: Images) -> dict[str, float]:
    """Return what samples (n, 1, 28, 28) are like, n = judge.n; `more` of them, other ones, teach the detector.

    ratio is the Fréchet distance over that of real images; classes the exponential of the entropy of class shares,
    that is, the number of equally frequent classes with as much entropy; detector the share of held-out images, real
    and generated, that it calls rightly; close the share of samples that are closer to a training image than all but
    1 % of test images are.
    """
    score, images = judge.score(samples), shuffled(images)
    seen, unseen = images.train[: len(more)], images.test[: judge.n]
    gap, usual = (nearest_neighbours(x[:LOOKED_UP], images.train)[0] for x in (samples, images.test))  # (N,), (N,)
    return score | {
        "ratio": score["frechet"] / judge.floor["frechet"],
        "classes": effective_classes(judge.class_shares(samples)),
        "detector": detector_accuracy(seen, more, unseen, samples),
        "close": (gap < usual.quantile(0.01)).float().mean().item(),
    }


def real_measures(judge: Judge, images: Images) -> dict[str, float]:
    """Return the same for real images: what to aim at. The detector must tell two sets of real images apart."""
    images, half = shuffled(images), len(images.train) // 2
    return judge.floor | {
        "ratio": 1.0,
        "classes": effective_classes(judge.class_shares(images.test)),
        "detector": detector_accuracy(
            images.train[:half], images.train[half:], images.test[: judge.n], images.validation[: judge.n]
        ),
        "sharpness": sharpness(images.test),
        "independent_pixels": independent_pixels(images),
    }


def apart(images: Tensor) -> Tensor:
    """Return how far each image is from the nearest other one, over all pixels: (N, ...) to (N,), N of at least 2."""
    if len(images) < 2:
        raise ValueError(f"expected at least two images, got {len(images)}")
    x = images.flatten(1)
    return torch.cdist(x, x).fill_diagonal_(math.inf).amin(1)


def independent_pixels(images: Images) -> float:
    """Return the mean log-likelihood of test images, in nats, if each pixel is 1 with its share in training images."""
    share = images.train.mean(0).clamp(1e-3, 1 - 1e-3)  # (1, 28, 28); a pixel never seen must not be impossible
    return -bernoulli_nll(share.logit().expand_as(images.test), images.test).mean().item()


def effective_classes(shares: Tensor) -> float:
    """Return exp(entropy) of shares (classes,): 10 for ten equal shares, 1 for a single class."""
    return torch.special.entr(shares).sum().exp().item()


def latent_measures(model: nn.Module, judge: Judge, n: int = 4000, walks: int = 200) -> dict[str, float]:
    """Return what z (n, latent_dim) tells about its image through a linear function, and how walks in z go.

    drawn_groups is the mean share of the five nearest of these z that draw the same class, as the classifier sees it.
    """
    z = torch.randn(n, generator_of(model).latent_dim, generator=torch.Generator().manual_seed(0))  # (n, latent_dim)
    drawn = model.sample(z=z)
    classes = judge.predict(drawn)  # (n,)
    frames = torch.stack([model.sample(z=codes) for codes in arcs(z.shape[1], walks)])  # (T, walks, ...)
    return {
        "linear_class": linear_accuracy(z, classes) if len(classes[: n // 2].unique()) > 1 else math.nan,
        "drawn_groups": same_class_neighbours(z, classes),
        "linear_ink": explained(z, ink(drawn)),
        "linear_slant": explained(z, slant(drawn)),
        "detour": detour(frames).median().item(),
        "largest_step": largest_step(frames).median().item(),
        "jump": largest_step(frames).max().item(),
    }


def ink(images: Tensor) -> Tensor:
    """Return the mean grey level of each image: how thick its strokes are, (N, 1, 28, 28) to (N,)."""
    return images.flatten(1).mean(1)


def slant(images: Tensor) -> Tensor:
    """Return how far each image leans: the columns' mean shift for a row further down, (N, 1, 28, 28) to (N,)."""
    weight = images[:, 0] / images.sum((1, 2, 3)).clamp_min(1e-6)[:, None, None]  # (N, 28, 28), sums to 1
    place = torch.arange(28.0)
    rows, columns = weight.sum(2) @ place, weight.sum(1) @ place  # (N,), (N,), the centre of mass
    down = place - rows[:, None]  # (N, 28)
    right = place - columns[:, None]  # (N, 28)
    together = torch.einsum("nij,ni,nj->n", weight, down, right)
    return together / torch.einsum("nij,ni->n", weight, down.square()).clamp_min(1e-6)


def code_measures(model: nn.Module, added: VAE, x: Tensor, labels: Tensor, steps: int = 300) -> dict[str, float]:
    """Return how well codes rebuild images and group their classes.

    The codes are found by search (inverted), by an encoder `added` afterwards (`with_encoder`), and by a VAE's own.
    """
    codes, error = invert(generator_of(model), x, steps)
    found = {"inverted_groups": same_class_neighbours(codes, labels), "inverted_error": error.mean().item()}
    for prefix, vae in {"added_": added, "": model}.items():
        if isinstance(vae, VAE):
            error = (vae.reconstruct(x) - x).flatten(1).square().sum(1)
            found |= {f"{prefix}groups": same_class_neighbours(vae.codes(x), labels)}
            found |= {f"{prefix}error": error.mean().item()}
    return found


def with_encoder(generator: nn.Module, train: Tensor, steps: int = 2000) -> VAE:
    """Return a VAE around a finished generator, which stays as it is: only its encoder has learned.

    It gives a lower bound on the log-likelihood of any generator, once its output is read as Bernoulli pixels. Raises
    ValueError for a generator with running statistics, which training would change.
    """
    if buffers := [name for name, _ in generator.named_buffers()]:
        raise ValueError(f"expected a generator without running statistics, such as batch norm's, got {buffers}")
    decoder = copy.deepcopy(generator).requires_grad_(False)
    with forked_random(0, torch.device("cpu")):
        vae = VAE(ConvEncoder(decoder.latent_dim), decoder, lr=2e-3)
    fit(vae, train, steps=steps, batch_size=32, seed=0, schedule="linear")
    return vae


def stage_measures(model: nn.Module, history: History, judge: Judge) -> dict[str, list[float]]:
    """Return, for each snapshot after the start, its step, its ratio, and the losses logged then."""
    steps = [step for step in history.snapshots if step]
    distances = [judge.frechet(history.model_at(model, step).sample(judge.n)) for step in steps]
    losses = {name: [history.near(name, step) for step in steps] for name in history.metrics}
    return {"step": steps, "ratio": [distance / judge.floor["frechet"] for distance in distances]} | losses
