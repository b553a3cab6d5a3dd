"""Several small batches for one step: what one batch would give that is too large for the memory.

A GAN's step moves the discriminator, then the generator, which has to see the discriminator that has moved. So the
batches take turns: each runs the model's `training_step` up to an optimizer's step and waits there; when all wait, the
optimizer moves along the mean of their gradients, and all go on. They are coroutines, made of threads of which one runs
at a time, because the model is not to know of it. A graph that a batch still holds when it waits stays in memory.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from itertools import zip_longest
from queue import SimpleQueue
from threading import Thread

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_utils.plumbing.speed import uncached


def in_turns(model: nn.Module, stream: Iterator, k: int) -> tuple["nn.Module | InTurns", Iterator]:
    """Return a model that takes a step on k batches, and a stream of tuples of k; for one, all stays as it is."""
    return (model, stream) if k == 1 else (InTurns(model), zip(*[stream] * k))


class InTurns:
    """A model that takes a step on several batches at once; whatever else it is asked for, the model itself answers.

    Gradients and metrics are means over the batches, so that a loss has to be a mean over its batch: a maximum over the
    batch, such as free bits, or its statistics, as in batch norm, are those of a small batch. What a batch needs after
    a move it has to keep in local variables: all batches share what it leaves on the model.
    """

    def __init__(self, model: nn.Module):
        self.model = model

    def __getattr__(self, name: str):
        return getattr(self.model, name)

    def training_step(self, batches: tuple, optimizers: dict[str, Optimizer], step: int) -> dict[str, Tensor]:
        """Move each optimizer once for all batches; raises ValueError if they do not move the same ones in turn."""
        total: dict[Tensor, Tensor] = {}  # a weight: the sum of its gradients
        metrics: list[dict[str, Tensor]] = []
        turns = [take_turn(self.model, batch, optimizers, step, total, metrics) for batch in batches]
        try:
            for optimizer, *others in zip_longest(*turns):
                if any(other is not optimizer for other in others):
                    raise ValueError("expected all batches of a step to move the same optimizers, got some that do not")
                for weight in total:
                    weight.grad = total[weight] / len(batches)
                optimizer.step()
                for weight in total:
                    weight.grad = None
                total.clear()
        finally:
            for turn in turns:
                turn.close()
        names = dict.fromkeys(name for each in metrics for name in each)
        columns = {name: [each[name] for each in metrics if name in each] for name in names}
        return {name: sum(column) / len(column) for name, column in columns.items()}


def take_turn(model, batch, optimizers: dict, step: int, total: dict, metrics: list) -> Iterator[Optimizer]:
    """Train on one batch; yield each optimizer that is to move, its gradients added to the total, and wait."""
    weights = {name: [p for group in o.param_groups for p in group["params"]] for name, o in optimizers.items()}
    if sum(map(len, weights.values())) > len(set().union(*weights.values())):
        raise ValueError("expected each weight in one optimizer, to accumulate batches, got one that is in two")

    def train(pause: Callable) -> None:
        waiting = {name: Waiting(optimizer, lambda name=name: pause(name)) for name, optimizer in optimizers.items()}
        metrics.append(model.training_step(batch, waiting, step))

    with Coroutine(train, next(model.parameters()).device) as coroutine:
        for name in coroutine:
            own = {p: p.grad for column in weights.values() for p in column if p.grad is not None}
            for weight in own:
                weight.grad = None
            for weight in filter(own.__contains__, weights[name]):
                gradient = own.pop(weight)
                total[weight] = total[weight].add_(gradient) if weight in total else gradient
            yield optimizers[name]
            for weight, gradient in own.items():  # of an optimizer that moves later
                weight.grad = gradient


class Waiting:
    """An optimizer whose step waits for the other batches; otherwise the optimizer itself."""

    def __init__(self, optimizer: Optimizer, wait: Callable[[], None]):
        self.optimizer = optimizer
        self.wait = wait

    def step(self, closure: Callable | None = None) -> None:
        if closure:
            raise TypeError("expected optimizer.step() without a closure, to accumulate batches, got one with")
        self.wait()

    def __getattr__(self, name: str):
        return getattr(self.optimizer, name)


class Coroutine:
    """A function of `pause` in a thread of its own, which runs only while somebody asks what it pauses with next."""

    def __init__(self, function: Callable, device: torch.device):
        self.function = function
        self.device = device
        self.autocasts = [uncached(torch.device(kind)) for kind in {"cpu", device.type}]
        self.module = torch.get_device_module(device)
        self.stream = self.module.current_stream(device) if hasattr(self.module, "current_stream") else None  # not MPS
        self.go_on: SimpleQueue[bool] = SimpleQueue()  # False: there is nobody any more who asks
        self.said: SimpleQueue[tuple] = SimpleQueue()
        self.thread = Thread(target=copy_context().run, args=(self.run,), daemon=True)

    def run(self) -> None:
        """Wait to be asked, then run the function as the caller's thread would: its device, its autocast."""
        try:
            if self.go_on.get():
                with ExitStack() as stack:
                    if self.stream:
                        stack.enter_context(self.module.stream(self.stream))  # and so its device
                    for autocast in self.autocasts:
                        stack.enter_context(autocast)
                    self.function(self.pause)
            self.said.put((StopIteration(), None))
        except StopIteration:  # which would look like the end of the batch
            self.said.put((RuntimeError("expected training_step to end, got StopIteration in it"), None))
        except BaseException as error:
            self.said.put((error, None))

    def pause(self, value) -> None:
        """Hand out a value and wait, in the coroutine's thread, until the next one is asked for."""
        self.said.put((None, value))
        if not self.go_on.get():
            self.go_on.put(False)  # for whoever moves on its way out
            raise GeneratorExit

    def __iter__(self):
        return self

    def __next__(self):
        self.go_on.put(True)
        error, value = self.said.get()
        if error:
            raise error
        return value

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.go_on.put(False)
        self.thread.join()
