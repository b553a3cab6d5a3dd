"""The image data sets: what they contain, and that no original is in two parts."""

import importlib.machinery
import importlib.util

import numpy as np
import pytest
import torch
from helpers import digits
from PIL import Image
from sklearn.datasets import load_digits

from course_utils import data
from course_utils.plumbing import downloads

PARTS = ("train", "validation", "test")


@pytest.mark.parametrize("part, at_least", [("train", 11_900), ("validation", 2500), ("test", 2500)])
def test_digits_are_images_between_0_and_1_with_a_label_each(part, at_least):
    images, labels = getattr(digits(), part), getattr(digits(), f"{part}_labels")
    assert len(images) == len(labels) >= at_least
    assert images.shape[1:] == (1, 28, 28) and labels.shape == (len(images),)
    assert images.dtype == torch.float32 and labels.dtype == torch.int64
    assert images.min() == 0 and images.max() == 1


@pytest.mark.parametrize("part", PARTS)
def test_every_part_holds_about_a_tenth_of_each_digit(part):
    shares = torch.bincount(getattr(digits(), f"{part}_labels")) / len(getattr(digits(), part))
    assert shares.shape == (10,) and shares.min() > 0.09 and shares.max() < 0.11


def test_two_loads_have_the_same_bits():
    again = data.load("digits")
    for part in PARTS:
        assert torch.equal(getattr(again, part), getattr(digits(), part))
        assert torch.equal(getattr(again, f"{part}_labels"), getattr(digits(), f"{part}_labels"))


def test_loading_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    data.load("digits")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture
def originals(monkeypatch):
    """Return, for each part, the rows of scikit-learn's table that its images come from."""
    monkeypatch.setattr(data, "_vary", lambda images, generator: images)
    plain, source = data.load("digits"), load_digits()
    restored = data._restore(torch.tensor(source.images, dtype=torch.float32)[:, None] / 16)
    row = {image.numpy().tobytes(): i for i, image in enumerate(restored)}
    assert len(row) == 1797, "two originals are alike, so that an image does not tell where it comes from"
    rows = {part: [row[image.numpy().tobytes()] for image in getattr(plain, part)] for part in PARTS}
    for part in PARTS:
        assert torch.equal(torch.tensor(source.target[rows[part]]), getattr(plain, f"{part}_labels"))
    return {part: set(rows[part]) for part in PARTS}


def test_no_original_is_in_two_parts_and_none_is_lost(originals):
    assert set.union(*originals.values()) == set(range(1797))
    assert sum(map(len, originals.values())) == 1797


def test_the_copies_of_an_original_differ_but_stay_near_it():
    n = len(digits().test) // 10
    copies, labels = digits().test.unflatten(0, (10, n)).flatten(2), digits().test_labels.view(10, n)
    assert (labels == labels[0]).all()
    between_copies = torch.cdist(copies.transpose(0, 1), copies.transpose(0, 1))[:, ~torch.eye(10, dtype=bool)]
    assert between_copies.min() > 0.5
    assert between_copies.mean() < 0.8 * torch.cdist(copies[0], copies[1]).mean()


def test_the_file_of_the_digits_is_found_and_means_what_scikit_learn_says(monkeypatch):
    images, labels = data._read_digits()
    source = load_digits()
    assert torch.equal(images[:, 0] * 16, torch.tensor(source.images, dtype=torch.float32))
    assert torch.equal(labels, torch.tensor(source.target)) and len(labels) == 1797
    elsewhere = importlib.machinery.ModuleSpec("sklearn", None, origin="/moved/__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: elsewhere)
    assert all(map(torch.equal, data._read_digits(), (images, labels)))


def test_restoring_keeps_where_the_ink_is():
    small = torch.zeros(1, 1, 8, 8)
    small[0, 0, 2:6, 4] = 1.0
    large = data._restore(small)
    assert large.shape == (1, 1, 28, 28) and large[:, :, :2].max() == 0 and large[..., -2:].max() == 0
    assert large[0, 0, 8:20, 14:17].mean() > 0.9 and large[0, 0, :, :12].max() < 0.05


@pytest.fixture
def pictures(tmp_path):
    """Return a folder with 15 cats and 25 dogs: colour pictures, wide ones with a white centre."""
    for name, count in (("cats", 15), ("dogs", 25)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(count):
            pixels = np.zeros((40, 80, 3), dtype=np.uint8)
            pixels[10:30, 30:50] = 255
            pixels[0, 0] = i
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{i:02}.png")
    return tmp_path / "pets"


def test_a_folder_gives_square_grey_images_and_a_class_for_each_sub_folder(pictures):
    pets = data.load_folder(pictures, size=20)
    assert pets.name == "pets" and pets.classes == ("cats", "dogs")
    assert pets.train.shape == (32, 1, 20, 20) and pets.validation.shape == pets.test.shape == (4, 1, 20, 20)
    labels = torch.cat([pets.train_labels, pets.validation_labels, pets.test_labels])
    assert torch.bincount(labels).tolist() == [15, 25]
    # The square from the middle is kept, at its aspect ratio.
    assert pets.train.dtype == torch.float32 and (pets.train[:, 0, 6:14, 6:14] == 1).all()
    assert (pets.train[:, 0, 17:] == 0).all() and (pets.train[:, 0, :, 17:] == 0).all()


def test_pictures_of_16_bits_keep_their_grey_levels(tmp_path):
    for i in range(10):
        Image.fromarray(np.tile(np.linspace(0, 65535, 28, dtype=np.uint16), (28, 1))).save(tmp_path / f"{i}.png")
    images = data.load_folder(tmp_path).train
    torch.testing.assert_close(images, torch.linspace(0, 1, 28).expand(8, 1, 28, 28), atol=1 / 255, rtol=0)


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


def test_a_folder_is_divided_in_the_same_way_each_time(pictures):
    first, second = data.load_folder(pictures), data.load_folder(str(pictures))
    assert torch.equal(first.train, second.train) and torch.equal(first.test_labels, second.test_labels)


@pytest.mark.parametrize("damage", ["cut short", "no picture", "broken chunk", "broken header"])
def test_a_damaged_picture_is_named(pictures, damage):
    file = pictures / "dogs" / "07.png"
    whole = file.read_bytes()
    file.write_bytes(
        {
            "cut short": whole[:-40],
            "no picture": b"<html>not found</html>",
            "broken chunk": whole.replace(b"IDAT", b"I\xffAT"),
            "broken header": whole.replace(b"\0\0\0\rIHDR", b"\0\0\0\x03IHDR"),
        }[damage]
    )
    with pytest.raises(ValueError, match="expected a picture in .*07.png, got a file that cannot be read"):
        data.load_folder(pictures)


def test_files_that_are_no_pictures_are_left_out(pictures):
    (pictures / "dogs" / "notes.txt").write_text("these are dogs")
    assert len(data.load_folder(pictures).train) == 32


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name, first_train, first_test",
    [("mnist", [5, 0, 4, 1, 9, 2], [7, 2, 1, 0, 4, 1]), ("fashion_mnist", [9, 0, 0, 3, 0, 2], [9, 2, 1, 1, 6, 1])],
)
def test_the_real_files_are_read_whole_and_in_order(name, first_train, first_test):
    images = data.load(name)
    assert images.train.shape == (50_000, 1, 28, 28)
    assert images.validation.shape == images.test.shape == (10_000, 1, 28, 28)
    assert images.train_labels[:6].tolist() == first_train and images.test_labels[:6].tolist() == first_test
    assert torch.bincount(images.test_labels).min() > 850 and len(images.classes) == 10
    for part in PARTS:
        assert getattr(images, part).min() == 0 and getattr(images, part).max() == 1


@pytest.mark.real_data
def test_a_damaged_real_file_is_found(tmp_path):
    (raw := tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name in ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"):
        content = bytearray((data.FOLDER / "MNIST" / "raw" / name).read_bytes())
        content[1000] ^= name.startswith("t10k")
        (raw / name).write_bytes(content)
    assert downloads.remove_damaged("MNIST", raw) == ["t10k-labels-idx1-ubyte"]
    assert [file.name for file in raw.iterdir()] == ["train-labels-idx1-ubyte"]
