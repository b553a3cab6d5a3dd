"""The files of checkpoints: which run they belong to, and what happens when they are damaged or cannot be written."""

import errno
import os
import types

import pytest
import torch
from helpers import loader, ring_points, run, saved, tiny_gan, weights
from torch import nn

from course_utils import training
from course_utils.gan import GAN
from course_utils.networks import MLPDiscriminator, MLPGenerator
from course_utils.training import fit

POINTS = ring_points()
pytestmark = pytest.mark.usefixtures("folder")


def rewrite(module: nn.Module, **functions) -> None:
    """Give a module a class that is called the same and in which some functions are written in another way."""
    kind = type(module)
    module.__class__ = type(kind.__name__, (kind,), dict(vars(kind)) | functions)


def with_step(generator_step) -> GAN:
    rewrite(gan := tiny_gan(), generator_step=generator_step)
    return gan


def with_forward(part: str, forward) -> GAN:
    rewrite(getattr(gan := tiny_gan(), part), forward=forward)
    return gan


CHANGES = {
    **{f"fit {key}": {key: value} for key, value in {"seed": 1, "steps": 14, "batch_size": 9, "average": 0.5}.items()},
    **{f"fit {key}": {key: value} for key, value in {"schedule": "linear", "snapshots": 2, "log_every": 3}.items()},
    **{f"model {key}": {"gan": tiny_gan(**{key: value})} for key, value in {"loss": "hinge", "n_critic": 2}.items()},
    "model betas": {"gan": tiny_gan(betas=(0.5, 0.9))},
    "first weights": {"gan": tiny_gan(seed=1)},
    "step code": {"gan": with_step(lambda gan, n, optimizer, y=None: GAN.generator_step(gan, 2 * n, optimizer))},
    "generator code": {"gan": with_forward("generator", lambda G, z, y=None: MLPGenerator.forward(G, -z))},
    "discriminator code": {
        "gan": with_forward("discriminator", lambda D, x, y=None: MLPDiscriminator.forward(D, 2 * x))
    },
    "data": {"data": POINTS + 1e-6},
    "data loader": {"data": loader()},
}


@pytest.mark.parametrize("change", CHANGES)
def test_anything_that_changes_the_result_trains_anew_beside_the_old_run_and_says_so(change, folder, capsys):
    run()
    (first,) = folder.iterdir()
    content = first.read_bytes()
    assert capsys.readouterr().err == ""
    run(**CHANGES[change])
    assert len(list(folder.iterdir())) == 2 and first.read_bytes() == content
    message = "run: 1 saved run(s) have other settings, weights or data; training anew.\n"
    assert capsys.readouterr().err == message


def test_a_change_inside_a_nested_function_of_the_step_is_noticed(capsys):
    run(with_step(lambda gan, n, optimizer, y=None: [GAN.generator_step(gan, k, optimizer) for k in (n,)][0]))
    run(with_step(lambda gan, n, optimizer, y=None: [GAN.generator_step(gan, k + 1, optimizer) for k in (n,)][0]))
    assert "training anew" in capsys.readouterr().err


def test_a_run_saves_at_once_then_every_so_many_seconds_and_at_the_end(monkeypatch):
    gan, seconds, saves = tiny_gan(), [], []
    plain_step, plain_save = gan.training_step, torch.save
    gan.training_step = lambda *args: seconds.append("a step takes one") or plain_step(*args)
    monkeypatch.setattr(training, "SAVE_SECONDS", 3)
    monkeypatch.setattr(training, "time", types.SimpleNamespace(monotonic=lambda: len(seconds)))
    monkeypatch.setattr(torch, "save", lambda state, file: saves.append(state["step"]) or plain_save(state, file))
    run(gan, steps=14)
    assert saves == [0, 4, 8, 12, 14]


def test_runs_with_a_longer_name_are_not_taken_for_runs_of_this_one(capsys):
    run(name="run-on-mnist")
    run(name="run", seed=2)
    assert capsys.readouterr().err == ""


DAMAGED = r"^expected a checkpoint .*run-\w{12}\.pt, got a damaged file \(\w+\): delete it and run the cell again$"


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", "half"])
def test_a_damaged_file_is_told_in_one_sentence(damage, folder):
    run()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:2000] if damage == "half" else damage)
    gan = tiny_gan()
    with pytest.raises(ValueError, match=DAMAGED):
        run(gan)
    assert torch.equal(weights(gan), weights(tiny_gan()))


@pytest.mark.parametrize("content", [{"model": {}, "step": 3}, [1, 2], "text"])
def test_a_file_with_other_content_gets_the_sentence_of_a_damaged_one(content, folder):
    run()
    (file,) = folder.iterdir()
    torch.save(content, file)
    with pytest.raises(ValueError, match=DAMAGED):
        run()


def test_files_that_a_crash_left_half_written_are_removed_when_the_same_run_starts(folder):
    run()
    (file,) = folder.iterdir()
    stale, of_another_run = file.with_suffix(".12345.part"), folder / "run-0123456789ab.12345.part"
    for part in (stale, of_another_run):
        part.write_bytes(b"half of it")
    run()
    assert set(folder.iterdir()) == {file, of_another_run}


class Intruder:
    def __reduce__(self):
        return os.mkdir, (os.environ["COURSE_CHECKPOINTS"] + "/intruder",)


def test_a_checkpoint_cannot_run_code(folder):
    run()
    (file,) = folder.iterdir()
    torch.save({"model": Intruder()}, file)
    with pytest.raises(ValueError, match="got a damaged file"):
        run()
    assert not (folder / "intruder").exists()


def full_disk(*args, **options):
    raise OSError(errno.ENOSPC, "No space left on device")


def torn_write(state, file):
    file.write(b"half of it")
    raise RuntimeError("[enforce fail at inline_container.cc] unexpected pos")


@pytest.mark.parametrize(
    "place, failure",
    [("torch.save", full_disk), ("torch.save", torn_write), ("os.replace", full_disk), ("os.fsync", full_disk)],
)
def test_a_full_disk_does_not_stop_training(place, failure, folder, monkeypatch, capsys):
    run(steps=12, seed=3)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    capsys.readouterr()
    monkeypatch.setattr(place, failure)
    gan, history = run()
    assert history.steps[-1] == 12
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 9 and all("could not be written" in line and "training goes on" in line for line in lines[1:])
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
    monkeypatch.undo()
    assert torch.equal(weights(gan), weights(fit_without_checkpoint()))


def fit_without_checkpoint() -> GAN:
    gan = tiny_gan()
    fit(gan, POINTS, steps=12, batch_size=8, log_every=2)
    return gan


def test_stopping_the_kernel_during_a_save_leaves_the_last_checkpoint(folder, monkeypatch):
    plain_save, saves = torch.save, []

    def save(state, file):
        saves.append(state["step"])
        assert file.name.endswith(f".{os.getpid()}.part")
        if len(saves) == 3:
            file.write(b"half of it")
            raise KeyboardInterrupt
        plain_save(state, file)

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert saves == [0, 2, 4] and saved(folder)["step"] == 2 and len(list(folder.iterdir())) == 1
