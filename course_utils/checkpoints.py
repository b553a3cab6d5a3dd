"""Checkpoints: saved whole or not at all, found again by a fingerprint of everything that decides the result."""

import hashlib
import os
import pathlib
import sys
import tempfile
import types

import torch
from torch import Tensor, nn

FOLDER = pathlib.Path(__file__).parents[1] / "data" / "checkpoints"


def fingerprint(model: nn.Module, data, settings: tuple) -> str:
    """Return 12 characters that change with the model, its first weights, the data or the settings of a run."""
    digest = hashlib.blake2b(digest_size=6)
    for name, module in model.named_modules():
        plain = {k: v for k, v in vars(module).items() if k[0] != "_" and isinstance(v, (str, int, float, tuple))}
        plain.pop("training", None)
        digest.update(repr((name, type(module).__name__, sorted(plain.items()))).encode())
    functions = [f for f in vars(type(model)).values() if isinstance(f, types.FunctionType)]
    digest.update(repr([_code(function.__code__) for function in functions]).encode())
    # A model that was trained before, in this kernel, still counts as the one it was at first.
    model._first_weights = getattr(model, "_first_weights", None) or _digest(model.state_dict().values())
    digest.update(model._first_weights + _data_digest(data) + repr(settings).encode())
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


class Checkpoint:
    """One file, data/checkpoints/NAME-FINGERPRINT.pt; COURSE_CHECKPOINTS names another folder."""

    def __init__(self, name: str, print_: str):
        folder = pathlib.Path(os.environ.get("COURSE_CHECKPOINTS") or FOLDER)
        self.path = folder / f"{name}-{print_}.pt"
        others = [] if self.path.exists() else list(folder.glob(f"{name}-{'[0-9a-f]' * 12}.pt"))
        if others:
            print(
                f"{name}: {len(others)} saved run(s) have other settings, weights or data; training anew.",
                file=sys.stderr,
            )

    def load(self, device: torch.device) -> dict | None:
        """Return the saved state, None if there is none; raises ValueError for a damaged file."""
        if not self.path.exists():
            return None
        try:
            return torch.load(self.path, map_location=device, weights_only=True)
        except Exception as error:
            raise ValueError(
                f"expected a checkpoint of this course in {self.path}, got a damaged file "
                f"({type(error).__name__}): delete it and run the cell again"
            ) from None

    def save(self, state: dict) -> None:
        """Write to a temporary file, then rename: a crash at any moment leaves the old file or the new one."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    torch.save(state, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self.path)
            finally:
                pathlib.Path(temporary).unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            print(f"The checkpoint {self.path} could not be written ({error}); training goes on.", file=sys.stderr)
