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
        nearest = min(range(len(self.steps)), key=lambda i: abs(self.steps[i] - step))
        return self[name][nearest]

    def model_at(self, model: nn.Module, step: int) -> nn.Module:
        """Return a copy of the model with the weights of a snapshot; raises KeyError for a step without one."""
        if step not in self.snapshots:
            raise KeyError(f"expected a step among {', '.join(map(str, self.snapshots))}, got {step}")
        past = copy.deepcopy(model)
        past.load_state_dict(self.snapshots[step])
        return past

    def record(self, step: int, window: list[dict[str, Tensor]]) -> None:
        """Read the metrics of the last steps in one go and keep their means; raises DivergenceError."""
        first = step - len(window) + 1
        rows = {
            name: {first + i: metrics[name] for i, metrics in enumerate(window) if name in metrics}
            for name in sorted({name for metrics in window for name in metrics})
        }
        values = {name: dict(zip(row, torch.stack(list(row.values())).tolist())) for name, row in rows.items()}
        bad = [(at, name, v) for name, row in values.items() for at, v in row.items() if not math.isfinite(v)]
        if bad:
            at, name, value = min(bad)
            raise DivergenceError(f"expected finite losses, got {name} = {value} at step {at}: {ADVICE}")
        for name, row in values.items():
            self.metrics.setdefault(name, [math.nan] * len(self.steps)).append(sum(row.values()) / len(row))
        self.steps.append(step)
        for column in self.metrics.values():  # a metric that did not occur in this window
            column += [math.nan] * (len(self.steps) - len(column))
