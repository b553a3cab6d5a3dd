"""Training: one loop for every model, which can be watched, interrupted and resumed."""

import copy
import math
import os
import random
import sys
import time
from collections.abc import Callable, Collection, Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils.data import check_data
from course_utils.plumbing.checkpoints import open_checkpoint
from course_utils.plumbing.device import forked_random, pick_device, random_state, set_random_state
from course_utils.plumbing.history import ADVICE, DivergenceError, History

SAVE_SECONDS = 10.0
SCHEDULES = {  # progress in [0, 1) to a factor of the learning rate
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1.0 - progress,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * progress)),
}


def stages(snapshots: int | Collection[int], steps: int) -> set[int]:
    """Return the steps at which to keep the weights: those given, or that many and the first, denser early on."""
    given = set() if isinstance(snapshots, int) else set(snapshots)
    if not given <= set(range(steps + 1)) or (isinstance(snapshots, int) and snapshots < 0):
        raise ValueError(f"expected snapshots at steps from 0 to {steps}, or how many, got {snapshots!r}")
    if not isinstance(snapshots, int):
        return given
    return {round(steps * (i / snapshots) ** 2) for i in range(snapshots + 1)} if snapshots else set()


class Run:
    """Everything that a checkpoint holds: model, average, optimizers, history, random state."""

    def __init__(self, model: nn.Module, average: float, schedule: str, steps: int, device, held_out=None):
        self.model, self.device, self.steps = model, device, steps
        self.held_out = None if held_out is None else held_out.to(device)
        self.decay, self.factor = average, SCHEDULES[schedule]
        self.averaged = copy.deepcopy(model).requires_grad_(False) if average else model
        self.pairs = list(zip(self.averaged.state_dict().values(), model.state_dict().values())) if average else []
        self.optimizers = model.make_optimizers()
        self.history, self.window, self.step = History(), [], 0

    def advance(self, batch) -> None:
        """Take one step of training at the learning rate of the schedule."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * self.factor(self.step / self.steps)
        self.window.append(self.model.training_step(batch, self.optimizers, self.step))
        self.step += 1
        decay = min(self.decay, self.step / (self.step + 10))  # the first weights are soon forgotten
        for mean, new in self.pairs:
            mean.lerp_(new, 1 - decay) if mean.is_floating_point() else mean.copy_(new)

    def record(self) -> None:
        """Move the buffered metrics into the history, beside those of held-out data."""
        if self.held_out is not None:
            metrics = self.averaged.evaluate(self.held_out)  # the same noise each time: only learning moves the curve
            self.window[-1] |= {f"held_out_{name}": value for name, value in metrics.items()}
        self.history.record(self.step, self.window)
        self.window = []

    def snapshot(self) -> None:
        """Keep the weights of this moment, averaged if weights are averaged."""
        self.history.snapshots[self.step] = {k: v.clone().cpu() for k, v in self.averaged.state_dict().items()}

    def show(self, callback: Callable | None) -> None:
        """Let the caller look; whatever random numbers that takes, learning goes on with its own."""
        if callback:
            with forked_random(0, self.device):
                callback(self.averaged, self.history)

    def state_dict(self) -> dict:
        """Return tensors and plain values only, so that `torch.load(weights_only=True)` reads them.

        Raises DivergenceError for weights that are not finite: such a state must not be kept.
        """
        if not all(p.isfinite().all() for p in self.model.parameters()):
            raise DivergenceError(f"expected finite weights, got NaN or infinity after step {self.step}: {ADVICE}")
        return {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "history": vars(self.history),
            "random": random_state(self.device),
            "step": self.step,
        }

    def load_state_dict(self, state: dict) -> None:
        """Continue exactly where `state_dict` was taken."""
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        vars(self.history).update(state["history"])
        set_random_state(self.device, state["random"])
        self.step = state["step"]


def fit(
    model: nn.Module,
    data,
    *,
    steps: int,
    batch_size: int = 64,
    held_out: Tensor | None = None,
    seed: int = 0,
    average: float = 0.0,
    schedule: str = "constant",
    snapshots: int | Collection[int] = 0,
    callback: Callable[[nn.Module, History], None] | None = None,
    checkpoint: str | None = None,
    log_every: int = 50,
    device: str | torch.device | None = None,
) -> History:
    """Train a model for a number of steps and return the history; the model comes back on the device it came from.

    Parameters
    ----------
    model : has `make_optimizers()`, `training_step(batch, optimizers, step) -> {metric: tensor}` and `sample(n)`.
    data : a tensor (N, ...), a tuple of tensors that share N, or a DataLoader. Batches of tensors are drawn with
        replacement; a DataLoader has its own batch size, is logged once an epoch, and resumes at an epoch's start.
    steps : of training in all, one batch each.
    held_out : data that the model never learns from; what its `evaluate` says of them is logged as "held_out_...".
    seed : of the batches and of all noise; the caller's random state stays as it was.
    average : decay of an exponential moving average of the weights, which the model holds afterwards; 0 is off.
    schedule : of the learning rates: "constant", "linear" or "cosine", both down to 0.
    snapshots : how many times to keep the weights in `history.snapshots`, denser early on; or at which steps.
    callback : called with the model (averaged, if it is) and the history after each snapshot and at the end.
    checkpoint : a name; running the same line again continues where it stopped, or returns at once.
    log_every : steps between two entries of the history.
    device : "cpu", "cuda", ...; by default the accelerator that is there.

    Raises ValueError for settings or data that cannot be trained on, DivergenceError for losses that are not finite.
    """
    check_settings(data, steps, batch_size, average, schedule, log_every)
    if held_out is not None:
        check_held_out(model, held_out)
    log_every = len(data) if isinstance(data, DataLoader) else log_every
    home, device = next(model.parameters()).device, torch.device(device or pick_device())
    shots = stages(snapshots, steps)
    settings = (steps, batch_size, seed, average, schedule, sorted(shots), log_every, device.type)
    settings += () if held_out is None else (tuple(held_out.shape),)
    store = open_checkpoint(checkpoint, model, data, settings) if checkpoint else None
    run = Run(model.to(device).train(), average, schedule, steps, device, held_out)
    with forked_random(seed, device), progress_bar(steps) as bar:
        try:
            if store and (state := store.load()):
                run.load_state_dict(state)
            elif store:
                store.save(run.state_dict())  # from here on, an interrupted run can always be resumed
            train(run, batches(data, batch_size, device), shots, callback, store, log_every, bar)
        except KeyboardInterrupt:
            again = "goes on from the last checkpoint" if store else "starts again from here"
            kept = f"Stopped at step {run.step} of {steps}; model and history are kept, the same line {again}."
            print(kept, file=sys.stderr)
        finally:
            model.load_state_dict(run.averaged.state_dict())
            model.to(home)
    return run.history


def train(run: Run, batches: Iterator, shots: set[int], callback, store, log_every: int, bar) -> None:
    """The loop itself: step, and now and then look, log and save, none of which changes what is learned."""
    saved = time.monotonic()
    bar.update(run.step)
    while run.step < run.steps:
        if run.step in shots and run.step not in run.history.snapshots:
            run.snapshot()
            run.show(callback)
        run.advance(next(batches))
        if run.step % log_every == 0 or run.step == run.steps:
            run.record()
            bar.update(run.step - bar.n)
            bar.set_postfix({name: f"{column[-1]:.3g}" for name, column in run.history.metrics.items()})
            if store and time.monotonic() - saved > SAVE_SECONDS:
                store.save(run.state_dict())
                saved = time.monotonic()
    if run.steps in shots and run.steps not in run.history.snapshots:
        run.snapshot()
    state = run.state_dict()
    if store:
        store.save(state)
    run.show(callback)


def batches(data, batch_size: int, device: torch.device) -> Iterator:
    """Yield batches on the device for ever: random rows of resident tensors, or the epochs of a DataLoader."""
    if isinstance(data, DataLoader):
        checked = False
        while True:
            for batch in data:
                if not checked:  # once: looking at every batch would wait for the device
                    check_data(batch if isinstance(batch, Tensor) else batch[0])
                    checked = True
                yield batch.to(device) if isinstance(batch, Tensor) else [part.to(device) for part in batch]
    tensors = [part.to(device) for part in ([data] if isinstance(data, Tensor) else data)]
    while True:
        rows = torch.randint(len(tensors[0]), (batch_size,), device=device)  # (batch_size,)
        batch = [part.index_select(0, rows) for part in tensors]  # twice as fast as part[rows]
        yield batch[0] if isinstance(data, Tensor) else batch


def check_settings(data, steps: int, batch_size: int, average: float, schedule: str, log_every: int) -> None:
    """Raise ValueError or TypeError, in one sentence, for what cannot be trained on."""
    for name, value in (("steps", steps), ("batch_size", batch_size), ("log_every", log_every)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"expected {name} to be a whole number of at least 1, got {value!r}")
    if not 0 <= average < 1:
        raise ValueError(f"expected average in [0, 1), such as 0.999, got {average!r}")
    if schedule not in SCHEDULES:
        raise ValueError(f"expected a schedule among {', '.join(SCHEDULES)}, got {schedule!r}")
    if isinstance(data, DataLoader):
        if len(data) == 0:  # it would be asked for a first batch for ever
            raise ValueError("expected a DataLoader with at least one batch, got none")
        return
    tensors = [data] if isinstance(data, Tensor) else data
    if not isinstance(tensors, (list, tuple)) or not all(isinstance(part, Tensor) for part in tensors):
        raise TypeError(f"expected data as a tensor, a tuple of tensors or a DataLoader, got {type(data).__name__}")
    if len({len(part) for part in tensors}) != 1 or len(tensors[0]) == 0:
        raise ValueError(f"expected tensors of one length above 0, got {[len(part) for part in tensors]}")
    check_data(tensors[0])


def check_held_out(model: nn.Module, held_out: Tensor) -> None:
    """Raise TypeError or ValueError, in one sentence, for held-out data that cannot be evaluated."""
    if not hasattr(model, "evaluate"):
        raise ValueError(f"expected a model with a method `evaluate` for held-out data, got {type(model).__name__}")
    check_data(held_out)


def progress_bar(steps: int):
    """Return a bar for the notebook; COURSE_PROGRESS=0 hides it."""
    return tqdm(total=steps, disable=os.environ.get("COURSE_PROGRESS", "1") == "0", leave=False)


def course_seed() -> int:
    """Return the seed of this run of the course: COURSE_SEED of the environment, or 0."""
    return int(os.environ.get("COURSE_SEED", "0"))


def seed_everything(seed: int) -> None:
    """Seed Python's and torch's random numbers on every device."""
    random.seed(seed)
    torch.manual_seed(seed)
