"""The history: what it holds when training goes well, diverges or is stopped."""

import math

import pytest
import torch
from helpers import by_hand, ring_points, same_bits, saved, tiny_gan, trained, weights
from torch.distributions import Distribution

from course_utils import training
from course_utils.plumbing.history import DivergenceError, History
from course_utils.training import fit

POINTS, ONE, INFINITE = ring_points(), torch.ones(()), torch.tensor(math.inf)


@pytest.mark.parametrize("steps, log_every, at", [(10, 4, [4, 8, 10]), (3, 50, [3]), (4, 1, [1, 2, 3, 4])])
def test_the_history_has_an_entry_every_so_many_steps_and_at_the_end(steps, log_every, at):
    _, history = trained(steps=steps, log_every=log_every)
    assert history.steps == at and all(len(column) == len(at) for column in history.metrics.values())


def test_a_window_in_which_the_generator_did_not_move_is_marked():
    _, history = trained(n_critic=5, log_every=3, steps=11)
    assert history.steps == [3, 6, 9, 11]
    assert [math.isnan(value) for value in history["g_loss"]] == [True, False, True, False]
    assert not any(map(math.isnan, history["d_loss"]))


def test_metrics_that_come_and_go_leave_columns_of_one_length():
    history = History()
    for step, name in ((2, "early"), (4, "late"), (6, "early")):
        history.record(step, [{name: ONE * step}])
    assert same_bits(history.metrics, {"early": [2.0, math.nan, 6.0], "late": [math.nan, 4.0, math.nan]})


def test_divergence_names_the_earliest_step_and_leaves_the_history_as_it_was():
    history = History()
    history.record(4, [{"a": ONE, "z": ONE}])
    with pytest.raises(DivergenceError, match="got z = inf at step 6:"):
        history.record(8, [{"a": ONE}, {"a": ONE, "z": INFINITE}, {"b": ONE}, {"a": INFINITE, "z": INFINITE}])
    assert history.steps == [4] and history.metrics == {"a": [1.0], "z": [1.0]}


def finite_step(folder) -> int:
    """Return the step of the only checkpoint, whose weights are finite."""
    state = saved(folder, "diverging")
    assert all(tensor.isfinite().all() for tensor in state["model"].values())
    return state["step"]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_divergence_names_the_step_and_the_metric_and_is_not_saved(value, folder):
    gan = tiny_gan()
    plain_step = gan.training_step

    def diverge(batch, optimizers, step):
        bad = {"g_loss": torch.tensor(value)} if step == 6 else {}
        return plain_step(batch, optimizers, step) | bad

    gan.training_step = diverge
    for _ in range(2):
        with pytest.raises(DivergenceError, match=rf"^expected finite losses, got g_loss = {value} at step 7: try "):
            fit(gan, POINTS, steps=12, batch_size=8, log_every=4, checkpoint="diverging")
        assert finite_step(folder) == 4


def test_a_run_that_diverges_from_the_start_keeps_its_first_weights_and_diverges_again_at_the_same_step(folder):
    gan, messages = tiny_gan(discriminator_lr=1e38), set()
    for model in (gan, gan, tiny_gan(discriminator_lr=1e38)):
        with pytest.raises(DivergenceError, match=r"at step \d+:") as caught:
            fit(model, POINTS, steps=20, batch_size=8, checkpoint="diverging")
        messages.add(str(caught.value))
        assert finite_step(folder) == 0
    assert len(messages) == 1


@pytest.mark.parametrize("seconds, name, at", [(0, "diverging", 8), (99, "diverging", 12), (99, None, 12)])
def test_weights_that_are_not_finite_are_told_at_the_next_save_or_at_the_end(seconds, name, at, folder, monkeypatch):
    monkeypatch.setattr(training, "SAVE_SECONDS", seconds)
    gan = tiny_gan()

    def step_with_finite_loss(batch, optimizers, step):
        if step == 6:
            next(gan.generator.parameters()).data[0] = math.inf
        return {"g_loss": ONE}

    gan.training_step = step_with_finite_loss
    with pytest.raises(DivergenceError, match=f"^expected finite weights, got NaN or infinity after step {at}: try "):
        fit(gan, POINTS, steps=12, batch_size=8, log_every=4, checkpoint=name)
    assert name is None or finite_step(folder) == (0 if seconds else 4)


def test_stopping_the_kernel_stops_and_keeps_what_the_model_learned(capsys):
    gan = tiny_gan()
    plain_step = gan.training_step

    def interrupted(batch, optimizers, step):
        if step == 9:
            raise KeyboardInterrupt
        return plain_step(batch, optimizers, step)

    gan.training_step = interrupted
    before = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        fit(gan, POINTS, steps=12, batch_size=8, log_every=4)
    assert torch.equal(torch.get_rng_state(), before) and gan.training
    assert torch.equal(weights(gan), weights(by_hand(steps=9)[0]))
    message = "Stopped at step 9 of 12; the same line trains the model further.\n"
    assert capsys.readouterr().err == message


def test_the_entry_nearest_to_a_step_is_found():
    _, history = trained()
    first, second, last = history["g_loss"]
    assert [history.near("g_loss", step) for step in (0, 5, 7, 12, 99)] == [first, first, second, last, last]


def test_an_empty_history_has_no_entry_near_a_step():
    with pytest.raises(ValueError, match="expected a history with at least one entry, got none"):
        History().near("a", 5)


def test_a_compiled_model_keeps_weights_and_gives_back_its_past(monkeypatch):
    monkeypatch.setattr(Distribution, "_validate_args", Distribution._validate_args)  # which the compiler switches off
    plain = tiny_gan()
    compiled = tiny_gan()
    compiled.generator = torch.compile(compiled.generator, backend="eager")
    compiled.generator.latent_dim = 3
    expected = fit(plain, POINTS, steps=6, batch_size=8, snapshots=[0, 6], average=0.5)
    history = fit(compiled, POINTS, steps=6, batch_size=8, snapshots=[0, 6], average=0.5)
    assert same_bits(history.snapshots, expected.snapshots)
    for step in (0, 6):
        for model in (plain, compiled):
            assert torch.equal(weights(history.model_at(model, step)), weights(expected.model_at(plain, step)))


def test_a_model_that_cannot_be_copied_says_what_to_use_instead():
    gan = tiny_gan()
    torch.nn.utils.spectral_norm(gan.discriminator[1])
    history = fit(gan, POINTS, steps=2, batch_size=8, snapshots=[2])
    with pytest.raises(TypeError, match="a model that can be copied, .*: use .*parametrizations.spectral_norm instead"):
        history.model_at(gan, 2)
