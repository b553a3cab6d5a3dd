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
RUNS = weakref.WeakKeyDictionary()  # a model: {its fingerprint without weights: the run that it has been in}
WEIGHTS = weakref.WeakKeyDictionary()  # a model: {fingerprints of the weights with which a run of it began or ended}


def fingerprint_of_weights(model: nn.Module) -> str:
    """Return 12 characters that change with any weight or buffer, saved or not."""
    return Fingerprint([*model.state_dict().values(), *model.buffers()]).hexdigest()


class Checkpoint:
    """The file of a run, data/checkpoints/NAME-FINGERPRINT.pt; COURSE_CHECKPOINTS names another folder.

    The same line again, on a model that is trained or half trained by then, finds the run that the model has been in.
    New weights, or a file that is gone, begin a new run.
    """

    def __init__(self, name: str, model: nn.Module, data, settings: list):
        self.name = name
        self.model = model
        self.depends_on = (name, settings, model, data)
        fingerprint = Fingerprint(self.depends_on)
        weights = fingerprint_of_weights(model)
        self.run = RUNS.setdefault(model, {}).get(fingerprint.hexdigest())
        known = weights in WEIGHTS.setdefault(model, set())
        if not self.run or not known or not self.path.exists():
            fingerprint.add(weights)
            self.run = fingerprint.hexdigest()
        self.remember()
        if fingerprint.unseen:
            unseen = ", ".join(sorted(fingerprint.unseen))
            print(f"{name}: the checkpoint does not see a change in {unseen}; rename it after one.", file=sys.stderr)
        self.prepare()

    @property
    def path(self) -> pathlib.Path:
        """The file of the run."""
        return pathlib.Path(os.environ.get("COURSE_CHECKPOINTS") or FOLDER) / f"{self.name}-{self.run}.pt"

    def remember(self) -> None:
        """Note that the model, as it is now, is in this run: its weights have moved, and perhaps its attributes."""
        RUNS[self.model][Fingerprint(self.depends_on).hexdigest()] = self.run
        WEIGHTS[self.model].add(fingerprint_of_weights(self.model))

    def prepare(self) -> None:
        """Remove what a crash left behind, and say when the runs that are there are others."""
        folder = self.path.parent
        for left_by_a_crash in folder.glob(f"{glob.escape(self.path.stem)}.*.part"):
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
            needed = {key: state[key] for key in ("model", "averaged", "optimizers", "history", "random", "step")}
            return {"data": None} | state | needed
        except OSError:
            raise
        except Exception as error:
            raise ValueError(
                f"expected a checkpoint of this course in {self.path}, got a damaged file "
                f"({type(error).__name__}): delete it and run the cell again"
            ) from None

    def save(self, state: dict) -> bool:
        """Write to a file beside it, then rename: a crash at any moment leaves the old file or the new one.

        Tell whether that went well; if not, the reason is printed, and training can go on.
        """
        part = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
            return True
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            print(f"The checkpoint {self.path} could not be written ({error}); training goes on.", file=sys.stderr)
            return False
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
