"""The image data sets: what they contain, and that no original is in two parts."""

import importlib.machinery
import importlib.util

import pytest
import torch
from helpers import digits
from sklearn.datasets import load_digits

from course_utils import data
from course_utils.comparison import measures
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


@pytest.mark.parametrize("dtype, device", [(torch.float64, "cpu"), (torch.float32, "meta")])
def test_what_a_learner_has_set_globally_changes_no_bit(dtype, device):
    digits()
    torch.set_default_dtype(dtype)
    torch.set_default_device(device)
    try:
        again = data.load("digits")
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert again.test.dtype == torch.float32 and torch.equal(again.test, digits().test)
    assert torch.equal(again.test_labels, digits().test_labels)


@pytest.fixture
def plain(monkeypatch):
    """Return the digits whose copies are all as the original: images that tell where they come from."""

    def draw_only(images, generator):
        torch.rand(len(images), 5, generator=generator)  # so that the originals are divided as they are
        return images

    digits()  # what other tests share is made first, with its variations
    monkeypatch.setattr(data, "vary", draw_only)
    return data.load("digits")


def test_each_digit_says_from_which_original_it_comes(plain):
    source = load_digits()
    restored = data._restore(torch.tensor(source.images, dtype=torch.float32)[:, None] / 16)
    for part in PARTS:
        originals = getattr(plain, f"{part}_originals")
        assert originals.dtype == torch.int64 and originals.shape == (len(getattr(plain, part)),)
        assert torch.equal(restored[originals], getattr(plain, part))
        assert torch.equal(torch.tensor(source.target)[originals], getattr(plain, f"{part}_labels"))
        assert torch.equal(originals, getattr(digits(), f"{part}_originals"))


def test_no_original_is_in_two_parts_and_each_is_there_ten_times():
    originals = torch.cat([getattr(digits(), f"{part}_originals") for part in PARTS])
    assert torch.equal(originals.bincount(), torch.full((1797,), 10))
    distinct = [len(getattr(digits(), f"{part}_originals").unique()) for part in PARTS]
    assert sum(distinct) == 1797


def test_shuffling_takes_the_originals_along():
    mixed = measures.shuffled(digits())
    for part in PARTS:
        rows = getattr(digits(), part).flatten(1).sum(1, dtype=torch.float64)  # ink, which tells images apart
        ink = dict(zip(rows.tolist(), getattr(digits(), f"{part}_originals").tolist()))
        assert len(ink) > 0.99 * len(rows)
        found = [ink[image.sum(dtype=torch.float64).item()] for image in getattr(mixed, part)[:50]]
        assert found == getattr(mixed, f"{part}_originals")[:50].tolist()


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
    originals = torch.cat([getattr(images, f"{part}_originals") for part in PARTS])
    assert torch.equal(originals, torch.arange(70_000))
    assert {getattr(images, f"{part}_labels").dtype for part in PARTS} == {torch.int64}


@pytest.mark.real_data
@pytest.mark.parametrize("source", downloads.MD5)
def test_a_damaged_real_file_is_found(tmp_path, source, capsys, monkeypatch):
    monkeypatch.setitem(downloads.SERVERS, source, "no://server/")
    raw = tmp_path / source / "raw"
    raw.mkdir(parents=True)
    for name in downloads.MD5[source]:
        content = bytearray((data.FOLDER / source / "raw" / name).read_bytes())
        content[1000] ^= name == "t10k-labels-idx1-ubyte"
        (raw / name).write_bytes(content)
    with pytest.raises(ConnectionError):
        downloads.read(source, tmp_path)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"{raw / 't10k-labels-idx1-ubyte'} is damaged and is removed." and len(said) == 2
