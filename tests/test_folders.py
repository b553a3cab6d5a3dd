"""A learner's own pictures: which files count, which classes they form, how they are divided and packed."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import data
from course_utils.plumbing.mapped import file_of

PARTS = ("train", "validation", "test")


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


def test_a_folder_is_divided_alike_in_grey_and_in_colour_and_at_any_size(pictures):
    grey, colour = data.load_folder(pictures), data.load_folder(pictures, size=64, colour=True)
    assert colour.train.shape == (32, 3, 64, 64) and colour.classes == grey.classes
    for part in PARTS:
        for which in ("labels", "originals"):
            assert torch.equal(getattr(colour, f"{part}_{which}"), getattr(grey, f"{part}_{which}"))


def test_a_folder_is_divided_in_the_same_way_each_time(pictures):
    first, second = data.load_folder(pictures), data.load_folder(str(pictures))
    assert torch.equal(first.train, second.train) and torch.equal(first.test_labels, second.test_labels)


@pytest.mark.parametrize("dtype, device", [(torch.float64, "cpu"), (torch.float32, "meta")])
def test_what_a_learner_has_set_globally_changes_no_bit(pictures, dtype, device):
    plain = data.load_folder(pictures)
    torch.set_default_dtype(dtype)
    torch.set_default_device(device)
    try:
        again = data.load_folder(pictures)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert again.train.dtype == torch.float32 and torch.equal(again.train, plain.train)
    assert torch.equal(again.train_labels, plain.train_labels)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("damage", ["cut short", "no picture", "broken chunk", "broken header"])
def test_a_damaged_picture_is_named(pictures, damage, colour):
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
        data.load_folder(pictures, colour=colour)


def test_files_that_are_no_pictures_are_left_out(pictures, capsys):
    (pictures / "dogs" / "notes.txt").write_text("these are dogs")
    assert len(data.load_folder(pictures).train) == 32
    assert capsys.readouterr().err == (
        f"40 pictures in {pictures}; left out, since they cannot be read as pictures: 1 × .txt "
        "(save pictures as PNG or JPEG).\n"
    )


def test_pictures_of_a_kind_that_cannot_be_read_are_not_left_out_without_a_word(pictures, capsys):
    for name in ("1.HEIC", "2.heic", "3.cr2", "4.eps", "5.mpg", "scan"):
        (pictures / "cats" / name).write_bytes(b"a photo")
    assert len(data.load_folder(pictures).train) == 32
    assert (
        "cannot be read as pictures: 1 × .cr2, 1 × .eps, 2 × .heic, 1 × .mpg, 1 × scan (save" in capsys.readouterr().err
    )


def test_a_folder_of_unreadable_kinds_says_what_is_in_it(tmp_path):
    for i in range(12):
        (tmp_path / f"{i}.heic").write_bytes(b"a photo")
    with pytest.raises(
        ValueError, match=r"at least 10 pictures in .*, got 0; left out.*12 × .heic \(save .* PNG or JPEG"
    ):
        data.load_folder(tmp_path)


HIDDEN = [
    ".ipynb_checkpoints/00-checkpoint.png",
    "cats/.ipynb_checkpoints/00-checkpoint.png",
    "__MACOSX/cats/00.png",
    "__MACOSX/cats/._00.png",
    "cats/._00.png",
    "cats/.hidden.png",
    "cats/Thumbs.db",
    "cats/desktop.ini",
    ".DS_Store",
]


def test_hidden_files_and_what_systems_leave_behind_do_not_count(pictures, capsys):
    plain = data.load_folder(pictures)
    for name in HIDDEN:
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        (pictures / name).write_bytes((pictures / "cats" / "00.png").read_bytes() if "check" in name else b"\0\5\x16\7")
    littered = data.load_folder(pictures)
    assert littered.classes == ("cats", "dogs") and torch.equal(littered.train, plain.train)
    assert capsys.readouterr().err == ""


def test_a_folder_inside_a_hidden_one_is_read(pictures):
    hidden = pictures.rename(pictures.parent / ".pets")
    assert len(data.load_folder(hidden).train) == 32


@pytest.fixture
def nested(tmp_path):
    """Return a folder whose pictures are all grey, as many and as bright as their class says."""
    for k, home in enumerate(("", "a/cats", "b/cats", "b/dogs/young")):
        (tmp_path / "zoo" / home).mkdir(parents=True, exist_ok=True)
        for i in range(10 + 10 * k):
            Image.new("L", (4, 4), 50 * k).save(tmp_path / "zoo" / home / f"{i:02}.png")
    return tmp_path / "zoo"


def test_a_class_is_the_path_of_the_folder_so_that_none_merge(nested, monkeypatch):
    zoo = data.load_folder(nested)
    assert zoo.classes == ("zoo", "a/cats", "b/cats", "b/dogs/young")
    for part in PARTS:
        brightness = (getattr(zoo, part)[:, 0, 0, 0] * 255).round().long()
        assert torch.equal(brightness, 50 * getattr(zoo, f"{part}_labels"))
    monkeypatch.chdir(nested)
    here = data.load_folder(".")
    assert (here.name, here.classes) == ("zoo", zoo.classes)


def test_a_linked_folder_is_read_as_if_it_were_there(nested, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "tigers").symlink_to(nested / "a")
    assert data.load_folder(tmp_path / "links").classes == ("tigers/cats",)


def test_a_link_that_leads_back_up_does_not_multiply_the_pictures(nested):
    expected = data.load_folder(nested)
    for place in (nested, nested / "a"):
        (place / "loop").symlink_to(nested)
    found = data.load_folder(nested)
    assert found.classes == expected.classes and found.train.shape == expected.train.shape


def test_each_part_has_every_class_in_it(tmp_path):
    for name, count in (("many", 200), ("few", 3), ("some", 14)):
        (tmp_path / name).mkdir()
        for i in range(count):
            Image.new("L", (4, 4), i).save(tmp_path / name / f"{i}.png")
    images = data.load_folder(tmp_path)
    assert images.classes == ("few", "many", "some")
    assert images.train_labels.bincount().tolist() == [1, 160, 12]
    assert images.validation_labels.bincount().tolist() == images.test_labels.bincount().tolist() == [1, 20, 1]
    assert images.train_labels[:50].bincount().max() < 50, "the training images are not shuffled"
    originals = torch.cat([getattr(images, f"{part}_originals") for part in PARTS])
    assert torch.equal(originals.sort().values, torch.arange(217))


def test_a_class_of_two_pictures_is_told_in_one_sentence(pictures):
    (pictures / "birds").mkdir()
    for i in range(2):
        Image.new("L", (4, 4)).save(pictures / "birds" / f"{i}.png")
    with pytest.raises(ValueError, match="at least 3 pictures of each class, .*, got 2 of 'birds'"):
        data.load_folder(pictures)


def test_a_folder_without_a_picture_is_no_class_and_is_named(pictures, capsys):
    (pictures / "birds" / "rare").mkdir(parents=True)
    assert data.load_folder(pictures).classes == ("cats", "dogs")
    assert "; no picture, and so no class, in: birds, birds/rare." in capsys.readouterr().err


@pytest.mark.parametrize("size", [0, -3, 28.5, "28"])
def test_a_size_that_is_none_is_not_blamed_on_a_picture(pictures, size):
    with pytest.raises(ValueError, match="size to be a whole number of at least 1, got"):
        data.load_folder(pictures, size=size)


def test_the_home_folder_may_be_called_by_its_short_name(pictures, monkeypatch):
    monkeypatch.setenv("HOME", str(pictures.parent))
    assert data.load_folder("~/pets").classes == ("cats", "dogs")


@pytest.mark.parametrize("colour", [False, True])
def test_a_packed_folder_is_the_folder_in_bytes_that_stay_in_their_file(pictures, tmp_path, colour):
    loaded, packed = data.load_folder(pictures, 20, colour), data.pack_folder(pictures, tmp_path / "packed", 20, colour)
    assert (packed.name, packed.classes) == (loaded.name, loaded.classes)
    for part in PARTS:
        images = getattr(packed, part)
        assert images.dtype == torch.uint8 and file_of(images) == (tmp_path / "packed" / data.PIXELS).resolve()
        assert torch.equal(images.float() / 255, getattr(loaded, part))
        for column in ("labels", "originals"):
            assert torch.equal(getattr(packed, f"{part}_{column}"), getattr(loaded, f"{part}_{column}"))
    assert torch.equal(data.load_packed(tmp_path / "packed").test, packed.test)


def test_a_folder_is_packed_once_and_to_its_end(pictures, tmp_path):
    data.pack_folder(pictures, tmp_path / "packed", 20)
    with pytest.raises(FileExistsError, match="^expected a new folder, got .*: delete it, or call load_packed"):
        data.pack_folder(pictures, tmp_path / "packed", 20)
    with (tmp_path / "packed" / data.PIXELS).open("ab") as file:
        file.write(b"!")
    with pytest.raises(ValueError, match="^expected 16000 bytes in .*got 16001: delete the folder, pack it anew"):
        data.load_packed(tmp_path / "packed")
    with pytest.raises(FileNotFoundError, match="^expected a folder that pack_folder has written, got"):
        data.load_packed(pictures)
    (pictures / "cats" / "03.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="expected a picture in .*03.png"):
        data.pack_folder(pictures, tmp_path / "damaged")
    with pytest.raises(FileNotFoundError):
        data.load_packed(tmp_path / "damaged")
