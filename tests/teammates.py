"""One of several processes, as `torchrun` starts them: it does what its first argument names and tells a file of it."""

import contextlib
import io
import os
import pathlib
import signal
import sys
from unittest import mock

import torch
from helpers import ring_points, run, stopping_after, tiny_gan, trained, weights
from shares import EXACT, trained_on_shares
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, IterableDataset, TensorDataset

from course_utils import training
from course_utils.gan import GAN
from course_utils.networks import MLPDiscriminator, MLPGenerator
from course_utils.plumbing.distributed import Team
from course_utils.training import fit

with contextlib.suppress(ImportError):
    import tabulate  # noqa: F401  PyTorch would import it while Python ends, which makes Python forget the interrupt

WHAT, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
RANK = int(os.environ["RANK"])
SIZE = int(os.environ["WORLD_SIZE"])
TOLD = {}  # what this process tells the test
training.SAVE_SECONDS = 0


def share(name: str, in_turn: int = 1, **settings) -> dict:
    """Train on this process's share of a step, in several turns if it is to."""
    trained, history = trained_on_shares(name, SIZE * in_turn, RANK * in_turn, in_turn, **settings)
    return {"state": trained.state_dict(), "history": vars(history)}


def error_of(function, *arguments, **settings) -> str:
    """Return what a call complains of."""
    try:
        function(*arguments, **settings)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def said(function, *arguments, **settings) -> str:
    """Return what a call says on stderr."""
    stream = io.StringIO()
    try:
        with contextlib.redirect_stderr(stream):
            function(*arguments, **settings)
    except KeyboardInterrupt:
        print(stream.getvalue(), file=sys.stderr)
        raise
    return stream.getvalue()


def batches_of(loader, **settings) -> list:
    gan, seen = tiny_gan(), []
    gan.training_step = lambda batch, optimizers, step: seen.append(batch[0].flatten().tolist()) or {"loss": 1.0 * RANK}
    history = fit(gan, loader, **settings)
    return [seen, vars(history)]


class Moving(nn.Module):
    """A model whose steps are told from outside."""

    def __init__(self, step):
        super().__init__()
        self.first = nn.Linear(2, 2, bias=False)
        self.second = nn.Linear(2, 3, bias=False)
        self.register_buffer("rank", torch.tensor([float(RANK)]))
        self.register_buffer("short", torch.tensor([RANK], dtype=torch.int16))
        self.step = step

    def make_optimizers(self):
        adam = lambda network: torch.optim.SGD(network.parameters(), 1.0)  # noqa: E731
        return {"first": adam(self.first), "second": adam(self.second)}

    def training_step(self, batch, optimizers, step):
        self.step(self, optimizers)
        return {"loss": torch.tensor(float(RANK))}


class Stream(IterableDataset):
    """Rows of which nobody knows how many."""

    def __iter__(self):
        return iter(torch.zeros(4, 2))


def some_gradients(model, optimizers):
    """Give the first layer a gradient of 3 in the first process only, the second layer none."""
    model.first.weight.grad = torch.full((2, 2), 3.0) if RANK == 0 else None
    model.second.weight.grad = None
    optimizers["first"].step()
    optimizers["second"].step()
    TOLD["gradients"] = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    TOLD["buffers"] = [model.rank.item(), model.short.item()]


def in_another_order(model, optimizers):
    for network in (model.first, model.second):
        network.weight.grad = torch.ones_like(network.weight)
    for name in sorted(optimizers, reverse=RANK == 1):
        optimizers[name].step()


def one_stays(model, optimizers):
    """Move in the first process only, as what skips a step after a loss that is no number."""
    model.first.weight.grad = torch.ones(2, 2)
    if RANK == 0:
        optimizers["first"].step()


def moving(step) -> Moving:
    return fit(Moving(step), ring_points(), steps=4, batch_size=2, log_every=2)


def agree():
    """Train whatever can be trained without an end of the process."""
    for name in EXACT:
        TOLD[name] = share(name)
        TOLD[name, "in turn"] = share(name, in_turn=2)
    TOLD["batch norm"] = share("GAN with batch norm", steps=1)
    with mock.patch.multiple(Team, before_step=lambda *_: None, mean=lambda team, window: window):
        TOLD["no average"] = share("GAN with R1")

    looks = []
    settings = {"seed": 3, "callback": lambda model, history: looks.append(len(history.steps)), "snapshots": 2}
    gan, history = trained(**settings)
    TOLD["own noise"] = [weights(gan), vars(history), looks]
    TOLD["another first model"] = weights(trained_from(seed=RANK))
    TOLD["a fit in a callback"] = weights(trained(callback=lambda *_: trained(seed=1))[0])

    data_set = TensorDataset(torch.arange(24.0).view(12, 2))
    sampler = DistributedSampler(data_set, SIZE, RANK)
    TOLD["epochs"] = batches_of(DataLoader(data_set, batch_size=2, sampler=sampler), steps=6)
    TOLD["epochs in turn"] = batches_of(DataLoader(data_set, batch_size=1, sampler=sampler), steps=6, accumulate=2)
    TOLD["in order"] = error_of(batches_of, DataLoader(data_set, batch_size=2), steps=1)
    slip = DistributedSampler(data_set, SIZE, 0)
    TOLD["slip"] = error_of(batches_of, DataLoader(data_set, batch_size=2, sampler=slip), steps=1)
    TOLD["shuffled"] = error_of(batches_of, DataLoader(data_set, batch_size=2, shuffle=True), steps=1)

    TOLD["stream"] = error_of(batches_of, DataLoader(Stream(), batch_size=2), steps=1)
    TOLD["path"] = error_of(run, name="a/b")

    TOLD["other steps"] = error_of(trained, steps=3 + RANK)
    other = GAN(MLPGenerator(3 + RANK, (8,), (2,)), MLPDiscriminator((8,), (2,)))
    TOLD["other model"] = error_of(fit, other, ring_points(), steps=1)
    moving(some_gradients)
    diverging = tiny_gan(discriminator_lr=1e30 if RANK else 1e-3)  # the weights are those of all
    diverging.training_step = lambda *_: {"loss": torch.tensor(float("nan") if RANK else 0.0)}
    TOLD["divergence"] = error_of(fit, diverging, ring_points(), steps=8, batch_size=4, log_every=4)
    TOLD["no optimizer"] = said(moving, lambda model, optimizers: None)

    os.environ["COURSE_CHECKPOINTS"] = str(FOLDER / "whole")
    gan, history = run(average=0.9)
    TOLD["whole"] = [weights(gan), vars(history)]
    os.environ["COURSE_CHECKPOINTS"] = str(FOLDER / "full disk")
    with mock.patch("os.replace", side_effect=OSError("No space left on device")):
        TOLD["full disk"] = said(lambda: TOLD.update({"after a full disk": weights(run(average=0.9)[0])}))


def trained_from(seed: int):
    gan = tiny_gan(seed)
    fit(gan, ring_points(), steps=3, batch_size=8)
    return gan


def wrong():
    """Do what must not be done, and stay out of training from then on."""
    if sys.argv[3] == "average":
        with mock.patch.object(Team, "before_step", lambda *_: None):
            TOLD["error"] = error_of(share, "GAN with R1")
    else:
        TOLD["error"] = error_of(moving, {"order": in_another_order, "skip": one_stays}[sys.argv[3]])
    TOLD["again"] = error_of(trained)


def goes_on():
    """Continue what was stopped; in the first start, be stopped or killed before the 9th move of one optimizer."""
    if sys.argv[3] == "interrupted":
        with stopping_after(9, KeyboardInterrupt):
            run(average=0.9)
    plain_step = torch.optim.Adam.step
    moves = []

    def move(optimizer, closure=None):
        moves.append(1)
        if (
            sys.argv[3] == "killed"
            and RANK == 1
            and len(moves) == 17
            and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[3] == "waits" and len(moves) == 17:
            (FOLDER / f"waits_{RANK}").touch()
            if RANK == int(sys.argv[4]):
                sys.stdin.read()
        plain_step(optimizer, closure)

    torch.optim.Adam.step = move
    TOLD["said"] = said(lambda: TOLD.update(result=run(average=0.9)))
    gan, history = TOLD.pop("result")
    TOLD.update(moves=len(moves), result=[weights(gan), vars(history)])


{"agree": agree, "wrong": wrong, "goes on": goes_on}[WHAT]()
torch.save(TOLD, FOLDER / f"told_{RANK}.pt")
