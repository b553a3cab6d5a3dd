"""MNIST from files, from a server, and from a network that fails; the files here are tiny ones of the same format."""

import contextlib
import gzip
import hashlib
import socket
import threading
import time
import urllib.request

import pytest
import torch
from mirror import idx, mirror, send
from torchvision import datasets

from course_utils import data
from course_utils.plumbing import downloads

NAMES = list(downloads.MD5["MNIST"])
LEARNERS_PATIENCE = downloads.PATIENCE


@pytest.fixture
def files(monkeypatch):
    """Make 30 training and 20 test images the MNIST that downloads and torchvision know; return their bytes."""
    shapes = dict(zip(NAMES, [(30, 28, 28), (30,), (20, 28, 28), (20,)]))
    files = {name: idx(shapes[name], seed=len(name)) for name in NAMES}
    packed = {name: gzip.compress(content, mtime=0) for name, content in files.items()}
    monkeypatch.setitem(downloads.MD5, "MNIST", {name: hashlib.md5(files[name]).hexdigest() for name in NAMES})
    resources = [(f"{name}.gz", hashlib.md5(packed[name]).hexdigest()) for name in NAMES]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
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
    """Return a function that starts a mirror, the only one there is, which replies with what a function says."""
    with contextlib.ExitStack() as servers:
        yield lambda reply: monkeypatch.setattr(datasets.MNIST, "mirrors", [servers.enter_context(mirror(reply))])


def as_it_should(files):
    return lambda handler, name: send(handler, gzip.compress(files[name], mtime=0))


def assert_one_sentence(error: Exception) -> None:
    text = str(error)
    assert text.startswith("expected MNIST in ") and text.endswith('load("digits") needs no download')
    assert "\n" not in text and len(text) < 400


def test_files_that_are_there_are_used_without_a_network(files, raw, no_network):
    images, labels, test, test_labels = downloads.read("MNIST", raw.parents[1])
    assert images.shape == (30, 28, 28) and test.shape == (20, 28, 28) and images.dtype == torch.uint8
    assert images.numpy().tobytes() == files["train-images-idx3-ubyte"][16:]
    assert bytes(labels.tolist()) == files["train-labels-idx1-ubyte"][8:]
    assert test.numpy().tobytes() == files["t10k-images-idx3-ubyte"][16:]
    assert bytes(test_labels.tolist()) == files["t10k-labels-idx1-ubyte"][8:]
    assert not no_network


def test_packed_files_are_unpacked_without_a_network(files, raw, no_network):
    (raw / NAMES[0]).unlink()
    (raw / NAMES[1]).write_bytes(b"damaged")
    for name in NAMES:
        (raw / f"{name}.gz").write_bytes(gzip.compress(files[name], mtime=0))
    assert downloads.read("MNIST", raw.parents[1])[0].numpy().tobytes() == files[NAMES[0]][16:]
    assert (raw / NAMES[0]).read_bytes() == files[NAMES[0]] and not no_network


def test_too_few_packed_files_need_a_network_and_say_so(files, raw, no_network):
    (raw / NAMES[0]).unlink()
    (raw / f"{NAMES[0]}.gz").write_bytes(gzip.compress(files[NAMES[0]], mtime=0))
    with pytest.raises(ConnectionError, match="no server answered"):
        downloads.read("MNIST", raw.parents[1])


def test_missing_files_are_fetched_from_a_mirror(files, tmp_path, server):
    server(as_it_should(files))
    assert downloads.read("MNIST", tmp_path)[2].numpy().tobytes() == files["t10k-images-idx3-ubyte"][16:]
    assert all((tmp_path / "MNIST" / "raw" / name).read_bytes() == files[name] for name in NAMES)


def test_a_damaged_file_is_named_removed_and_fetched_again(files, raw, server, capsys):
    damaged = raw / "t10k-labels-idx1-ubyte"
    damaged.write_bytes(files[damaged.name][:-1] + b"\xff")
    server(as_it_should(files))
    downloads.read("MNIST", raw.parents[1])
    assert capsys.readouterr().err.startswith(f"{damaged} is damaged and will be fetched again.\n")
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
    with pytest.raises(ConnectionError, match=r'no server answered; load\("digits"\) needs no download$') as error:
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
    with pytest.raises(ConnectionError, match="no server answered"):
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


def test_a_server_that_sends_other_images_is_told_in_one_sentence(files, tmp_path, server, monkeypatch):
    other = {name: gzip.compress(content[:-1] + b"\x07", mtime=0) for name, content in files.items()}
    resources = [(f"{name}.gz", hashlib.md5(other[name]).hexdigest()) for name in NAMES]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    server(lambda handler, name: send(handler, other[name]))
    with pytest.raises(ConnectionError, match="what arrived is damaged") as error:
        downloads.read("MNIST", tmp_path)
    assert_one_sentence(error.value)


@pytest.mark.parametrize("limit", [None, 17.0])
def test_the_time_limit_of_sockets_is_put_back(files, tmp_path, server, limit):
    server(SOMETHING_ELSE["login page"])
    socket.setdefaulttimeout(limit)
    try:
        with pytest.raises(ConnectionError):
            downloads.read("MNIST", tmp_path)
        assert socket.getdefaulttimeout() == limit
    finally:
        socket.setdefaulttimeout(None)
