"""MNIST and Fashion-MNIST: files that are there are checked and used, missing ones fetched, failures told plainly."""

import hashlib
import http.client
import pathlib
import socket
import sys
import threading
import time
import urllib.request

from torch import Tensor

PATIENCE = 6.0  # seconds after which a silent network counts as none
MD5 = {  # of the unpacked files; torchvision itself checks only the packed ones
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}


def read(source: str, folder: pathlib.Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images (60000, 28, 28), their labels, test images and their labels; images are uint8.

    Raises ConnectionError, within seconds, when files are missing and the network does not answer.
    """
    from torchvision import datasets

    kind, raw = getattr(datasets, source), pathlib.Path(folder) / source / "raw"
    remove_damaged(source, raw)
    missing = [name for name in MD5[source] if not (raw / name).exists()]
    if missing:
        # torchvision unpacks without a network only when all four packed files are there
        if not all((raw / f"{name}.gz").exists() for name in MD5[source]) and not answers(kind):
            raise ConnectionError(failure(source, raw, "no server answered"))
        fetch(kind, source, folder, raw)
    train, test = (kind(folder, train=part, download=False) for part in (True, False))
    return train.data, train.targets, test.data, test.targets


def remove_damaged(source: str, raw: pathlib.Path) -> list[str]:
    """Delete files whose checksum is wrong, say so, and return their names."""
    damaged = [
        name for name, md5 in MD5[source].items()
        if (raw / name).exists() and hashlib.md5((raw / name).read_bytes(), usedforsecurity=False).hexdigest() != md5
    ]  # fmt: skip
    for name in damaged:
        print(f"{raw / name} is damaged and will be fetched again.", file=sys.stderr)
        (raw / name).unlink()
    return damaged


def answers(kind) -> bool:
    """Tell whether a server sends the first byte in time; a thread, because a name look-up has no time limit."""
    found = threading.Event()

    def knock(mirror: str) -> None:
        try:
            with urllib.request.urlopen(mirror + kind.resources[0][0], timeout=PATIENCE) as reply:
                if reply.read(1):
                    found.set()
        except (OSError, http.client.HTTPException):
            pass

    threads = [threading.Thread(target=knock, args=(mirror,), daemon=True) for mirror in kind.mirrors]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and any(thread.is_alive() for thread in threads) and not found.wait(0.1):
        pass
    return found.is_set()


def fetch(kind, source: str, folder: pathlib.Path, raw: pathlib.Path) -> None:
    """Let torchvision download and unpack, with a time limit for a server that falls silent."""
    limit = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        kind(folder, download=True)
    except (RuntimeError, OSError, http.client.HTTPException) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConnectionError(failure(source, raw, f"the download stopped: {reason}")) from None
    finally:
        socket.setdefaulttimeout(limit)
    if bad := remove_damaged(source, raw):
        raise ConnectionError(failure(source, raw, f"what arrived is damaged: {', '.join(bad)}"))


def failure(source: str, raw: pathlib.Path, reason: str) -> str:
    """Return the one sentence for a data set that cannot be had now."""
    return f'expected {source} in {raw} or a network to fetch it, but {reason}; load("digits") needs no download'
