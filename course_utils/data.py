"""Image data sets as tensors in [0, 1], with training, validation and test parts."""

import importlib.util
import pathlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.plumbing import downloads

FOLDER = pathlib.Path(__file__).parents[1] / "data"
IMAGE_SETS = ("digits", "mnist", "fashion_mnist")


@dataclass(frozen=True)
class Images:
    """An image data set, split three ways: choose settings on validation, quote figures from test.

    The images are float32 in [0, 1] of shape (N, 1, 28, 28); the labels are int64 of shape (N,).
    """

    name: str
    classes: tuple[str, ...]
    train: Tensor  # (N, 1, 28, 28)
    train_labels: Tensor  # (N,)
    validation: Tensor
    validation_labels: Tensor
    test: Tensor
    test_labels: Tensor


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


def _downloaded(name: str, source: str, classes: tuple[str, ...], folder: pathlib.Path) -> Images:
    """The standard test set; the last 10,000 training images are for validation."""
    images, labels, test, test_labels = downloads.read(source, folder)
    images, test = (part[:, None].float().div_(255) for part in (images, test))  # (N, 1, 28, 28)
    return Images(name, classes, images[:50000], labels[:50000], images[50000:], labels[50000:], test, test_labels)


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
        copies = torch.empty(10, *restored.shape)
        for copy in copies:
            copy[:] = _vary(restored, generator)
        parts += [copies.flatten(0, 1), labels[originals].repeat(10)]
    return Images("digits", tuple("0123456789"), *parts)


def _read_digits() -> tuple[Tensor, Tensor]:
    """Return the images (1797, 1, 8, 8) in [0, 1] and the labels that scikit-learn brings along."""
    # Read from beside scikit-learn rather than through it, which would take a second and 120 MB for one small file.
    file = pathlib.Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "data" / "digits.csv.gz"
    if file.exists():
        table = torch.tensor(np.loadtxt(file, delimiter=","), dtype=torch.float32)  # (1797, 65)
    else:  # should it ever move
        from sklearn.datasets import load_digits

        digits = load_digits()
        table = torch.tensor(np.column_stack([digits.data, digits.target]), dtype=torch.float32)
    return table[:, :64].view(-1, 1, 8, 8) / 16, table[:, 64].long()


def _restore(small: Tensor) -> Tensor:
    """Enlarge 8×8 grey levels to crisp 28×28 images: bicubic, a contrast curve, a border of two pixels."""
    large = F.interpolate(small, size=24, mode="bicubic", align_corners=False)  # (N, 1, 24, 24)
    return F.pad(torch.sigmoid(12 * (large - 0.5)).sub(0.0025).div(0.995).clamp(0, 1), (2, 2, 2, 2))  # (N, 1, 28, 28)


def _vary(images: Tensor, generator: torch.Generator) -> Tensor:
    """Rotate by ±15°, shear by ±0.25, scale by ±15 % and shift by ±1.4 pixels, at random."""
    u = torch.rand(len(images), 5, generator=generator) * 2 - 1  # (N, 5)
    angle, shear, scale = u[:, 0] * torch.pi / 12, u[:, 1] * 0.25, 1 + u[:, 2] * 0.15
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos() / scale, (shear - angle.sin()) / scale
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() / scale, angle.cos() / scale
    theta[:, :, 2] = u[:, 3:] * 0.1
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)  # (N, 28, 28, 2)
    return F.grid_sample(images, grid, align_corners=False)


def _grey(picture, size: int) -> np.ndarray:
    """Return a picture upright, on white where it is transparent, grey and square: (size, size), from 0 to 255."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(picture)  # photos are stored as the camera was held
    if picture.mode == "F":
        raise ValueError("its grey levels are floating-point numbers, which have no common range")
    if picture.mode.startswith("I"):  # more than 8 bits, which Pillow would cut off instead of scaling down
        grey = np.asarray(picture)
        picture = Image.fromarray((grey / (257 if grey.max() > 255 else 1)).astype(np.uint8))
    if picture.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    return np.asarray(ImageOps.fit(ImageOps.grayscale(picture), (size, size)), dtype=np.float32)


def load_folder(path: str | pathlib.Path, size: int = 28) -> Images:
    """Load your own pictures: grey, cut to a square, scaled to size×size, one class for each sub-folder.

    Four fifths are for training, a tenth each for validation and test, shuffled from a fixed seed.
    Raises FileNotFoundError for a missing folder and ValueError for one with too few pictures.
    """
    from PIL import Image

    folder = pathlib.Path(path)
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, got {str(path)!r}, which is not a folder")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in Image.registered_extensions())
    if len(files) < 10:
        raise ValueError(f"expected at least 10 pictures in {str(path)!r}, got {len(files)}")
    pictures = []
    for file in files:
        try:
            with Image.open(file) as picture:
                pictures.append(_grey(picture, size))
        except Exception as error:  # Pillow has no one error for damaged files
            raise ValueError(f"expected a picture in {file}, got a file that cannot be read ({error})") from None
    classes = sorted({file.parent.name for file in files})
    labels = torch.tensor([classes.index(file.parent.name) for file in files])
    images = torch.tensor(np.stack(pictures))[:, None] / 255  # (N, 1, size, size)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    tenth = len(images) // 10
    parts = [
        part for rows in order.split([len(images) - 2 * tenth, tenth, tenth]) for part in (images[rows], labels[rows])
    ]
    return Images(folder.name, tuple(classes), *parts)


def check_data(x: Tensor, shape: tuple[int, ...] | None = None) -> None:
    """Raise TypeError or ValueError, in one sentence, unless x is data of the given shape: floats, images in [0, 1]."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"expected a tensor of floats, got {x.dtype if isinstance(x, Tensor) else type(x).__name__}")
    if len(x) == 0:
        raise ValueError("expected at least one sample, got none")
    if shape and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"expected data of shape (N, {', '.join(map(str, shape))}), got {tuple(x.shape)}")
    low, high = x.aminmax()
    if not (low.isfinite() and high.isfinite()):
        raise ValueError("expected finite values, got NaN or infinity in the data")
    if x.dim() == 4 and (low < 0 or high > 1):
        raise ValueError(f"expected images in [0, 1], got values from {low:.3g} to {high:.3g}: rescale them first")
