"""A learner's own pictures: which numbers become of grey levels, colours, transparency and shapes."""

import struct

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import data

DEEP = {  # how a picture with grey levels of more than 8 bits is saved
    "16-bit PNG": (np.uint16, "png"),
    "16-bit TIFF": (np.uint16, "tif"),
    "16-bit PGM": (np.int32, "pgm"),
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("brightest", [65535, 257, 256, 255, 254])
def test_pictures_of_16_bits_keep_their_grey_levels_however_bright_they_are(tmp_path, kind, brightest):
    dtype, suffix = DEEP[kind]
    for i in range(10):
        levels = np.linspace(0, brightest, 28).astype(dtype)
        Image.fromarray(np.tile(levels, (28, 1))).save(tmp_path / f"{i}.{suffix}")
    images = data.load_folder(tmp_path).train
    expected = torch.linspace(0, brightest / 65535, 28).expand(8, 1, 28, 28)
    torch.testing.assert_close(images, expected, atol=1 / 255, rtol=0)


def test_the_white_of_12_bits_is_white(tmp_path):
    Image.fromarray(np.full((28, 28), 65535, dtype=np.uint16)).save(tmp_path / "0.tif")
    depth = struct.pack("<HHIHH", 258, 3, 1, 16, 0)  # the tag of the bits per sample, one short number
    content = (tmp_path / "0.tif").read_bytes()
    assert content.count(depth) == 1
    for i in range(10):
        (tmp_path / f"{i}.tif").write_bytes(content.replace(depth, struct.pack("<HHIHH", 258, 3, 1, 12, 0)))
    with Image.open(tmp_path / "0.tif") as picture:
        assert np.asarray(picture).max() == 4095
    assert (data.load_folder(tmp_path).train == 1).all()


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_grey_levels_without_a_white_are_refused(tmp_path, dtype):
    for i in range(10):
        Image.fromarray(np.full((8, 8), 200, dtype=dtype)).save(tmp_path / f"{i}.tif")
    with pytest.raises(ValueError, match="0.tif, got a file that cannot be read .*for which no level means white"):
        data.load_folder(tmp_path)


def test_transparent_pictures_lie_on_white_and_photos_stand_upright(tmp_path):
    ink = np.zeros((28, 28, 4), dtype=np.uint8)
    ink[:, :14, 3] = 255  # black on the left, nothing on the right
    for i in range(10):
        Image.fromarray(ink).save(tmp_path / f"{i}.png")
    images = data.load_folder(tmp_path).train
    assert (images[..., :14] == 0).all() and (images[..., 14:] == 1).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90° clockwise to see it upright
    for i in range(10):
        Image.fromarray(ink[..., 3]).save(tmp_path / f"{i}.png", exif=exif)
    images = data.load_folder(tmp_path).train
    assert (images[:, :, :14] == 1).all() and (images[:, :, 14:] == 0).all()


ORANGE, WHITE = (250, 120, 10), (255, 255, 255)


def palette(ink: Image.Image) -> Image.Image:
    return ink.quantize(4)


def palette_with_a_hole(ink: Image.Image) -> Image.Image:
    """Write a palette of which one entry is transparent: where the ink is not."""
    drawn = Image.new("P", ink.size, 1)
    drawn.putpalette([*ORANGE, 0, 0, 255])
    drawn.paste(0, (0, 0, 14, 28))
    drawn.info["transparency"] = 1
    return drawn


def with_alpha(ink: Image.Image) -> Image.Image:
    """Write what is not ink as blue that is transparent."""
    drawn = Image.new("RGBA", ink.size, (0, 0, 255, 0))
    drawn.paste((*ORANGE, 255), (0, 0, 14, 28))
    return drawn


MODES = {  # how orange on the left, white on the right is saved: a picture, the kind of file, how near the colours are
    "RGB": (lambda ink: ink, "png", 0),
    "JPEG": (lambda ink: ink, "jpg", 16),
    "palette": (palette, "png", 2),
    "palette with transparency": (palette_with_a_hole, "gif", 0),
    "alpha": (with_alpha, "png", 0),
    "CMYK": (lambda ink: ink.convert("CMYK"), "tif", 1),
    "CMYK JPEG": (lambda ink: ink.convert("CMYK"), "jpg", 16),
    "YCbCr": (lambda ink: ink.convert("YCbCr"), "tif", 2),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_folder_in_colour_keeps_the_colours_however_they_are_saved(tmp_path, mode):
    make, suffix, near = MODES[mode]
    ink = Image.new("RGB", (28, 28), WHITE)
    ink.paste(ORANGE, (0, 0, 14, 28))
    for i in range(10):
        make(ink).save(tmp_path / f"{i}.{suffix}")
    images = data.load_folder(tmp_path, colour=True).train
    assert images.shape == (8, 3, 28, 28) and images.dtype == torch.float32 and images.is_contiguous()
    for part, colour in ((images[..., :13], ORANGE), (images[..., 15:], WHITE)):
        expected = torch.tensor(colour)[:, None, None] / 255
        assert (part - expected).abs().max() <= near / 255 + 1e-6
    grey = data.load_folder(tmp_path).train
    luma = (images * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    assert grey.shape == (8, 1, 28, 28) and (grey - luma)[..., 2:-2].abs().max() < 2 / 255


@pytest.mark.parametrize("kind", ["grey", "one bit", *DEEP])
def test_grey_pictures_in_a_folder_in_colour_have_three_equal_channels(tmp_path, kind):
    levels = np.tile(np.linspace(0, 255, 28).round().astype(np.uint8), (28, 1))
    for i in range(10):
        if kind in DEEP:
            dtype, suffix = DEEP[kind]
            Image.fromarray(levels.astype(dtype) * 257).save(tmp_path / f"{i}.{suffix}")
        else:
            Image.fromarray(levels).convert("1" if kind == "one bit" else "L").save(tmp_path / f"{i}.png")
    images, grey = data.load_folder(tmp_path, colour=True).train, data.load_folder(tmp_path).train
    assert torch.equal(images, grey.expand(-1, 3, -1, -1))
    if kind != "one bit":
        torch.testing.assert_close(grey[0, 0], torch.from_numpy(levels) / 255, atol=1 / 255, rtol=0)


def test_a_folder_may_mix_grey_and_colour_and_shapes_that_are_cut_to_the_middle(tmp_path):
    for i in range(10):
        wide = Image.new("RGB", (90, 40), (0, 0, 200))
        wide.paste(ORANGE, (25, 0, 65, 40))
        tall = Image.new("L", (40, 90), 255)
        tall.paste(100, (0, 25, 40, 65))
        wide.save(tmp_path / f"wide{i}.png")
        tall.save(tmp_path / f"tall{i}.png")
    pictures = data.load_folder(tmp_path, size=64, colour=True)
    images = torch.cat([pictures.train, pictures.validation, pictures.test])
    assert images.shape == (20, 3, 64, 64)
    middle = (images[..., 2:-2, 2:-2] * 255).round().flatten(2)
    assert (middle.amax(2) == middle.amin(2)).all(), "a border of another colour was let in"
    assert sorted({tuple(colour) for colour in middle[..., 0].tolist()}) == [(100, 100, 100), ORANGE]
