"""Training: one loop for every model, which can be watched, interrupted and resumed."""

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils.checkpoints import open_checkpoint
from course_utils.checks import check_data
from course_utils.history import History
from course_utils.run import SCHEDULES, Run, stages
from course_utils.runtime import forked_random, pick_device

SAVE_SECONDS = 10.0


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
