"""MNIST and Fashion-MNIST: files that are there are checked and used, missing ones fetched, failures told plainly."""

import contextlib
import gzip
import hashlib
import http.client
import pathlib
import socket
import sys
import threading
import urllib.parse
import urllib.request
import zlib

import numpy as np
import torch
from torch import Tensor

PATIENCE = 6.0  # seconds of silence after which a server is given up
SERVERS = {
    "MNIST": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "FashionMNIST": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
}
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
MD5 = {  # of the unpacked files
    "MNIST": dict(zip(FILES, "6bbc9ace898e44ae57da46a324031adb a25bea736e30d166cdddb491f175f624 "
                    "2646ac647ad5339dbf082846283269ea 27ae3e4e09519cfbb04c329615203637".split())),
    "FashionMNIST": dict(zip(FILES, "f4a8712d7a061bf5bd6d2ca38dc4d50a 9018921c3c673c538a1fc5bad174d6f9 "
                    "8181f5470baa50b63fa0f6fddb340f0a 15d484375f8d13e6eb1aabb0c3f46965".split())),
}  # fmt: skip


def read(source: str, folder: str | pathlib.Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Read training images (60000, 28, 28) as uint8, their labels as int64, test images and their labels.

    Raises ConnectionError, within seconds, when files are missing and no server sends them.
    """
    raw = pathlib.Path(folder) / source / "raw"
    images, labels, test, test_labels = (values_in(content_of(source, name, raw)) for name in MD5[source])
    return images, labels.long(), test, test_labels.long()


def values_in(content: bytes) -> Tensor:
    """Read the idx format: byte 3 counts the dimensions, four bytes hold the size of each, then come the values."""
    dimensions = content[3]
    sizes = np.frombuffer(content, ">i4", count=dimensions, offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    return torch.from_numpy(values.reshape(sizes).copy())


def content_of(source: str, name: str, raw: pathlib.Path) -> bytes:
    """Take a file from where it lies, packed or not, or fetch it; what is damaged is removed."""
    for file in (raw / name, raw / f"{name}.gz"):
        if file.exists():
            with contextlib.suppress(ValueError):
                return unpacked(file.read_bytes(), MD5[source][name])
            print(f"{file} is damaged and is removed.", file=sys.stderr)
            file.unlink()
    content = fetch(source, name, raw)
    raw.mkdir(parents=True, exist_ok=True)
    (raw / name).write_bytes(content)
    return content


def unpacked(content: bytes, md5: str) -> bytes:
    """Unpack a file if it is packed; raises ValueError for a damaged one."""
    if content.startswith(b"\x1f\x8b"):
        with contextlib.suppress(OSError, EOFError, zlib.error):  # what is still packed has another sum
            content = gzip.decompress(content)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise ValueError("expected the file that the course knows, got another or a damaged one")
    return content


def fetch(source: str, name: str, raw: pathlib.Path) -> bytes:
    """Ask the server for a file; ConnectionError says in one sentence why it did not come."""
    url = f"{SERVERS[source]}{name}.gz"
    print(f"Fetching {url}", file=sys.stderr)
    try:
        return unpacked(download(url), MD5[source][name])
    except ValueError:
        reason = "what the server sent is damaged"
    except (OSError, http.client.HTTPException) as error:
        reason = f"the server did not send it ({(str(error) or type(error).__name__).splitlines()[0]})"
    expected = f"expected {source} in {raw} or a network to fetch it"
    raise ConnectionError(f'{expected}, but {reason}; load("digits") needs no download')


def download(url: str) -> bytes:
    """Fetch a file; raises OSError as soon as nothing has come for PATIENCE seconds."""
    host = urllib.parse.urlsplit(url).hostname
    look_up = threading.Thread(target=look_up_address, args=(host,), daemon=True)  # the only step without a time limit
    look_up.start()
    look_up.join(PATIENCE)
    if look_up.is_alive():
        raise TimeoutError(f"the look-up of {host} took longer than {PATIENCE:g} seconds")
    with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
        return reply.read()


def look_up_address(host: str) -> None:
    """Look up the address of a host; `urlopen` will say what is wrong with it."""
    with contextlib.suppress(OSError):
        socket.getaddrinfo(host, None)
