"""Was an image among those that a generator learned from (Shokri et al., 2017)? Piles of images, and attacks on them.

An attack gives each image a score, the larger the more training seems to have seen it. It is judged on members and on
others that differ in nothing else.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.applications.anomalies import pixel_entropy
from course_utils.data import Images, vary
from course_utils.gan import GAN
from course_utils.metrics import nearest_neighbours
from course_utils.networks import IMAGE
from course_utils.plumbing.checks import check_data, check_whole
from course_utils.plumbing.device import in_parts
from course_utils.vae import VAE

FALSE_ALARMS = 0.01
TRIES = 20  # variations of an image


class Piles(NamedTuple):
    """Images (N, 1, 28, 28) by what a model knows of them; no two are of one original, but for the siblings."""

    learned: Tensor  # what the model trains on
    members: Tensor  # the tested ones among these
    others: Tensor  # of held-out originals
    siblings: Tensor  # another variation of each member, which the model has not seen; none where there are no more
    spare: Tensor  # of other training originals, as many as members; none where too few are left


def piles(images: Images, n: int | None, seed: int, most: int = 1000) -> Piles:
    """Draw one image of each of n training originals, and the piles beside; with None the model learns from all images.

    At most `most` images of a pile are tested. Raises ValueError for more originals than the training part has.
    """
    random = torch.Generator().manual_seed(seed)
    rows, second = one_each(images.train_originals, random)  # (K,) each
    count = len(rows) if n is None else n
    check_whole(2, n=count)
    if count > len(rows):
        raise ValueError(f"expected n up to {len(rows)}, the originals of the training part, got {n}")
    siblings = second[:0] if n is None else second[:n][:most]  # a model of all images has learned from them
    held_out, originals = images.validation, images.validation_originals
    if len(originals.unique()) < most:  # elsewhere the test part may have other writers, and a shift is no membership
        held_out = torch.cat([held_out, images.test])
        originals = torch.cat([originals, images.test_originals])
    strangers, _ = one_each(originals, random)
    spare = rows[count : 2 * count] if 2 * count <= len(rows) else rows[:0]
    return Piles(
        learned=images.train if n is None else images.train[rows[:n]],
        members=images.train[rows[:count][:most]],
        others=held_out[strangers[:most]],
        siblings=images.train[siblings[siblings >= 0]],
        spare=images.train[spare],
    )


def one_each(originals: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """A random row of each of K originals (N,), in random order, and a second one or -1: (K,) each."""
    order = torch.randperm(len(originals), generator=random)
    found: dict[int, list[int]] = {}
    for row, original in zip(order.tolist(), originals[order].tolist()):
        found.setdefault(original, []).append(row)
    first, second = zip(*((rows + [-1])[:2] for rows in found.values()))
    return torch.tensor(first), torch.tensor(second)


def scores(model: GAN | VAE, x: Tensor) -> dict[str, Tensor]:
    """The attacks of one who holds the model, by name, on images x (N, 1, 28, 28): (N,) each.

    A GAN is asked for its discriminator's logit (LOGAN, Hayes et al., 2019). A VAE is asked for its bound, for
    log p(x | z) at the mean code, for the error of its reconstruction (Hilprecht et al., 2019), and for the bound plus
    the entropy of the grey levels, which no model can bring down.
    """
    check_data(x, IMAGE, torch.float32)
    if isinstance(model, GAN):
        return {"discriminator": in_parts(model, model.discriminator, x)}
    bound = model.elbo(x)
    return {
        "bound": bound,
        "bound + entropy": bound + pixel_entropy(x),
        "mean code": in_parts(model, lambda x: -model.nll(model.encode(x)[0], x), x),
        "squared error": -(model.reconstruct(x) - x).square().flatten(1).sum(1),
    }


def beyond_its_kind(gan: GAN, x: Tensor, tries: int = TRIES) -> Tensor:
    """By how much an image's logit exceeds the mean over small changes of it, (N,).

    An image that looks real has neighbours that do; a remembered one stands out (Mattern et al., 2023, for texts).
    """
    check_whole(tries=tries)
    random = torch.Generator().manual_seed(0)
    around = [in_parts(gan, gan.discriminator, vary(x, random)) for _ in range(tries)]
    return in_parts(gan, gan.discriminator, x) - torch.stack(around).mean(0)


def nearness(x: Tensor, samples: Tensor, tries: int = 0) -> Tensor:
    """The attack of one who has only samples: minus the distance to the nearest, (N,) (GAN-Leaks, Chen et al., 2020).

    With `tries` the nearest over so many small changes of each image.
    """
    return -(found_again(x, samples, tries) if tries else nearest_neighbours(x, samples))[0]


def found_again(images: Tensor, known: Tensor, tries: int = 60) -> tuple[Tensor, Tensor]:
    """The distance (N,) of each image to the nearest known one over small changes, and the index (N,) of that one.

    Each counts as near as the best of its variations, at half the resolution, as in `metrics.nearer_to_training`.
    """
    check_whole(0, tries=tries)
    random = torch.Generator().manual_seed(0)
    small = F.avg_pool2d(known, 2)
    variations = (vary(images, random) if turn else images for turn in range(tries + 1))
    found = [nearest_neighbours(F.avg_pool2d(varied, 2), small) for varied in variations]
    distances, indices = (torch.stack(column) for column in zip(*found))  # (tries + 1, N) each
    nearest, turn = distances.min(0)
    return nearest, indices.gather(0, turn[None])[0]


def caught(members: Tensor, others: Tensor, false_alarms: float = FALSE_ALARMS) -> float:
    """The share of members, by scores (M,), above a threshold that at most so large a share of others (N,) exceeds.

    The true-positive rate at few false positives, which Carlini et al. (2022) ask for: an attack that is sure of a few
    people harms them, however poor its average is. (They go down to 0.1 %; a thousand images do for 1 %.) Raises
    ValueError for fewer others than one false alarm needs.
    """
    if not 0 < false_alarms < 1 or false_alarms * len(others) < 1:
        needed = "at least one false alarm among the others"
        raise ValueError(f"expected {needed}, got a share of {false_alarms} of {len(others)}: bring more others")
    threshold = others.sort(descending=True).values[int(false_alarms * len(others))]
    return (members > threshold).double().mean().item()


def copies(samples: Tensor, members: Tensor, unseen: Tensor, tries: int = 60) -> float:
    """The share of samples that lie nearer to a member, over small changes, than 99 % of unseen real images do.

    About 0.01 for real images; soft samples may have any share, so hold it against a model of other images.
    """
    nearest = [found_again(images, members, tries)[0] for images in (samples, unseen)]
    return (nearest[0] < nearest[1].quantile(FALSE_ALARMS)).double().mean().item()


def nearer_to_members(samples: Tensor, members: Tensor, others: Tensor, tries: int = TRIES) -> float:
    """The share of samples that are nearer to one of n members than to any of n others, over small changes.

    0.5 where nothing is remembered, however soft the samples are, for members and others see the same samples. Members
    that are more than the others are left out, so that even a copier of all members stays below 1.
    """
    n = min(len(members), len(others))
    _, index = found_again(samples, torch.cat([members[:n], others[:n]]), tries)
    return (index < n).double().mean().item()
