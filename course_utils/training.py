"""Training: one loop for every model, which can be watched, interrupted and resumed."""

import math
import os
import random
import sys
import time
from collections.abc import Callable, Collection, Iterator
from itertools import chain, repeat

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils.plumbing.checkpoints import Checkpoint
from course_utils.plumbing.checks import check_batch, check_training_data, check_whole
from course_utils.plumbing.device import forked_random, pick_device, random_state, set_random_state, torch_defaults
from course_utils.plumbing.history import ADVICE, DivergenceError, History, copied
from course_utils.plumbing.labels import as_tuple, check_labels, x_and_y

SAVE_SECONDS = 10.0
SCHEDULES = {  # progress in [0, 1) to a factor of the learning rate
    "constant": None,  # a model's optimizers may have schedules of their own
    "linear": lambda progress: 1.0 - progress,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * progress)),
}


def course_seed() -> int:
    """Return the seed of this run of the course: COURSE_SEED of the environment, or 0."""
    return int(os.environ.get("COURSE_SEED", "0"))


def seed_everything(seed: int) -> None:
    """Seed Python's and torch's random numbers on every device."""
    random.seed(seed)
    torch.manual_seed(seed)


@torch_defaults()
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
    model : has `make_optimizers()` and `training_step(batch, optimizers, step) -> {metric: tensor}`.
    data : a tensor (N, ...), a tuple of tensors that share N, or a DataLoader. Batches of tensors are drawn with
        replacement; a DataLoader has its own batch size, is logged once an epoch, and resumes at an epoch's start,
        with its own random numbers, if it has a generator, from their beginning.
    steps : how many batches to train on, those before an interrupt included.
    held_out : data (and labels) that the model never learns from; what its `evaluate` says is logged as "held_out_...".
    seed : of the batches and of all of torch's noise; the caller's random state stays as it was.
    average : decay of an exponential moving average of the weights, which the model holds afterwards; 0 is off. The
        decay at a step is at most step / (step + 10), so that the first weights are soon forgotten: 0.999 is reached
        at step 9,990. Buffers, such as batch norm's statistics, are those of the last step.
    schedule : of the learning rates: "constant", "linear" or "cosine", both down to 0.
    snapshots : how many times to keep the weights in `history.snapshots`, denser early on; or at which steps.
    callback : called with the model (averaged, if it is) and the history after each snapshot and at the end.
    checkpoint : a name; running the same line again continues where it stopped, or returns at once. Another model,
        setting, data set or function trains anew. What a DataLoader reads from disk is not compared.
    log_every : steps between two entries of the history.
    device : "cpu", "cuda", ...; by default the accelerator that is there.

    Raises ValueError or TypeError for settings or data that cannot be trained on, DivergenceError for losses that are
    not finite. After an interrupt, which goes on, the model has the weights of that moment; the checkpoint lacks ten
    seconds at most (or the steps since the last entry of the history).
    """
    check_whole(steps=steps, batch_size=batch_size, log_every=log_every)
    if not 0 <= average < 1:
        raise ValueError(f"expected average in [0, 1), such as 0.999, got {average!r}")
    if schedule not in SCHEDULES:
        raise ValueError(f"expected a schedule among {', '.join(SCHEDULES)}, got {schedule!r}")
    check_training_data(model, data, batch_size)
    if held_out is not None:
        check_batch(model, held_out, "held-out data as a tensor or a tuple of tensors")
        check_labels(x_and_y(held_out)[1], model)
        if not hasattr(model, "evaluate"):
            raise ValueError(f"expected a model with a method `evaluate` for held-out data, got {type(model).__name__}")
    kept = snapshot_steps(snapshots, steps)
    log_every = len(data) if isinstance(data, DataLoader) else log_every
    home = next(model.parameters()).device
    device = torch.device(device or pick_device())
    settings = [steps, batch_size, held_out, seed, average, schedule, kept, log_every, device.type]
    settings += [Run.advance, Run.average_weights, SCHEDULES[schedule], batches]  # and the code that uses them
    store = Checkpoint(checkpoint, model, data, settings) if checkpoint else None
    quiet = os.environ.get("COURSE_PROGRESS") == "0"
    run = Run(model.to(device).train(), steps, device, store, average=average, schedule=schedule, held_out=held_out)
    with forked_random(seed, device), tqdm(total=steps, disable=quiet, leave=False) as bar:
        try:
            run.resume()
            stream = batches(model, data, batch_size, device)
            bar.update(run.step)
            while run.step < steps:
                if run.keep_snapshot(kept):
                    run.show(callback)
                run.advance(next(stream))
                if run.step % log_every == 0 or run.step == steps:
                    run.log(bar)
                    if time.monotonic() - run.saved_at > SAVE_SECONDS:
                        run.save()
            run.keep_snapshot(kept)
            run.save()
            run.show(callback)
        except KeyboardInterrupt:
            how = f"goes on from step {run.saved_step}, the last saved" if store else "trains the model further"
            print(f"Stopped at step {run.step} of {steps}; the same line {how}.", file=sys.stderr)
            raise
        finally:
            model.load_state_dict(run.settled().state_dict())
            model.to(home)
            if store:
                store.remember()
    return run.history


class Run:
    """A training in progress: model, average, optimizers, history, step. `state_dict` is what a checkpoint keeps."""

    def __init__(self, model: nn.Module, steps: int, device, store, *, average, schedule, held_out):
        self.model = model
        self.steps = steps
        self.device = device
        self.decay = average
        self.learning_rate_factor = SCHEDULES[schedule]
        self.held_out = None if held_out is None else [part.to(device) for part in as_tuple(held_out)]
        self.averaged = copied(model).requires_grad_(False) if average else model
        self.optimizers = model.make_optimizers()
        self.name_weights_that_stay()
        self.history = History()
        self.metrics_since_log: list[dict[str, Tensor]] = []
        self.step = 0
        self.store: Checkpoint | None = store
        self.saved_step = 0
        self.saved_at = time.monotonic()

    def name_weights_that_stay(self) -> None:
        """Say which weights no optimizer moves, unless they are frozen on purpose."""
        moved = {id(p) for each in self.optimizers.values() for group in each.param_groups for p in group["params"]}
        left_out = [name for name, p in self.model.named_parameters() if p.requires_grad and id(p) not in moved]
        if left_out:
            print(f"No optimizer of {type(self.model).__name__} moves {', '.join(left_out)}.", file=sys.stderr)

    def advance(self, batch) -> None:
        """Take one step of training at the learning rate of the schedule."""
        for optimizer in self.optimizers.values() if self.learning_rate_factor else ():
            for group in optimizer.param_groups:
                first_rate = group.setdefault("initial_lr", group["lr"])
                group["lr"] = first_rate * self.learning_rate_factor(self.step / self.steps)
        self.metrics_since_log.append(self.model.training_step(batch, self.optimizers, self.step))
        self.step += 1
        if self.decay:
            self.average_weights()

    @torch.no_grad()
    def average_weights(self) -> None:
        """Move the average towards the weights of this step; buffers are no weights, and are copied."""
        decay = min(self.decay, self.step / (self.step + 10))
        for mean, new in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(new, 1 - decay)
        for old, new in zip(self.averaged.buffers(), self.model.buffers()):
            old.copy_(new)

    def settled(self) -> nn.Module:
        """Return the averaged model with the spectral norms of its own weights: each look at a weight iterates once."""
        for layer in filter(is_parametrized, self.averaged.train().modules()) if self.decay else ():
            for name in 20 * list(layer.parametrizations):
                getattr(layer, name)
        return self.averaged

    def log(self, bar: tqdm) -> None:
        """Move the buffered metrics into the history, beside those of held-out data, and show the last ones."""
        if self.held_out is not None:
            with forked_random(0, self.device):  # the same noise each time: only learning moves the curve
                metrics = self.averaged.evaluate(*self.held_out)
            self.model.train()
            self.metrics_since_log[-1] |= {f"held_out_{name}": value for name, value in metrics.items()}
        self.history.record(self.step, self.metrics_since_log)
        self.metrics_since_log = []
        bar.update(self.step - bar.n)
        bar.set_postfix({name: f"{column[-1]:.3g}" for name, column in self.history.metrics.items()})

    def keep_snapshot(self, kept: Collection[int]) -> bool:
        """Keep the (averaged) weights of this step, if they are wanted and not there yet; tell whether they were."""
        if self.step not in kept or self.step in self.history.snapshots:
            return False
        self.history.keep(self.step, self.settled())
        return True

    def show(self, callback: Callable | None) -> None:
        """Let the caller look; whatever random numbers that takes, learning goes on with its own."""
        if callback:
            with forked_random(0, self.device):
                callback(self.averaged, self.history)
            self.model.train()

    def resume(self) -> None:
        """Continue from the checkpoint; or save the beginning, from which an interrupted run can always be resumed."""
        state = self.store.load() if self.store else None
        if state:
            self.load_state_dict(state)
        else:
            self.save()

    def save(self) -> None:
        """Write the state to the checkpoint, if there is one; raises DivergenceError for one that must not be kept."""
        state = self.state_dict()
        if self.store and self.store.save(state):
            self.saved_step = self.step
        self.saved_at = time.monotonic()

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
        self.step = self.saved_step = state["step"]


def batches(model: nn.Module, data, batch_size: int, device: torch.device) -> Iterator:
    """Yield batches on the device for ever: random rows of resident tensors, or the epochs of a DataLoader."""
    if isinstance(data, DataLoader):
        for i, batch in enumerate(chain.from_iterable(repeat(data))):
            if i == 0:  # looking at every batch would wait for the device
                check_batch(model, batch)
            yield batch.to(device) if isinstance(batch, Tensor) else [part.to(device) for part in batch]
    tensors = [part.to(device) for part in as_tuple(data)]
    while True:
        rows = torch.randint(len(tensors[0]), (batch_size,), device=device)  # (batch_size,)
        batch = [part.index_select(0, rows) for part in tensors]  # twice as fast as part[rows]
        yield batch[0] if isinstance(data, Tensor) else batch


def snapshot_steps(snapshots: int | Collection[int], steps: int) -> list[int]:
    """Return the steps at which to keep the weights: those given, or that many and the first, denser early on."""
    if isinstance(snapshots, Collection):
        if not all(isinstance(step, int) and 0 <= step <= steps for step in snapshots):
            raise ValueError(f"expected snapshots at steps from 0 to {steps}, got {snapshots!r}")
        return sorted(set(snapshots))
    check_whole(0, snapshots=snapshots)
    return sorted({round(steps * (i / snapshots) ** 2) for i in range(snapshots + 1)}) if snapshots else []
