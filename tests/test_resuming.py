"""Resuming: a run that was stopped, even killed, ends as if nothing had happened."""

import os
import signal

import pytest
import torch
from helpers import loader, ring_points, run, same_bits, saved, starting, stopping_after, tiny_gan, trained, weights

from course_utils import training
from course_utils.gan import GAN
from course_utils.training import fit

POINTS = ring_points()
pytestmark = pytest.mark.usefixtures("folder")


CASES = {
    "plain": {},
    "everything": {"average": 0.9, "schedule": "cosine", "snapshots": 5},
    "a tuple": {"data": (POINTS, POINTS)},
}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("case", CASES)
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one_to_the_last_bit(case, error, folder, monkeypatch):
    for moves, step in ((6, 4), (7, 10)):  # the second run begins at step 4
        with pytest.raises(error), stopping_after(moves, error):
            run(tiny_gan(n_critic=3), **CASES[case])
        assert saved(folder)["step"] == step
    resumed, history = run(tiny_gan(n_critic=3), **CASES[case])
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, expected = run(tiny_gan(n_critic=3), **CASES[case])
    assert torch.equal(weights(resumed), weights(whole)) and same_bits(vars(history), vars(expected))
    assert same_bits(saved(folder), saved(folder / "whole"))


def test_a_run_on_a_data_loader_resumes_at_the_start_of_an_epoch(folder, monkeypatch):
    with pytest.raises(KeyboardInterrupt), stopping_after(9, KeyboardInterrupt):
        run(data=loader())
    assert saved(folder)["step"] == 6
    resumed, _ = run(data=loader())
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, _ = run(data=loader())
    assert torch.equal(weights(resumed), weights(whole)) and same_bits(saved(folder), saved(folder / "whole"))


def test_running_the_same_cell_again_continues_although_the_model_has_moved(folder, capsys):
    gan = tiny_gan()
    with pytest.raises(KeyboardInterrupt), stopping_after(8, KeyboardInterrupt):
        run(gan)
    assert "the same line goes on from step 6, the last saved." in capsys.readouterr().err
    run(gan)
    assert len(list(folder.iterdir())) == 1 and torch.equal(weights(gan), weights(run(name="other")[0]))


def test_a_finished_run_returns_at_once_with_the_same_result(capsys):
    first, history = run(average=0.9, snapshots=3)
    before = torch.get_rng_state()
    with stopping_after(1, AssertionError):
        again, same = run(average=0.9, snapshots=3)
    assert torch.equal(weights(first), weights(again)) and same_bits(vars(history), vars(same))
    assert torch.equal(torch.get_rng_state(), before) and capsys.readouterr().err == ""


def test_the_same_line_again_on_the_trained_model_returns_at_once(folder):
    gan, history = run()
    before = weights(gan)
    with stopping_after(1, AssertionError):
        _, same = run(gan)
    assert torch.equal(weights(gan), before) and same_bits(vars(history), vars(same))
    assert len(list(folder.iterdir())) == 1


def test_a_copy_of_a_trained_model_begins_a_run_of_its_own(folder):
    gan, history = run(snapshots=[5])
    past = history.model_at(gan, 5)
    early = weights(past)
    run(past, snapshots=[5])
    assert not torch.equal(weights(past), weights(gan)) and not torch.equal(weights(past), early)


def test_a_run_stopped_before_its_first_save_goes_on_from_its_first_weights(folder, monkeypatch):
    monkeypatch.setattr(training, "SAVE_SECONDS", 99)
    gan = tiny_gan()
    with pytest.raises(KeyboardInterrupt), stopping_after(6, KeyboardInterrupt):
        run(gan)
    first = torch.cat([tensor.flatten().double() for tensor in saved(folder)["model"].values()])
    assert saved(folder)["step"] == 0 and torch.equal(first, weights(tiny_gan()))
    run(gan)
    assert torch.equal(weights(gan), weights(run(name="other")[0]))


def two_stages(seed: int = 0) -> GAN:
    gan, _ = run(name="one", seed=seed)
    return run(gan, name="two")[0]


def test_a_trained_model_whose_checkpoint_was_deleted_begins_a_run_of_its_own(folder):
    gan, _ = run()
    (file,) = folder.glob("run-*.pt")
    file.unlink()
    run(gan)  # goes on from where the model is, so its result is not that of the first weights
    assert not file.exists()
    assert same_bits(weights(run(tiny_gan())[0]), weights(trained(log_every=2)[0]))


def test_a_second_stage_starts_from_the_weights_that_the_first_one_left(folder, capsys):
    first, again = two_stages(), two_stages()
    with stopping_after(1, AssertionError):
        run(again, name="two")
    assert torch.equal(weights(first), weights(again)) and len(list(folder.iterdir())) == 2
    assert capsys.readouterr().err == ""
    other = two_stages(seed=1)
    assert not torch.equal(weights(first), weights(other)) and len(list(folder.glob("two-*.pt"))) == 2
    assert "two: 1 saved run(s) have other settings, weights or data; training anew." in capsys.readouterr().err


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_run_stopped_in_a_step_and_again_in_a_save_ends_as_if_nothing_had_happened(stop, folder):
    whole = starting("trainee.py", folder / "whole", "end", hash_seed=1)
    for arguments, step in ((("step", "11"), 8), (("save", "2"), 12)):
        with starting("trainee.py", folder, *arguments, hash_seed=step) as process:
            assert process.stdout.readline() == "now\n"
            process.send_signal(stop)
        assert process.returncode == -stop
        assert saved(folder, "trainee")["step"] == step
    resumed = starting("trainee.py", folder, "end", hash_seed=4)
    assert resumed.communicate()[0] == "12\n" and whole.communicate()[0] == "24\n"
    assert same_bits(saved(folder, "trainee"), saved(folder / "whole", "trainee"))
    assert not list(folder.rglob("*.part")), "what the stopped save had written is still there"


def test_a_cell_with_two_fits_returns_at_once_when_it_is_run_again(folder):
    gan = tiny_gan()
    for _ in range(3):
        run(gan, name="one")
        run(gan, name="two")
    assert len(list(folder.iterdir())) == 2
    assert torch.equal(weights(gan), weights(two_stages()))


def test_an_interrupt_never_promises_a_step_that_could_not_be_saved(folder, capsys, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *paths: os.stat(folder / "nothing"))
    with pytest.raises(KeyboardInterrupt), stopping_after(8, KeyboardInterrupt):
        run()
    assert "the same line goes on from step 0, the last saved." in capsys.readouterr().err


def test_a_callback_that_switches_to_eval_mode_does_not_change_learning():
    modes = []
    gan = tiny_gan()
    gan.generator.register_forward_hook(lambda network, inputs, output: modes.append(network.training))
    fit(gan, POINTS, steps=6, batch_size=4, snapshots=3, callback=lambda model, history: model.eval())
    assert modes.count(False) == 1, "that of the first look"
