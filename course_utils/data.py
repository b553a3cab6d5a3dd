"""Image data sets as tensors in [0, 1], with training, validation and test parts."""

import importlib.util
import pathlib
from dataclasses import dataclass
from itertools import chain
from math import prod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.plumbing import downloads, folders
from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import torch_defaults

FOLDER = pathlib.Path(__file__).parents[1] / "data"
IMAGE_SETS = ("digits", "mnist", "fashion_mnist")
COPIES = 10  # of each original of the digits
PIXELS, ABOUT = "pixels.bytes", "about.pt"  # the two files of a packed folder


@dataclass(frozen=True)
class Images:
    """An image data set, split three ways: choose settings on validation, quote figures from test.

    The images are float32 in [0, 1] of shape (N, C, H, W): (N, 1, 28, 28) in the data sets of the lessons, C = 3 for
    colour; those of `load_packed` are bytes. The labels are int64 of shape (N,), and so are the originals. Variations
    of one digit have the same number there, and no number is in two parts: two images are independent samples only if
    their originals differ.
    """

    name: str
    classes: tuple[str, ...]
    train: Tensor  # (N, C, H, W)
    train_labels: Tensor  # (N,)
    train_originals: Tensor  # (N,)
    validation: Tensor
    validation_labels: Tensor
    validation_originals: Tensor
    test: Tensor
    test_labels: Tensor
    test_originals: Tensor


@torch_defaults()
def load(name: str, folder: str | pathlib.Path = FOLDER) -> Images:
    """Load an image data set by name: "digits" (no download), "mnist" or "fashion_mnist".

    Raises ValueError for an unknown name and ConnectionError when a download is needed and fails.
    """
    if name == "digits":
        return _digits()
    if name == "mnist":
        return _downloaded(name, "MNIST", tuple("0123456789"), folder)
    if name == "fashion_mnist":
        classes = "T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot"
        return _downloaded(name, "FashionMNIST", tuple(classes.split()), folder)
    raise ValueError(f"expected one of {', '.join(IMAGE_SETS)}, got {name!r}; load_folder(path) reads your own images")


@torch_defaults()
def load_folder(path: str | pathlib.Path, size: int = 28, colour: bool = False) -> Images:
    """Load your own pictures: cut to a square, scaled to size×size, grey or in colour: (N, 1 or 3, size, size).

    A convolutional network halves a picture several times, so that the size should be 28, 32, 64, 96 or the like.

    The class of a picture is the path of its folder below `path`, such as "cats", or "a/cats" beside "b/cats";
    pictures that lie directly in `path` form a class with the name of that folder. Hidden files and folders do not
    count, and files that are no readable pictures are named on stderr. A tenth of each class, at least one picture,
    is for validation, as much for test, the rest for training, shuffled from a fixed seed.

    Raises FileNotFoundError for a missing folder, and ValueError for a damaged picture, for fewer than 10 pictures and
    for a class of fewer than 3.
    """
    folder = pathlib.Path(path).expanduser()
    parts = []
    images, labels, classes = folders.read(folder, size, colour)
    for rows in _split(labels, classes):
        parts += [images[rows], labels[rows], rows]
    return Images(folder.resolve().name, classes, *parts)


@torch_defaults()
def pack_folder(pictures: str | pathlib.Path, path: str | pathlib.Path, size: int = 28, colour: bool = False) -> Images:
    """Write a folder of pictures that do not fit into memory into a new folder `path`, and return `load_packed(path)`.

    Pictures are treated, and classes and parts chosen, as by `load_folder`. It is done once; a picture takes size²
    bytes, three times as many in colour. Raises FileExistsError for a folder that is there, and what `load_folder`
    does.
    """
    check_whole(size=size)
    folder, path = pathlib.Path(pictures).expanduser(), pathlib.Path(path).expanduser()
    if path.exists():
        raise FileExistsError(
            f"expected a new folder, got {str(path)!r}: delete it, or call load_packed({str(path)!r})"
        )
    files, labels, classes = folders.classified(folder)
    parts = _split(labels, classes)
    order = torch.cat(parts)
    about = {"name": folder.resolve().name, "classes": list(classes), "shape": (3 if colour else 1, size, size)}
    about |= {"parts": [len(part) for part in parts], "labels": labels[order], "originals": order}
    path.mkdir(parents=True)
    torch.save(about, path / ABOUT)
    folders.write([files[i] for i in order], size, colour, path / PIXELS)
    return load_packed(path)


@torch_defaults()
def load_packed(path: str | pathlib.Path) -> Images:
    """Load what `pack_folder` wrote: images in bytes (N, C, H, W) that stay in their file until somebody looks at them.

    `fit` takes them as they are; `images[:100].float() / 255` are floats in [0, 1]. Writing into them would change the
    file. Raises FileNotFoundError for a folder without these files, ValueError for one that was not written to its end.
    """
    path = pathlib.Path(path).expanduser().resolve()
    if not (path / ABOUT).exists() or not (path / PIXELS).exists():
        raise FileNotFoundError(f"expected a folder that pack_folder has written, got {str(path)!r}")
    about = torch.load(path / ABOUT, weights_only=True)
    shape = (len(about["labels"]), *about["shape"])
    size = (path / PIXELS).stat().st_size
    if size != prod(shape):
        raise ValueError(
            f"expected {prod(shape)} bytes in {path / PIXELS}, got {size}: delete the folder, pack it anew"
        )
    # Not shared, the system would want memory for the whole file, in case that somebody writes.
    pixels = torch.from_file(str(path / PIXELS), shared=True, size=size, dtype=torch.uint8).view(shape)  # (N, C, H, W)
    columns = (column.split(about["parts"]) for column in (pixels, about["labels"], about["originals"]))
    return Images(about["name"], tuple(about["classes"]), *chain.from_iterable(zip(*columns)))


def _split(labels: Tensor, classes: tuple[str, ...]) -> list[Tensor]:
    """Choose the rows of the three parts at random, each part with every class in it."""
    part = torch.zeros_like(labels)  # 0 for training, 1 for validation, 2 for test
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    for label, name in enumerate(classes):
        rows = order[labels[order] == label]
        if len(rows) < 3:
            got = f"got {len(rows)} of {name!r}"
            raise ValueError(f"expected at least 3 pictures of each class, one for each part, {got}")
        tenth = max(1, round(len(rows) / 10))
        part[rows[:tenth]] = 1
        part[rows[tenth : 2 * tenth]] = 2
    return [order[part[order] == which] for which in range(3)]


def _downloaded(name: str, source: str, classes: tuple[str, ...], folder: str | pathlib.Path) -> Images:
    """The standard test set; the last 10,000 training images are for validation."""
    images, labels, test, test_labels = downloads.read(source, folder)
    images = torch.cat([images, test])[:, None].float().div_(255)  # (70000, 1, 28, 28)
    labels = torch.cat([labels, test_labels])
    originals = torch.arange(len(labels))  # each image is one
    sizes = [50_000, 10_000, 10_000]
    parts = zip(images.split(sizes), labels.split(sizes), originals.split(sizes))
    return Images(name, classes, *chain.from_iterable(parts))


def _digits() -> Images:
    """1,797 handwritten digits (E. Alpaydin and C. Kaynak, 1998), restored from 8×8 to 28×28.

    The originals are split before any of them is varied, so that no held-out digit has a relative in training.
    """
    small, labels = _read_digits()
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(labels), generator=generator)
    order = order[labels[order].argsort(stable=True)]  # by class, shuffled within it, so that every part has all
    sixth = torch.arange(len(order)) % 6
    parts = []
    for originals in (order[sixth > 1], order[sixth == 0], order[sixth == 1]):
        originals = originals[torch.randperm(len(originals), generator=generator)]
        restored = _restore(small[originals])  # (N, 1, 28, 28)
        copies = restored.new_empty(COPIES, *restored.shape)
        for copy in copies:
            copy[:] = vary(restored, generator)
        parts += [copies.flatten(0, 1), labels[originals].repeat(COPIES), originals.repeat(COPIES)]
    return Images("digits", tuple("0123456789"), *parts)


def _read_digits() -> tuple[Tensor, Tensor]:
    """The 8×8 images that come with scikit-learn, (1797, 1, 8, 8) in [0, 1], and their labels."""
    # Importing scikit-learn for this one small file would take a second and 120 MB.
    file = pathlib.Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "data" / "digits.csv.gz"
    if file.exists():
        table = torch.tensor(np.loadtxt(file, delimiter=","), dtype=torch.float32)  # (1797, 65)
    else:  # should it ever move
        from sklearn.datasets import load_digits

        table = torch.tensor(np.column_stack(load_digits(return_X_y=True)), dtype=torch.float32)
    return table[:, :64].view(-1, 1, 8, 8) / 16, table[:, 64].long()


def _restore(small: Tensor) -> Tensor:
    """Enlarge 8×8 grey levels to crisp 28×28 images: bicubic, a contrast curve, a border of two pixels."""
    large = F.interpolate(small, size=24, mode="bicubic", align_corners=False)  # (N, 1, 24, 24)
    crisp = torch.sigmoid(12 * (large - 0.5)).sub(0.0025).div(0.995)  # from 0 to 1, as the grey levels were
    return F.pad(crisp.clamp(0, 1), (2, 2, 2, 2))  # (N, 1, 28, 28)


def vary(images: Tensor, generator: torch.Generator) -> Tensor:
    """Rotate images (N, 1, H, W) by ±15°, shear by ±0.25, scale by ±15 % and shift by 5 % of their size, at random."""
    u = torch.rand(len(images), 5, generator=generator) * 2 - 1  # (N, 5)
    angle = u[:, 0] * torch.pi / 12
    shear = u[:, 1] * 0.25
    scale = 1 + u[:, 2] * 0.15
    theta = images.new_zeros(len(images), 2, 3)
    theta[:, 0, 0] = angle.cos() / scale
    theta[:, 0, 1] = (shear - angle.sin()) / scale
    theta[:, 1, 0] = angle.sin() / scale
    theta[:, 1, 1] = angle.cos() / scale
    theta[:, :, 2] = u[:, 3:] * 0.1  # the shift, in halves of the picture
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)  # (N, 28, 28, 2)
    return F.grid_sample(images, grid, align_corners=False)
