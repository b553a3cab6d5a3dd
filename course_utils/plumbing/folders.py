"""A learner's own pictures: which files of a folder count, and how each becomes square, small, and grey or coloured."""

import os
import pathlib
import sys
from collections import Counter

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from course_utils.plumbing.checks import check_whole

AT_LEAST = 10  # pictures
LEFT_BY_SYSTEMS = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"}  # besides hidden files
RECOGNIZED_ONLY = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}  # formats that Pillow cannot draw by itself
BITS_PER_SAMPLE = 258  # the number of this tag in TIFF files


def read(folder: pathlib.Path, size: int, colour: bool) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Read all pictures as images (N, C, size, size) in [0, 1], with their labels (N,) and the names of the classes.

    Raises FileNotFoundError for a missing folder, ValueError for too few pictures and for one that cannot be read.
    """
    check_whole(size=size)
    files, labels, classes = classified(folder)
    pixels = torch.from_numpy(np.stack([square(file, size, colour) for file in files]))  # (N, size, size, C)
    images = pixels.movedim(3, 1).contiguous().float().div_(255)  # (N, C, size, size)
    return images, labels, classes


def classified(folder: pathlib.Path) -> tuple[list[pathlib.Path], Tensor, tuple[str, ...]]:
    """List the pictures in a folder, with their labels (N,) and the names of the classes."""
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, got {str(folder)!r}, which is not a folder")
    files = pictures_in(folder)
    homes = sorted({file.parent for file in files})
    places = {home: label for label, home in enumerate(homes)}
    labels = torch.tensor([places[file.parent] for file in files])  # (N,)
    classes = [folder.resolve().name if home == folder else home.relative_to(folder).as_posix() for home in homes]
    return files, labels, tuple(classes)


def write(files: list[pathlib.Path], size: int, colour: bool, path: pathlib.Path) -> None:
    """Write pictures as bytes (N, C, size, size) into one file, one at a time: all of them need not fit into memory."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        for picture in files:
            file.write(square(picture, size, colour).transpose(2, 0, 1).tobytes())  # (C, size, size)
    os.replace(part, path)


def pictures_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """List the pictures in a folder and below it, in order; what is left out is said on stderr."""
    formats = Image.registered_extensions()
    readable = {suffix for suffix, name in formats.items() if name in Image.OPEN and name not in RECOGNIZED_ONLY}
    homes, files = visible(folder)
    pictures = [file for file in files if file.suffix.lower() in readable]
    others = Counter(file.suffix.lower() or file.name for file in files if file.suffix.lower() not in readable)
    filled = {parent for file in pictures for parent in file.parents}
    empty = [str(home.relative_to(folder)) for home in homes if home not in filled]
    notice = ""
    if others:
        kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(others.items()))
        notice += f"; left out, since they cannot be read as pictures: {kinds} (save pictures as PNG or JPEG)"
    if empty:
        notice += f"; no picture, and so no class, in: {', '.join(empty)}"
    if len(pictures) < AT_LEAST:
        raise ValueError(f"expected at least {AT_LEAST} pictures in {str(folder)!r}, got {len(pictures)}{notice}")
    if notice:
        print(f"{len(pictures)} pictures in {folder}{notice}.", file=sys.stderr)
    return pictures


def visible(folder: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """List the folders below a folder, and the files in all of them, but for what is hidden or left by a system."""

    def counts(name: str) -> bool:
        return not name.startswith(".") and name.lower() not in LEFT_BY_SYSTEMS

    homes = []
    files = []
    seen = {os.path.realpath(folder)}  # a link may lead back to a folder above it
    for home, below, names in os.walk(folder, followlinks=True):
        below[:] = [name for name in below if counts(name) and os.path.realpath(os.path.join(home, name)) not in seen]
        seen |= {os.path.realpath(os.path.join(home, name)) for name in below}
        homes += [pathlib.Path(home, name) for name in below]
        files += [pathlib.Path(home, name) for name in names if counts(name)]
    return sorted(homes), sorted(files)


def square(file: pathlib.Path, size: int, colour: bool) -> np.ndarray:
    """Read a picture upright, on white where it is transparent, cut to a square: (size, size, 3 or 1) of bytes."""
    try:
        with Image.open(file) as picture:
            white = white_level(picture)
            picture = ImageOps.exif_transpose(picture)  # photos are stored as the camera was held
            if white > 255:  # Pillow would cut such grey levels off instead of scaling them down
                levels = np.asarray(picture) * (255 / white)
                picture = Image.fromarray(np.rint(levels).astype(np.uint8))
            if picture.has_transparency_data:
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
            picture = picture.convert("RGB" if colour else "L")
            return np.asarray(ImageOps.fit(picture, (size, size))).reshape(size, size, -1)
    except Exception as error:  # Pillow has no one error for damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"expected a picture in {file}, got a file that cannot be read ({reason}): save it anew or take it away"
        ) from None


def white_level(picture: Image.Image) -> int:
    """The grey level that means white, by the depth of the file and not by the levels that happen to occur."""
    if picture.mode.startswith("I;16"):
        depth = picture.tag_v2[BITS_PER_SAMPLE][0] if picture.format == "TIFF" else 16
        return 2**depth - 1
    if picture.mode == "I" and picture.format in ("PNG", "PPM"):  # 16 bits in a container of 32
        return 2**16 - 1
    if picture.mode in ("I", "F"):
        raise ValueError("its grey levels are 32-bit or floating-point numbers, for which no level means white")
    return 255
