"""The history: what it holds when training goes well, diverges or is stopped."""

import math

import pytest
import torch
from helpers import by_hand, ring_points, tiny_gan, trained, weights

from course_utils import training
from course_utils.history import DivergenceError
from course_utils.training import fit

POINTS = ring_points()


@pytest.mark.parametrize("steps, log_every, at", [(10, 4, [4, 8, 10]), (3, 50, [3]), (4, 1, [1, 2, 3, 4])])
def test_the_history_has_an_entry_every_so_many_steps_and_at_the_end(steps, log_every, at):
    _, history = trained(steps=steps, log_every=log_every)
    assert history.steps == at and all(len(column) == len(at) for column in history.metrics.values())


def test_a_window_in_which_the_generator_did_not_move_is_marked():
    _, history = trained(n_critic=5, log_every=3, steps=11)
    assert history.steps == [3, 6, 9, 11]
    assert [math.isnan(value) for value in history["g_loss"]] == [True, False, True, False]
    assert not any(map(math.isnan, history["d_loss"]))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_divergence_names_the_step_and_the_metric_and_is_not_saved(value, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(training, "SAVE_SECONDS", 0)
    gan = tiny_gan()
    plain_step = gan.training_step

    def diverge(batch, optimizers, step):
        bad = {"g_loss": torch.tensor(value)} if step == 6 else {}
        return plain_step(batch, optimizers, step) | bad

    gan.training_step = diverge
    with pytest.raises(DivergenceError, match=rf"^expected finite losses, got g_loss = {value} at step 7: try "):
        fit(gan, POINTS, steps=12, batch_size=8, log_every=4, checkpoint="diverging")
    (file,) = tmp_path.iterdir()
    assert torch.load(file, weights_only=True)["step"] == 4


def test_a_run_that_diverges_from_the_start_leaves_no_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path))
    with pytest.raises(DivergenceError, match="at step"):
        fit(tiny_gan(discriminator_lr=1e38), POINTS, steps=20, batch_size=8, checkpoint="diverging")
    assert not list(tmp_path.iterdir())


def test_stopping_the_kernel_keeps_the_model_and_the_history(capsys):
    gan = tiny_gan()
    plain_step = gan.training_step

    def interrupted(batch, optimizers, step):
        if step == 9:
            raise KeyboardInterrupt
        return plain_step(batch, optimizers, step)

    gan.training_step = interrupted
    before = torch.get_rng_state()
    history = fit(gan, POINTS, steps=12, batch_size=8, log_every=4)
    assert history.steps == [4, 8] and torch.equal(torch.get_rng_state(), before)
    assert torch.equal(weights(gan), weights(by_hand(steps=9)[0]))
    message = "Stopped at step 9 of 12; model and history are kept, the same line again starts anew.\n"
    assert capsys.readouterr().err == message


def test_the_entry_nearest_to_a_step_is_found():
    _, history = trained()
    first, second, last = history["g_loss"]
    assert [history.near("g_loss", step) for step in (0, 5, 7, 12, 99)] == [first, first, second, last, last]
