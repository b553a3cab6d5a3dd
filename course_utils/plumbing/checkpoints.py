"""Checkpoints: saved whole or not at all, found again by the fingerprint of their run."""

import contextlib
import glob
import os
import pathlib
import sys
import weakref

import torch
from torch import nn

from course_utils.plumbing.fingerprint import Fingerprint

FOLDER = pathlib.Path(__file__).parents[2] / "data" / "checkpoints"
RUNS = weakref.WeakKeyDictionary()  # a model: the run that it is in, and its first weights there; a copy is in none


def identify(model: nn.Module, data, name: str, settings: tuple) -> Fingerprint:
    """Return the fingerprint of a run: of a model with its first weights, data and settings.

    RUNS remembers the run that a model is in: the same line again, on a model that is trained or half trained by then,
    finds the checkpoint of its first weights.
    """
    print_ = Fingerprint((name, settings, model, data))
    run, first_weights = RUNS.get(model, (None, ""))
    if run != print_.hexdigest():
        run = print_.hexdigest()
        first_weights = Fingerprint(list(model.state_dict().values())).hexdigest()
    RUNS[model] = run, first_weights
    print_.add(first_weights)
    return print_


def open_checkpoint(name: str, model: nn.Module, data, settings: tuple) -> "Checkpoint":
    """Return the checkpoint of a run, and say what the fingerprint could not see of it.

    A model that has moved since, and whose file is gone, begins a run of its own.
    """
    print_ = identify(model, data, name, settings)
    checkpoint = Checkpoint(name, print_.hexdigest())
    if not checkpoint.path.exists():
        del RUNS[model]
        print_ = identify(model, data, name, settings)
        checkpoint = Checkpoint(name, print_.hexdigest())
    if print_.unseen:
        unseen = ", ".join(sorted(print_.unseen))
        print(f"{name}: the checkpoint does not see a change in {unseen}; rename it after one.", file=sys.stderr)
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
