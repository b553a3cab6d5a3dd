"""Training: one loop for every model, which can be watched, interrupted and resumed."""

import math
import os
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, repeat

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from course_utils.plumbing.accumulation import InTurns, in_turns
from course_utils.plumbing.checkpoints import Checkpoint
from course_utils.plumbing.checks import (
    check_batch,
    check_held_out,
    check_name,
    check_training_data,
    check_whole,
    dtype_of,
)
from course_utils.plumbing.device import forked_random, pick_device, random_state, set_random_state, torch_defaults
from course_utils.plumbing.distributed import Alone, team_on
from course_utils.plumbing.epochs import Epochs
from course_utils.plumbing.history import ADVICE, DivergenceError, History, copied
from course_utils.plumbing.labels import as_tuple
from course_utils.plumbing.mapped import at_hand, home_of, ready
from course_utils.plumbing.speed import AS_EVER, Faster, check_speed, uncached

SAVE_SECONDS = 10.0
FAR = 1_000_003  # from a process's seed to the next one's, so that none is what another run begins with
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
    accumulate: int = 1,
    held_out: Tensor | None = None,
    seed: int = 0,
    average: float = 0.0,
    schedule: str = "constant",
    snapshots: int | Collection[int] = 0,
    callback: Callable[[nn.Module, History], None] | None = None,
    checkpoint: str | None = None,
    log_every: int = 50,
    device: str | torch.device | None = None,
    precision: str = "float32",
    compile: bool = False,
    channels_last: bool = False,
) -> History:
    """Train a model for a number of steps and return the history; the model comes back on the device it came from.

    In a script that `torchrun` starts several times, the processes train one model: each on a batch and noise of its
    own, with gradients and metrics that are means over all; the first one shows and saves.

    Parameters
    ----------
    model : has `make_optimizers()` and `training_step(batch, optimizers, step) -> {metric: tensor}`.
    data : a tensor (N, ...), a tuple of tensors that share N, or a DataLoader whose data set has a length. Batches
        of tensors are drawn with replacement; a DataLoader has its own batch size, is logged once an epoch, and resumes
        at an epoch's start, with its own random numbers, if it has a generator, from their beginning. One with
        `state_dict` and `load_state_dict`, in a single process, is logged as tensors are, and resumes where it was. A
        tensor of `torch.from_file` is not read as a whole, and pictures (N, C, H, W) may be bytes, which the model gets
        as floats in [0, 1].
    steps : how many steps to take, those before an interrupt included.
    accumulate : how many batches make a step: their gradients are averaged before each optimizer moves, so that 8 of 16
        are one of 128 in less memory, but for what looks across a batch, such as batch norm.
    held_out : data (and labels) that the model never learns from; what its `evaluate` says is logged as "held_out_...".
    seed : of the batches and of all of torch's noise; the caller's random state stays as it was.
    average : decay of an exponential moving average of the weights, which the model holds afterwards; 0 is off. The
        decay at a step is at most step / (step + 10), so that the first weights are soon forgotten: 0.999 is reached
        at step 9,990. Buffers, such as batch norm's statistics, are those of the last step.
    schedule : of the learning rates: "constant", "linear" or "cosine", both down to 0.
    snapshots : how many times to keep the weights in `history.snapshots`, denser early on; or at which steps.
    callback : called with the model (averaged, if it is) and the history after each snapshot and at the end.
    checkpoint : a name; running the same line again continues where it stopped, or returns at once. Another model,
        setting, data set or function trains anew. What a DataLoader reads from disk is not compared, and of a file of
        `torch.from_file` its name, its size and when it was written.
    log_every : steps between two entries of the history.
    device : "cpu", "cuda", ...; by default the accelerator that is there.
    precision : "float32" or "bfloat16", in which the networks then compute; weights and losses stay float32.
    compile : whether to compile the model's method `loss`, which takes half a minute and pays off in long runs.
    channels_last : whether the weights of convolutions lie in memory as most processors like them best.

    Raises ValueError or TypeError for settings or data that cannot be trained on, DivergenceError for losses that are
    not finite. After an interrupt, which goes on, the model has the weights of that moment; the checkpoint lacks ten
    seconds at most (or the steps since the last entry of the history).
    """
    check_whole(steps=steps, batch_size=batch_size, accumulate=accumulate, log_every=log_every)
    if not 0 <= average < 1:
        raise ValueError(f"expected average in [0, 1), such as 0.999, got {average!r}")
    if schedule not in SCHEDULES:
        raise ValueError(f"expected a schedule among {', '.join(SCHEDULES)}, got {schedule!r}")
    check_name(checkpoint)
    check_training_data(model, data, batch_size, accumulate)
    check_held_out(model, held_out)
    check_speed(model, precision, compile)
    kept = snapshot_steps(snapshots, steps)
    home = next(model.parameters()).device
    team = team_on(device or pick_device())
    device = team.device
    epochs = Epochs.of(data) if team.size == 1 else None
    log_every = steps_of_an_epoch(data, accumulate) if isinstance(data, DataLoader) and not epochs else log_every
    settings = [steps, batch_size, held_out, seed, average, schedule, kept, log_every, device.type]
    settings += [Run.advance, Run.average_weights, SCHEDULES[schedule], batches]  # and the code that uses them
    settings += [accumulate, InTurns] if accumulate > 1 else []
    speed = {"precision": precision, "compile": compile, "channels_last": channels_last}
    settings += [speed, Faster] if speed != AS_EVER else []
    store = Checkpoint(checkpoint, model, data, settings) if checkpoint and team.rank == 0 else None
    quiet = os.environ.get("COURSE_PROGRESS") == "0" or team.rank > 0
    alike = {"steps": steps, "batch_size": batch_size, "accumulate": accumulate, "seed": seed, "log_every": log_every}
    team.begin(model.to(device).train(), data, **alike, **speed, average=average, schedule=schedule)
    if channels_last:
        model.to(memory_format=torch.channels_last)
    run = Run(model, steps, team, store, epochs, average=average, schedule=schedule, held_out=held_out)
    bar = tqdm(total=steps, disable=quiet, leave=False)
    with forked_random(seed + FAR * team.rank, device), uncached(device), team.training(model, run.optimizers), bar:
        try:
            run.resume()
            stream = batches(model, data, batch_size, home_of(data, device), epochs.begun if epochs else ())
            stream = team.batches(at_hand(stream, data, device, dtype_of(model)), data, run.step * accumulate)
            run.model, stream = in_turns(model, stream, accumulate)
            run.model = Faster(run.model, model, device, precision, compile) if speed != AS_EVER else run.model
            bar.update(run.step)
            while run.step < steps:
                if run.keep_snapshot(kept):
                    run.show(callback)
                run.advance(next(stream))
                if run.step % log_every == 0 or run.step == steps:
                    run.log(bar)
                    if team.first_says(time.monotonic() - run.saved_at > SAVE_SECONDS):
                        run.save()
            run.keep_snapshot(kept)
            run.save()
            run.show(callback)
        except KeyboardInterrupt:
            how = f"goes on from step {run.saved_step}, the last saved" if store else "trains the model further"
            team.say(f"Stopped at step {run.step} of {steps}; the same line {how}.")
            raise
        finally:
            model.load_state_dict(run.settled().state_dict())
            model.to(home)
            if channels_last:
                model.to(memory_format=torch.contiguous_format)
            if store:
                store.remember()
    return run.history


class Run:
    """A training in progress: model, average, optimizers, history, step. `state_dict` is what a checkpoint keeps."""

    def __init__(self, model: nn.Module, steps: int, team: Alone, store, epochs, *, average, schedule, held_out):
        self.model = model
        self.steps = steps
        self.team = team
        self.device = team.device
        self.decay = average
        self.learning_rate_factor = SCHEDULES[schedule]
        self.held_out = None if held_out is None else ready(held_out, self.device, dtype_of(model))
        self.averaged = copied(model).requires_grad_(False) if average else model
        self.optimizers = model.make_optimizers()
        self.name_weights_that_stay()
        self.history = History()
        self.metrics_since_log: list[dict[str, Tensor]] = []
        self.step = 0
        self.store: Checkpoint | None = store
        self.epochs: Epochs | None = epochs
        self.saved_step = 0
        self.saved_at = time.monotonic()

    def name_weights_that_stay(self) -> None:
        """Say which weights no optimizer moves, unless they are frozen on purpose."""
        moved = {id(p) for each in self.optimizers.values() for group in each.param_groups for p in group["params"]}
        left_out = [name for name, p in self.model.named_parameters() if p.requires_grad and id(p) not in moved]
        if left_out:
            self.team.say(f"No optimizer of {type(self.model).__name__} moves {', '.join(left_out)}.")

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
        self.history.record(self.step, self.team.mean(self.metrics_since_log))
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
        if callback and self.team.rank == 0:
            with forked_random(0, self.device):
                callback(self.averaged, self.history)
            self.model.train()

    def resume(self) -> None:
        """Continue from the checkpoint; or save the beginning, from which an interrupted run can always be resumed."""
        state = self.team.first_says(self.store.load() if self.store else None)
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
            "data": self.epochs.state_dict() if self.epochs else None,  # a loader that begins draws a random number
            "random": self.team.all_say(random_state(self.device)),
            "step": self.step,
        }

    def load_state_dict(self, state: dict) -> None:
        """Continue exactly where `state_dict` was taken."""
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        if self.epochs and state["data"]:
            self.epochs.load_state_dict(state["data"])
        vars(self.history).update(state["history"])
        set_random_state(self.device, self.team.own_random_state(state["random"], random_state(self.device)))
        self.step = self.saved_step = state["step"]


def batches(model: nn.Module, data, batch_size: int, device: torch.device, begun: Iterable = ()) -> Iterator:
    """Yield batches on the device for ever: random rows of resident tensors, or a loader's epochs, one begun first."""
    if isinstance(data, DataLoader):
        for i, batch in enumerate(chain(begun, chain.from_iterable(repeat(data)))):
            if i == 0:  # looking at every batch would wait for the device
                check_batch(model, batch)
            yield batch.to(device) if isinstance(batch, Tensor) else [part.to(device) for part in batch]
    tensors = [part.to(device) for part in as_tuple(data)]
    while True:
        rows = torch.randint(len(tensors[0]), (batch_size,), device=device)  # (batch_size,)
        batch = [part.index_select(0, rows) for part in tensors]  # twice as fast as part[rows]
        yield batch[0] if isinstance(data, Tensor) else batch


def steps_of_an_epoch(loader: DataLoader, accumulate: int) -> int:
    """Return how many steps see all data once; raises ValueError if an epoch would end within a step."""
    if len(loader) % accumulate:
        raise ValueError(f"expected an epoch of a multiple of {accumulate} batches to accumulate, got {len(loader)}")
    return len(loader) // accumulate


def snapshot_steps(snapshots: int | Collection[int], steps: int) -> list[int]:
    """Return the steps at which to keep the weights: those given, or that many and the first, denser early on."""
    if isinstance(snapshots, Collection):
        if not all(isinstance(step, int) and 0 <= step <= steps for step in snapshots):
            raise ValueError(f"expected snapshots at steps from 0 to {steps}, got {snapshots!r}")
        return sorted(set(snapshots))
    check_whole(0, snapshots=snapshots)
    return sorted({round(steps * (i / snapshots) ** 2) for i in range(snapshots + 1)}) if snapshots else []
