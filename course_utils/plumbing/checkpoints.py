"""Checkpoints: saved whole or not at all, found again by a fingerprint of model, data and settings."""

import contextlib
import glob
import hashlib
import os
import pathlib
import sys
import types
import weakref

import torch
from torch import Tensor, nn

FOLDER = pathlib.Path(__file__).parents[2] / "data" / "checkpoints"
RUNS = weakref.WeakKeyDictionary()  # a model: the run that it is in, and its first weights there; a copy is in none


def fingerprint(model: nn.Module, data, name: str, settings: tuple) -> str:
    """Return 12 characters that change with the model, its first weights, the data or the settings of a run.

    Of a DataLoader only its length, batch size and sampler count. RUNS remembers the run that a model is in: the same
    line again, on a model that is trained or half trained by then, finds the checkpoint of its first weights.
    """
    digest = hashlib.blake2b(digest_size=6)
    for path, module in model.named_modules():
        plain = {k: v for k, v in vars(module).items() if k[0] != "_" and isinstance(v, (str, int, float, tuple))}
        plain.pop("training", None)
        digest.update(repr((path, type(module).__name__, sorted(plain.items()))).encode())
    for kind in sorted({type(module) for module in model.modules()}, key=lambda kind: kind.__qualname__):
        functions = [f for f in vars(kind).values() if isinstance(f, types.FunctionType)]
        if not kind.__module__.startswith("torch."):
            digest.update(repr([_code(function.__code__) for function in functions]).encode())
    digest.update(_data_digest(data) + repr((name, settings)).encode())
    run, first_weights = RUNS.get(model, (None, b""))
    if run != digest.digest():
        run, first_weights = digest.digest(), _digest(model.state_dict().values())
    RUNS[model] = run, first_weights
    digest.update(first_weights)
    return digest.hexdigest()


def _code(code: types.CodeType) -> tuple:
    def plain(constant):
        if isinstance(constant, types.CodeType):
            return _code(constant)
        # The order of a set of strings changes from one kernel to the next.
        return sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant

    return code.co_code, code.co_names, [plain(constant) for constant in code.co_consts]


def _digest(tensors) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for tensor in tensors:
        digest.update(repr((tuple(tensor.shape), tensor.dtype)).encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.digest()


def _data_digest(data) -> bytes:
    if isinstance(data, Tensor):
        return _digest([data])
    if isinstance(data, (tuple, list)):
        return _digest(data)
    return repr((len(data.dataset), data.batch_size, data.drop_last, type(data.sampler).__name__)).encode()


def open_checkpoint(name: str, model: nn.Module, data, settings: tuple) -> "Checkpoint":
    """Return the checkpoint of a run; a model that has moved since, and whose file is gone, begins a run of its own."""
    checkpoint = Checkpoint(name, fingerprint(model, data, name, settings))
    if not checkpoint.path.exists():
        del RUNS[model]
        checkpoint = Checkpoint(name, fingerprint(model, data, name, settings))
    checkpoint.prepare()
    return checkpoint


class Checkpoint:
    """One file, data/checkpoints/NAME-FINGERPRINT.pt; COURSE_CHECKPOINTS names another folder."""

    def __init__(self, name: str, print_: str):
        if pathlib.Path(name).name != name or name == "..":
            raise ValueError(f'expected a plain name for the checkpoint, such as "03_gan", got {name!r}')
        folder = pathlib.Path(os.environ.get("COURSE_CHECKPOINTS") or FOLDER)
        self.name, self.path = name, folder / f"{name}-{print_}.pt"

    def prepare(self) -> None:
        """Remove what a crash left behind, and say when the runs that are there are others."""
        folder, stem = self.path.parent, glob.escape(self.path.stem)
        for left_by_a_crash in folder.glob(f"{stem}.*.part"):
            left_by_a_crash.unlink(missing_ok=True)
        # Twelve characters, so that "run" does not count the files of "run-on-mnist".
        others = [] if self.path.exists() else list(folder.glob(f"{glob.escape(self.name)}-{'[0-9a-f]' * 12}.pt"))
        if others:
            saved = f"{len(others)} saved run(s) have other settings, weights or data"
            print(f"{self.name}: {saved}; training anew.", file=sys.stderr)

    def load(self) -> dict | None:
        """Return the saved state, on the CPU, None if there is none; raises ValueError for a damaged file."""
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            return {key: state[key] for key in ("model", "averaged", "optimizers", "history", "random", "step")}
        except OSError:
            raise
        except Exception as error:
            raise ValueError(
                f"expected a checkpoint of this course in {self.path}, got a damaged file "
                f"({type(error).__name__}): delete it and run the cell again"
            ) from None

    def save(self, state: dict) -> None:
        """Write to a file beside it, then rename: a crash at any moment leaves the old file or the new one."""
        part = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            print(f"The checkpoint {self.path} could not be written ({error}); training goes on.", file=sys.stderr)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
