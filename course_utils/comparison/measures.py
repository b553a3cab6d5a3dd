"""The measures of lesson 07: one code for both families."""

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from course_utils.comparison.detector import detector_accuracy
from course_utils.comparison.rulers import Rulers
from course_utils.comparison.softness import blur_to, blurred, equally_sharp
from course_utils.comparison.spaces import detour, explained, linear_accuracy
from course_utils.data import Images, vary
from course_utils.judge import Judge
from course_utils.latent import arcs
from course_utils.losses import bernoulli_nll
from course_utils.metrics import nearer_to_training, sharpness
from course_utils.networks import ConvEncoder
from course_utils.plumbing.device import forked_random
from course_utils.plumbing.history import History
from course_utils.training import fit
from course_utils.vae import VAE

SEARCHED = 400  # images whose nearest training image is searched
NEIGHBOURHOOD = ("precision", "recall", "density", "coverage")


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


def picture_measures(samples: Tensor, more: Tensor, rulers: Rulers, images: Images) -> dict:
    """Measure samples (n, 1, 28, 28); `more` are other samples, from which the detectors learn.

    detector, detector_matched    how often a detector is right, as they are and equally sharp
    nearer                        `nearer_to_training`, which is above 0.6 for who copies
    and all that `judged` says.
    """
    images = shuffled(images)
    sets = (images.train[: len(more)], more, images.test[: len(samples)], samples)
    return judged(samples, rulers) | {
        "detector": detector_accuracy(*sets),
        "detector_matched": detector_accuracy(*equally_sharp(*sets)),
        "nearer": nearer_to_training(samples[:SEARCHED], images.train, images.test[:SEARCHED]),
    }


def judged(samples: Tensor, rulers: Rulers) -> dict:
    """What the judges say of samples (n, 1, 28, 28).

    ratio, kid, precision, recall, density, coverage    one number a judge; the ratio is the distance over the floor
    unlabelled                                          the same in features that know no classes, one number each
    classes, sharpness                                  effective classes; mean |Laplacian|
    """
    scores = [measured(judge, samples) for judge in rulers.judges]
    return {name: [score[name] for score in scores] for name in scores[0]} | {
        "unlabelled": measured(rulers.unlabelled, samples),
        "classes": effective_classes(rulers.judges[0].class_shares(samples)),
        "sharpness": sharpness(samples),
    }


def measured(judge: Judge, samples: Tensor) -> dict[str, float]:
    """What one judge says of samples (n, 1, 28, 28)."""
    score = judge.score(samples)
    ratio = score["frechet"] / judge.floor["frechet"]
    return {"ratio": ratio} | {name: score[name] for name in ("kid", "precision", "recall", "density", "coverage")}


def real_measures(rulers: Rulers, images: Images) -> dict:
    """What real images score, which is the aim: validation images beside test images; and what controls score.

    The controls must fail: who draws training images anew (memoriser) is nearer to them than unseen images are, and
    real images as soft as a VAE's are told from real ones until both are equally sharp.
    """
    images = shuffled(images)
    first = rulers.judges[0]
    one, other = images.train.tensor_split(2)
    soft = [blurred(part, 0.6) for part in (other, images.validation[: first.n])]
    redrawn = vary(images.train[:SEARCHED], torch.Generator().manual_seed(0))
    seen = {name: [judge.floor[name] for judge in rulers.judges] for name in ("frechet", "kid", *NEIGHBOURHOOD)}
    return seen | {
        "ratio": [1.0] * len(rulers.judges),
        "unlabelled": rulers.unlabelled.floor,
        "accuracy": [judge.accuracy for judge in rulers.judges],
        "classes": effective_classes(first.class_shares(images.test)),
        "sharpness": sharpness(images.test),
        "detector": detector_accuracy(one, other, images.test[: first.n], images.validation[: first.n]),
        "nearer": nearer_to_training(images.validation[:SEARCHED], images.train, images.test[:SEARCHED]),
        "memoriser": nearer_to_training(redrawn, images.train, images.test[:SEARCHED]),
        "soft": detector_accuracy(one, soft[0], images.test[: first.n], soft[1]),
        "soft_matched": detector_accuracy(*equally_sharp(one, soft[0], images.test[: first.n], soft[1])),
        "independent_pixels": independent_pixels(images),
    }


def independent_pixels(images: Images) -> float:
    """The mean log-likelihood of test images, in nats, if a pixel is 1 as often as it is in training images."""
    share = images.train.mean(0).clamp(1e-3, 1 - 1e-3)  # (1, 28, 28); a pixel that never was 1 is not impossible
    return -bernoulli_nll(share.logit().expand_as(images.test), images.test).mean().item()


def effective_classes(shares: Tensor) -> float:
    """The number of equally frequent classes with the same entropy as shares (classes,): exp(entropy).

    10 for ten equal shares, 1 for a single class.
    """
    return torch.special.entr(shares).sum().exp().item()


def latent_measures(model: nn.Module, rulers: Rulers, softness: float, n: int = 4000, walks: int = 200) -> dict:
    """Measure what a linear function of z knows about its image, and how walks through z go.

    linear_class    the accuracy for the class, as the classifier sees it; NaN if the first half of z draws one class
    linear_ink      R² for `ink`; linear_slant for `slant`
    detour          of the median walk, in the features of each judge, all images blurred to one sharpness: the length
                    of the walk over the distance between its ends, a perceptual path length (Karras et al., 2019)
    """
    z = torch.randn(n, generator_of(model).latent_dim, generator=torch.Generator().manual_seed(0))  # (n, latent_dim)
    drawn = model.sample(z=z)
    classes = rulers.judges[0].predict(drawn)  # (n,)
    several = len(classes[: n // 2].unique()) > 1
    walked = arcs(z.shape[1], walks)  # (T, walks, latent_dim)
    frames = model.sample(z=walked.flatten(0, 1))
    frames = blurred(frames, blur_to(frames, softness))
    return {
        "linear_class": linear_accuracy(z, classes) if several else math.nan,
        "linear_ink": explained(z, ink(drawn)),
        "linear_slant": explained(z, slant(drawn)),
        "detour": [
            detour(judge.features(frames).unflatten(0, walked.shape[:2])).median().item() for judge in rulers.judges
        ],
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
