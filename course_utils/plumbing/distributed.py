"""Several processes that train one model: each on batches of its own, and before each move gradients are averaged.

`torchrun --nproc-per-node=2 train.py` starts a script twice, and `fit` in it finds the other process. Models and losses
know nothing of it. The average is taken at the optimizer, not in the backward pass as by `DistributedDataParallel`,
because a GAN has several backward passes for one move, some of which cross the other player.
"""

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from course_utils.plumbing.history import DivergenceError

PATIENCE = timedelta(days=1)  # a callback may take long; gloo notices a dead process at once, NCCL as late as this


class Alone:
    """One process, as in a notebook: it has nobody to agree with."""

    rank = 0
    size = 1

    def __init__(self, device: torch.device | str):
        self.device = torch.device(device)

    def begin(self, model: nn.Module, data, **settings) -> None:
        """Agree on what is trained and how."""

    @contextmanager
    def training(self, model: nn.Module, optimizers: dict[str, Optimizer]):
        """Move the optimizers together inside the block."""
        yield

    def batches(self, stream: Iterator, data, first: int) -> Iterator:
        """Pass on the batches of this process, which begin with the number `first`."""
        return stream

    def first_says(self, value):
        """Return the value that the first process has."""
        return value

    def all_say(self, value):
        """Return the value itself if there is one process, a list of the values of all if there are several."""
        return value

    def mean(self, window: list[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
        """Return the metrics of some steps as means over the processes."""
        return window

    def own_random_state(self, states: list, fresh: list[Tensor]) -> list[Tensor]:
        """Return from what `all_say` returned at a save the random state of this process, `fresh` if it had none."""
        everybodys = [states] if isinstance(states[0], Tensor) else states
        if len(everybodys) != self.size:
            saved = f"The checkpoint is from {len(everybodys)} process(es), not {self.size}"
            self.say(f"{saved}: further steps have another number of batches.")
        return everybodys[self.rank] if self.rank < len(everybodys) else fresh

    def say(self, sentence: str) -> None:
        """Print a sentence on stderr, once for all processes."""
        if self.rank == 0:
            print(sentence, file=sys.stderr)


class Team(Alone):
    """The processes that torchrun started, each with the same weights, its own device, batches and noise.

    Buffers, such as batch norm's statistics, are those of the first process: it sends them before each move and at the
    end. Parameters without a gradient in some processes count there as zero; without one in all, they have none. An
    error in one process ends the process group, also one that the script has made itself.
    """

    busy = False  # a fit inside a fit, as in a callback, is alone
    left = False  # by an error, since when the others are gone as well

    def __init__(self, device: torch.device | str):
        if Team.left:
            raise RuntimeError("expected no fit after one that was stopped in a process of several: start all again")
        super().__init__(own_device(torch.device(device)))
        self.wire = self.device if self.device.type == "cuda" and dist.is_nccl_available() else torch.device("cpu")
        if not dist.is_initialized():
            join()
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    def begin(self, model: nn.Module, data, **settings) -> None:
        """Give all the first one's weights; raises ValueError for other settings, or batches that would be the same."""
        settings["shapes"] = [tuple(p.shape) for p in model.parameters()]
        for name, values in ((name, [other[name] for other in self.all_say(settings)]) for name in settings):
            if any(value != values[0] for value in values):
                raise ValueError(f"expected the same {name} in all processes, got {' and '.join(map(str, values))}")
        sampler = sampler_of(data)
        share = (getattr(sampler, "num_replicas", None), getattr(sampler, "rank", None))
        if not all(self.all_say(sampler is None or share == (self.size, self.rank))):
            same = f"with which the {self.size} processes would see the same rows"
            remedy = f'pass sampler=DistributedSampler(data_set, {self.size}, int(os.environ["RANK"]))'
            got = f"got {type(sampler).__name__}, {same}"
            raise ValueError(f"expected a DataLoader with its share of a DistributedSampler, {got}: {remedy}")
        self.send([*model.parameters(), *model.buffers()], self.from_first)

    @contextmanager
    def training(self, model: nn.Module, optimizers: dict[str, Optimizer]):
        """Average the gradients before each move inside the block; who leaves it by an error leaves the others."""
        self.model = model
        self.optimizers = list(optimizers.values())
        hooks = [optimizer.register_step_pre_hook(self.before_step) for optimizer in self.optimizers]
        Team.busy = True
        try:
            yield
            self.send(list(model.buffers()), self.from_first)
        except DivergenceError:  # which all processes meet alike, but for one of a callback's own fit: they would wait
            raise
        except BaseException:
            dist.destroy_process_group()  # so that nobody waits for this one
            Team.left = True
            raise
        finally:
            Team.busy = False
            for hook in hooks:
                hook.remove()

    @torch.no_grad()
    def before_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        """Make the gradients of an optimizer means over the processes, and the buffers those of the first one."""
        if any(map(callable, (*args, *kwargs.values()))):
            raise TypeError("expected optimizer.step() without a closure, since its gradients would not be averaged")
        weights = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        absent = [i for i, p in enumerate(weights) if p.grad is None]
        for i in absent:
            weights[i].grad = torch.zeros_like(weights[i])
        self.meet(self.optimizers.index(optimizer))
        has_one = [float(i not in absent) for i in range(len(weights))]
        note = torch.tensor(has_one, dtype=weights[0].dtype if weights else None, device=self.device)  # (weights,)
        self.send([*(p.grad for p in weights), note], self.averaged)
        for i in absent:
            if note[i] == 0:
                weights[i].grad = None
        self.send(list(self.model.buffers()), self.from_first)

    def meet(self, place: int) -> None:
        """Raise RuntimeError in all processes unless all are at the same optimizer, or at the history, its place -1."""
        ends = torch.tensor([place, -place])
        with in_touch():
            dist.all_reduce(ends, dist.ReduceOp.MAX)
        if ends[0] != -ends[1]:
            raise RuntimeError("expected all processes to move the same optimizers in turn, got others in some")

    def send(self, tensors: list[Tensor], message: Callable[[Tensor], None]) -> None:
        """Exchange tensors with the other processes in place, one flat message for each dtype."""
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            alike = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.detach().flatten() for tensor in alike]).to(self.wire)
            with in_touch():
                message(flat)
            for tensor, part in zip(alike, flat.split([tensor.numel() for tensor in alike])):
                tensor.data.copy_(part.view_as(tensor))  # .data: a graph that holds a buffer stays valid

    def from_first(self, flat: Tensor) -> None:
        """Overwrite a message with that of the first process."""
        dist.broadcast(flat.view(torch.uint8), 0)  # gloo does not know every dtype

    def averaged(self, flat: Tensor) -> None:
        """Overwrite a message with the mean of all."""
        dist.all_reduce(flat)
        flat /= self.size

    def batches(self, stream: Iterator, data, first: int) -> Iterator:
        """Pass on the batches; tell a DistributedSampler at the start of each epoch which one it is."""
        sampler = sampler_of(data)
        for i in count(first):
            if hasattr(sampler, "set_epoch") and i % len(data) == 0:
                sampler.set_epoch(i // len(data))
            yield next(stream)

    def first_says(self, value):
        values = [value if self.rank == 0 else None]
        with in_touch():
            dist.broadcast_object_list(values, 0)
        return values[0]

    def all_say(self, value):
        values = [None] * self.size
        with in_touch():
            dist.all_gather_object(values, value)
        return values

    def mean(self, window: list[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
        """Return the metrics of some steps as means over the processes that have them.

        Raises RuntimeError if the processes have not moved the same optimizers in turn, or differ in a weight.
        """
        self.meet(-1)
        keys = [(i, name) for i, metrics in enumerate(window) for name in metrics]
        values = [torch.as_tensor(window[i][name]).to(self.wire).double() for i, name in keys]
        weights = [p.detach().to(self.wire).double().sum() for p in self.model.parameters()]
        values = torch.stack([*values, *weights]).tolist()
        columns, sums = zip(*self.all_say((dict(zip(keys, values)), str(values[len(keys) :]))))
        if len(set(sums)) > 1:
            raise RuntimeError("expected the same weights in all processes, got others: does anything else move them?")
        means = [{} for _ in window]
        for i, name in sorted(set().union(*columns)):
            column = [said[i, name] for said in columns if (i, name) in said]
            means[i][name] = torch.tensor(sum(column) / len(column), dtype=torch.float64)
        return means


def team_on(device: torch.device | str) -> Alone:
    """Return the processes that train together: those of torchrun, or this one alone."""
    told = int(os.environ.get("WORLD_SIZE") or 1) > 1 and {"RANK", "MASTER_ADDR"} <= os.environ.keys()
    several = told or (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1)
    return Team(device) if several and not Team.busy else Alone(device)


def join() -> None:
    """Meet the other processes that torchrun started, each of which waits some minutes for the last one."""
    import torch.distributed.nn  # noqa: F401  # an optimizer does later, and its defaults would keep the group alive

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    store, rank, size = next(dist.rendezvous("env://"))
    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = dist.PrefixStore(f"start_{restarts}", store)  # it still has the addresses of those that are gone
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    atexit.register(lambda: dist.is_initialized() and dist.destroy_process_group())


def own_device(device: torch.device) -> torch.device:
    """Return the GPU of this process, by its number on the machine; raises ValueError if there are too few."""
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if device.index >= torch.cuda.device_count():
            expected = f"a GPU for each process of this machine, which has {torch.cuda.device_count()}"
            raise ValueError(f'expected {expected}, got process {device.index + 1}: start fewer, or pass device="cpu"')
        torch.cuda.set_device(device)
    return device


def sampler_of(data):
    """Return what chooses the rows of a DataLoader's batches; None for tensors."""
    if not isinstance(data, DataLoader):
        return None
    return data.sampler if data.batch_sampler is None else getattr(data.batch_sampler, "sampler", data.batch_sampler)


@contextmanager
def in_touch():
    """Turn the failure of a message into SystemExit with one sentence: who is gone cannot be waited for."""
    try:
        yield
    except RuntimeError as error:
        first_line, *_ = str(error).splitlines()
        reason = first_line.partition("] ")[2].partition(". ")[0] or first_line  # without the place in torch's code
        failed = f"A message between the processes failed ({reason})"
        raise SystemExit(f"{failed}: if another one has ended, it says why; this one ends, too.") from None
