"""MNIST from files, from a server, and from a network that fails; the files here are tiny ones of the same format."""

import contextlib
import gzip
import hashlib
import pathlib
import socket
import threading
import time
import urllib.request

import pytest
import torch
from mirror import idx, mirror, send

from course_utils import data
from course_utils.plumbing import downloads

NAMES = list(downloads.MD5["MNIST"])
LEARNERS_PATIENCE = downloads.PATIENCE


@pytest.fixture
def files(monkeypatch):
    """Make 30 training and 20 test images the MNIST that the course knows; return their bytes."""
    shapes = dict(zip(NAMES, [(30, 28, 28), (30,), (20, 28, 28), (20,)]))
    files = {name: idx(shapes[name], seed=len(name)) for name in NAMES}
    monkeypatch.setitem(downloads.MD5, "MNIST", {name: hashlib.md5(files[name]).hexdigest() for name in NAMES})
    monkeypatch.setattr(downloads, "PATIENCE", 1.0)
    return files


@pytest.fixture
def raw(files, tmp_path):
    """Write the files into a data folder and return where they are."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return raw


@pytest.fixture
def no_network(monkeypatch):
    """Let every attempt to reach a network fail at once; return the attempts."""
    attempts = []

    def refuse(*args, **options):
        attempts.append(args)
        raise OSError("Network is unreachable")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


@pytest.fixture
def server(monkeypatch):
    """Return a function that starts a server, which replies as the given function says."""
    with contextlib.ExitStack() as servers:
        yield lambda reply: monkeypatch.setitem(downloads.SERVERS, "MNIST", servers.enter_context(mirror(reply)))


def as_it_should(files):
    return lambda handler, name: send(handler, gzip.compress(files[name], mtime=0))


def assert_one_sentence(error: Exception) -> None:
    text = str(error)
    assert text.startswith("expected MNIST in ") and text.endswith('load("digits") needs no download')
    assert "\n" not in text and len(text) < 400


def test_files_that_are_there_are_used_without_a_network(files, raw, no_network):
    images, labels, test, test_labels = downloads.read("MNIST", raw.parents[1])
    assert images.shape == (30, 28, 28) and test.shape == (20, 28, 28)
    assert images.dtype == torch.uint8 and labels.dtype == test_labels.dtype == torch.int64
    assert images.numpy().tobytes() == files["train-images-idx3-ubyte"][16:]
    assert bytes(labels.tolist()) == files["train-labels-idx1-ubyte"][8:]
    assert test.numpy().tobytes() == files["t10k-images-idx3-ubyte"][16:]
    assert bytes(test_labels.tolist()) == files["t10k-labels-idx1-ubyte"][8:]
    assert not no_network


def test_packed_files_are_unpacked_without_a_network(files, raw, no_network, capsys):
    (raw / NAMES[0]).unlink()
    (raw / NAMES[1]).write_bytes(b"damaged")
    for name in NAMES[:2]:
        (raw / f"{name}.gz").write_bytes(gzip.compress(files[name], mtime=0))
    images, labels, _, _ = downloads.read("MNIST", raw.parents[1])
    assert images.numpy().tobytes() == files[NAMES[0]][16:] and bytes(labels.tolist()) == files[NAMES[1]][8:]
    assert capsys.readouterr().err == f"{raw / NAMES[1]} is damaged and is removed.\n" and not no_network


PACKED_BADLY = {
    "other bytes": lambda content: gzip.compress(content[:-1] + b"\xff"),
    "cut short": lambda content: gzip.compress(content)[:-20],
    "broken inside": lambda content: gzip.compress(content)[:30] + bytes(100) + gzip.compress(content)[130:],
    "no gzip": lambda content: b"<html>not found</html>",
}


@pytest.mark.parametrize("damage", PACKED_BADLY)
def test_a_damaged_packed_file_is_named_removed_and_fetched_again(files, raw, server, capsys, damage):
    (raw / NAMES[0]).unlink()
    packed = raw / f"{NAMES[0]}.gz"
    packed.write_bytes(PACKED_BADLY[damage](files[NAMES[0]]))
    server(as_it_should(files))
    assert downloads.read("MNIST", raw.parents[1])[0].numpy().tobytes() == files[NAMES[0]][16:]
    assert capsys.readouterr().err.startswith(f"{packed} is damaged and is removed.\n") and not packed.exists()


def test_missing_files_are_fetched(files, tmp_path, server):
    server(as_it_should(files))
    assert downloads.read("MNIST", tmp_path)[2].numpy().tobytes() == files["t10k-images-idx3-ubyte"][16:]
    raw = tmp_path / "MNIST" / "raw"
    assert {file.name: file.read_bytes() for file in raw.iterdir()} == files


def test_a_slow_server_is_not_given_up(files, raw, server):
    (raw / NAMES[2]).unlink()

    def slowly(handler, name):
        packed = gzip.compress(files[name])
        send(handler, packed[:8], length=len(packed))
        for i in range(4):
            time.sleep(0.4)  # in all more than the patience, which is for silence
            part = len(packed) // 4 + 1
            handler.wfile.write(packed[8:][i * part : (i + 1) * part])
            handler.wfile.flush()

    server(slowly)
    assert downloads.read("MNIST", raw.parents[1])[2].numpy().tobytes() == files["t10k-images-idx3-ubyte"][16:]


def test_a_download_that_was_killed_while_it_was_written_is_found_out(files, tmp_path, server, monkeypatch):
    def half(file, content):
        file.open("wb").write(content[: len(content) // 2])
        raise KeyboardInterrupt

    server(as_it_should(files))
    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "write_bytes", half)
        with pytest.raises(KeyboardInterrupt):
            downloads.read("MNIST", tmp_path)
    assert len((tmp_path / "MNIST" / "raw" / NAMES[0]).read_bytes()) > 0
    assert downloads.read("MNIST", tmp_path)[0].numpy().tobytes() == files[NAMES[0]][16:]


def test_a_damaged_file_is_named_removed_and_fetched_again(files, raw, server, capsys):
    damaged = raw / "t10k-labels-idx1-ubyte"
    damaged.write_bytes(files[damaged.name][:-1] + b"\xff")
    server(as_it_should(files))
    downloads.read("MNIST", raw.parents[1])
    assert capsys.readouterr().err.startswith(f"{damaged} is damaged and is removed.\n")
    assert damaged.read_bytes() == files[damaged.name]


def test_a_damaged_file_without_a_network_is_removed_and_told_in_one_sentence(files, raw, no_network, capsys):
    (raw / NAMES[0]).write_bytes(files[NAMES[0]][:-1])
    with pytest.raises(ConnectionError) as error:
        downloads.read("MNIST", raw.parents[1])
    assert_one_sentence(error.value)
    assert f"{raw / NAMES[0]} is damaged" in capsys.readouterr().err and not (raw / NAMES[0]).exists()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_no_network_is_told_within_seconds_in_one_sentence(tmp_path, no_network, name):
    start = time.monotonic()
    with pytest.raises(
        ConnectionError, match=r'the server did not send it \(.*\); load\("digits"\) needs no download$'
    ) as error:
        data.load(name, folder=tmp_path)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)
    assert time.monotonic() - start < 1 and no_network


SILENT = {
    "at once": lambda handler, name: time.sleep(60),
    "after one byte": lambda handler, name: (send(handler, b"\x1f", length=1000), time.sleep(60)),
}


@pytest.mark.parametrize("reply", SILENT.values(), ids=SILENT)
def test_a_silent_server_is_given_up(files, tmp_path, server, reply):
    server(reply)
    start = time.monotonic()
    with pytest.raises(ConnectionError) as error:
        downloads.read("MNIST", tmp_path)
    assert_one_sentence(error.value)
    assert (time.monotonic() - start) * LEARNERS_PATIENCE / downloads.PATIENCE < 10


def test_a_name_look_up_that_never_ends_is_given_up(files, tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: time.sleep(3600))
    start = time.monotonic()
    with pytest.raises(ConnectionError, match="the look-up of .* took longer than 1 seconds"):
        downloads.read("MNIST", tmp_path)
    assert (time.monotonic() - start) * LEARNERS_PATIENCE / downloads.PATIENCE < 10


SOMETHING_ELSE = {
    "not found": lambda handler, name: handler.send_error(404),
    "login page": lambda handler, name: send(handler, b"<html>Please log in to this network</html>"),
    "no http": lambda handler, name: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "hang up": lambda handler, name: handler.connection.close(),
}


@pytest.mark.parametrize("reply", SOMETHING_ELSE.values(), ids=SOMETHING_ELSE)
def test_a_server_with_something_else_is_told_in_one_sentence(files, tmp_path, server, reply, monkeypatch):
    tracebacks = []
    monkeypatch.setattr(threading, "excepthook", tracebacks.append)
    server(reply)
    with pytest.raises(ConnectionError) as error:
        downloads.read("MNIST", tmp_path)
    assert_one_sentence(error.value)
    assert not tracebacks


def test_a_server_that_sends_other_images_is_told_in_one_sentence(files, tmp_path, server):
    server(lambda handler, name: send(handler, gzip.compress(files[name][:-1] + b"\xff")))
    with pytest.raises(ConnectionError, match="what the server sent is damaged") as error:
        downloads.read("MNIST", tmp_path)
    assert_one_sentence(error.value)
    assert list(tmp_path.rglob("*ubyte*")) == []
