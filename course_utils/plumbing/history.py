"""The history of a training run, and the alarm when its losses stop being numbers."""

import copy
import math

import torch
from torch import Tensor, nn

ADVICE = "try a lower learning rate, a gradient penalty, or another seed"


class DivergenceError(ArithmeticError):
    """Training met a loss that is infinite or not a number."""


class History:
    """What training logged: `history["d_loss"]` lists means over the steps up to each entry of `history.steps`.

    `history.snapshots` maps steps to the weights that the model had there.
    """

    def __init__(self):
        self.steps: list[int] = []
        self.metrics: dict[str, list[float]] = {}
        self.snapshots: dict[int, dict[str, Tensor]] = {}

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.metrics:
            raise KeyError(f"expected a metric among {', '.join(self.metrics)}, got {name!r}")
        return self.metrics[name]

    def near(self, name: str, step: int) -> float:
        """Return the entry of a metric that is nearest to a step; raises ValueError for an empty history."""
        if not self.steps:
            raise ValueError("expected a history with at least one entry, got none: train for longer first")
        return min(zip(self.steps, self[name]), key=lambda entry: abs(entry[0] - step))[1]

    def keep(self, step: int, model: nn.Module) -> None:
        """Keep a copy of the weights that a model has at a step."""
        self.snapshots[step] = {plain(name): value.clone().cpu() for name, value in model.state_dict().items()}

    def model_at(self, model: nn.Module, step: int) -> nn.Module:
        """Return a copy of the model with the weights of a snapshot; raises KeyError for a step without one."""
        if step not in self.snapshots:
            raise KeyError(f"expected a step among {', '.join(map(str, self.snapshots))}, got {step}")
        past = copied(model)
        snapshot = self.snapshots[step]
        past.load_state_dict({name: snapshot[plain(name)] for name in past.state_dict()})
        return past

    def record(self, step: int, window: list[dict[str, Tensor]]) -> None:
        """Read the metrics of the last steps in one go and keep their means; raises DivergenceError."""
        first = step - len(window) + 1
        columns = {}
        bad = []
        for name in sorted(set().union(*window)):
            steps = [first + i for i, metrics in enumerate(window) if name in metrics]
            values = torch.stack([torch.as_tensor(metrics[name]) for metrics in window if name in metrics]).tolist()
            columns[name] = sum(values) / len(values)
            bad += [(at, name, value) for at, value in zip(steps, values) if not math.isfinite(value)]
        if bad:
            at, name, value = min(bad)
            raise DivergenceError(f"expected finite losses, got {name} = {value} at step {at}: {ADVICE}")
        for name in self.metrics | columns:  # a metric may be new, and may not occur in this window
            column = self.metrics.setdefault(name, [math.nan] * len(self.steps))
            column.append(columns.get(name, math.nan))
        self.steps.append(step)


def plain(name: str) -> str:
    """Return the name that an entry of a model's state has without `torch.compile`."""
    return name.replace("_orig_mod.", "")


def copied(model: nn.Module) -> nn.Module:
    """Return a deep copy of a model; raises TypeError for one that holds results of its last step."""
    try:
        return copy.deepcopy(model)
    except RuntimeError as error:
        raise TypeError(
            "expected a model that can be copied, got one that holds tensors of its last step, as "
            "torch.nn.utils.spectral_norm leaves them: use torch.nn.utils.parametrizations.spectral_norm instead"
        ) from error
