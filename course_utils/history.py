"""The history of a training run, and the alarm when its losses stop being numbers."""

import copy
import math

import torch
from torch import Tensor, nn


class DivergenceError(ArithmeticError):
    """Training met a loss that is infinite or not a number."""


class History:
    """What training logged: `history["d_loss"]` lists the means between one entry of `history.steps` and the next.

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
        """Return the entry of a metric that is nearest to a step."""
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
        for name in sorted({name for metrics in window for name in metrics}):
            at = [step - len(window) + i + 1 for i, metrics in enumerate(window) if name in metrics]
            values = torch.stack([metrics[name] for metrics in window if name in metrics]).tolist()
            for i, value in zip(at, values):
                if not math.isfinite(value):
                    raise DivergenceError(
                        f"expected finite losses, got {name} = {value} at step {i}: "
                        "try a lower learning rate, a gradient penalty, or another seed"
                    )
            column = self.metrics.setdefault(name, [math.nan] * len(self.steps))
            column.append(sum(values) / len(values))
        self.steps.append(step)
        for column in self.metrics.values():
            column += [math.nan] * (len(self.steps) - len(column))
