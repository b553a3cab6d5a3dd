"""The state of a training run: model, average, optimizers, history, random numbers; all that a checkpoint holds."""

import copy
import math
from collections.abc import Callable, Collection

from torch import nn

from course_utils.history import ADVICE, DivergenceError, History
from course_utils.runtime import forked_random, random_state, set_random_state

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
