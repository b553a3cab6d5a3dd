"""`fit`: it does what a loop written by hand does, and looking at it changes nothing."""

import contextlib
import copy
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import by_hand, ring_points, same_bits, tiny_gan, trained, weights
from torch.utils.data import DataLoader, TensorDataset

from course_utils import training
from course_utils.gan import GAN
from course_utils.networks import MLPDiscriminator, MLPGenerator
from course_utils.playground.wrappers import spectral
from course_utils.plumbing import device
from course_utils.plumbing.device import pick_device
from course_utils.training import fit, snapshot_steps

POINTS = ring_points()


def test_fit_equals_a_loop_written_by_hand_to_the_last_bit():
    expected, metrics = by_hand(seed=5)
    gan, history = trained(seed=5)
    assert torch.equal(weights(gan), weights(expected))
    assert history.steps == [4, 8, 12] and set(history.metrics) == {"d_loss", "g_loss", "d_real", "d_fake"}
    for name, column in history.metrics.items():
        values = [step[name].item() for step in metrics]
        assert column == [sum(values[i : i + 4]) / 4 for i in (0, 4, 8)]


def test_one_seed_gives_one_result_and_another_seed_another():
    (first, history), (again, same), (other, different) = trained(seed=1), trained(seed=1), trained(seed=2)
    assert torch.equal(weights(first), weights(again)) and same_bits(vars(history), vars(same))
    assert not torch.equal(weights(first), weights(other)) and history["d_loss"] != different["d_loss"]


def test_the_callers_random_state_neither_changes_nor_matters():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, _ = trained()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(weights(first), weights(trained()[0]))


def test_looking_never_changes_learning():
    looks = []

    def look(model, history):
        looks.append((len(history.steps), model.sample(5)))

    blind, blind_history = trained()
    gan, history = trained(callback=look, snapshots=4)
    assert torch.equal(weights(gan), weights(blind)) and same_bits(history.metrics, blind_history.metrics)
    assert [entries for entries, _ in looks] == [0, 0, 0, 1, 3] and len(history.snapshots) == 5
    assert torch.equal(looks[-1][1], gan.sample(5)) and not torch.equal(looks[0][1], gan.sample(5))


def test_a_callback_that_draws_global_random_numbers_does_not_change_learning():
    blind, _ = trained()
    gan, _ = trained(callback=lambda model, history: torch.randn(3), snapshots=4)
    assert torch.equal(weights(gan), weights(blind))


def test_snapshots_are_the_weights_of_their_step():
    gan, history = trained(snapshots=3)
    assert set(history.snapshots) == {0, 1, 5, 12} == set(snapshot_steps(3, 12))
    expected = {0: weights(tiny_gan())}
    by_hand(after_step=lambda gan, step: expected.update({step + 1: weights(gan)}))
    for step in sorted(history.snapshots, reverse=True):
        assert torch.equal(weights(history.model_at(gan, step)), expected[step])
    assert torch.equal(weights(gan), expected[12]), "looking at the past changed the model"


def test_stages_hold_both_ends_and_are_denser_early_on():
    for n, steps in ((1, 10), (8, 3000), (20, 10)):
        times = sorted(snapshot_steps(n, steps))
        assert times[0] == 0 and times[-1] == steps and len(times) <= n + 1
    times = sorted(snapshot_steps(8, 3000))
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert gaps == sorted(gaps) and len(gaps) == 8
    assert snapshot_steps(0, 10) == []
    assert snapshot_steps([7, 2, 7], 10) == [2, 7]


def test_the_average_is_the_exponential_moving_average_of_the_weights():
    gan, history = trained(average=0.6, snapshots=1)
    mean = weights(tiny_gan())

    def update(model, step):
        nonlocal mean
        decay = min(0.6, (step + 1) / (step + 11))
        mean = decay * mean + (1 - decay) * weights(model)

    last, metrics = by_hand(after_step=update)
    torch.testing.assert_close(weights(gan), mean, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(weights(gan), weights(last), rtol=1e-3)
    assert torch.equal(weights(history.model_at(gan, 12)), weights(gan))
    # Averaging looks on: what is learned is the same.
    assert history["g_loss"][-1] == sum(step["g_loss"].item() for step in metrics[-4:]) / 4


@pytest.mark.parametrize(
    "schedule, factor",
    [
        ("constant", lambda progress: 1),
        ("linear", lambda progress: 1 - progress),
        ("cosine", lambda progress: (1 + math.cos(math.pi * progress)) / 2),
    ],
)
def test_learning_rates_follow_the_schedule(schedule, factor):
    gan, seen = tiny_gan(generator_lr=1e-3, discriminator_lr=4e-3), []
    plain_step = gan.training_step

    def step_and_note(batch, optimizers, step):
        seen.append([optimizers[name].param_groups[0]["lr"] for name in ("generator", "discriminator")])
        return plain_step(batch, optimizers, step)

    gan.training_step = step_and_note
    fit(gan, POINTS, steps=8, batch_size=4, schedule=schedule)
    for step, (g_lr, d_lr) in enumerate(seen):
        assert g_lr == pytest.approx(1e-3 * factor(step / 8)) and d_lr == pytest.approx(4e-3 * factor(step / 8))
    assert len(seen) == 8


def test_parts_of_a_tuple_are_drawn_together():
    gan, seen = tiny_gan(), []
    gan.training_step = lambda batch, optimizers, step: seen.append(batch) or {"loss": torch.zeros(())}
    fit(gan, (POINTS, POINTS[:, 0] * 2), steps=5, batch_size=8)
    assert len(seen) == 5 and all(torch.equal(x[:, 0] * 2, y) and len(x) == 8 for x, y in seen)


def test_a_data_loader_gives_its_own_batches_epoch_after_epoch():
    gan, seen = tiny_gan(), []
    gan.training_step = lambda batch, optimizers, step: seen.append(batch[0]) or {"loss": torch.zeros(())}
    history = fit(gan, DataLoader(TensorDataset(POINTS), batch_size=80), steps=7)
    assert [len(batch) for batch in seen] == [80, 80, 40, 80, 80, 40, 80]
    assert torch.equal(torch.cat(seen[:3]), POINTS) and history.steps == [3, 6, 7]


def test_the_model_comes_back_to_the_device_it_came_from(monkeypatch):
    gan, places = tiny_gan(), []
    monkeypatch.setattr(gan, "to", lambda device: places.append(torch.device(device)) or gan)
    monkeypatch.setattr(training, "pick_device", lambda: torch.device("cpu", 0))
    fit(gan, POINTS, steps=1, batch_size=4)
    assert places == [torch.device("cpu", 0), torch.device("cpu")]


def test_an_accelerator_that_is_not_there_is_not_picked(monkeypatch):
    monkeypatch.setattr(torch._C, "_accelerator_getAccelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert pick_device() == torch.device("cpu")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert pick_device() == torch.device("cuda")


@pytest.mark.skipif(not torch.accelerator.is_available(), reason="there is no accelerator here")
def test_training_on_an_accelerator_gives_a_model_on_the_cpu():
    gan, history = trained(average=0.5, snapshots=2, device=None)
    assert {p.device.type for p in gan.parameters()} == {"cpu"} and math.isfinite(history["d_loss"][-1])
    assert gan.sample(3).device.type == "cpu"


def test_random_numbers_of_the_accelerator_are_put_back_too_after_work_on_the_cpu(monkeypatch):
    states = []  # a stand-in for a GPU: what was saved must be what is put back
    fake = SimpleNamespace(get_rng_state=lambda device: f"state of {device}", set_rng_state=lambda *a: states.append(a))
    monkeypatch.setattr(device, "pick_device", lambda: torch.device("cuda", 0))
    monkeypatch.setattr(torch, "get_device_module", lambda device: fake)
    with device.forked_random(0, torch.device("cpu")):
        pass
    assert states == [("state of cuda:0", torch.device("cuda", 0))]


@pytest.mark.parametrize("steps, average", [(400, 0.99), (800, 0.999)])
def test_averaging_leaves_a_spectral_norm_at_one(steps, average):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        gan = GAN(MLPGenerator(3, (64, 64), (2,)), spectral(MLPDiscriminator((64, 64), (2,))))
    history = fit(gan, POINTS, steps=steps, batch_size=16, average=average, snapshots=[steps])
    for model in (gan, history.model_at(gan, steps)):
        layers = [layer for layer in model.discriminator.modules() if isinstance(layer, torch.nn.Linear)]
        norms = [torch.linalg.matrix_norm(layer.weight, 2).item() for layer in layers]
        assert norms == pytest.approx([1, 1, 1], abs=0.01)


def test_averaging_copies_buffers_and_averages_weights():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        gan = GAN(MLPGenerator(3, (8,), (2,), batch_norm=True), MLPDiscriminator((8,), (2,)))
    plain = copy.deepcopy(gan)
    fit(gan, POINTS, steps=20, batch_size=8, average=0.9)
    fit(plain, POINTS, steps=20, batch_size=8)
    for name, value in gan.generator.named_buffers():
        assert torch.equal(value, dict(plain.generator.named_buffers())[name]), name
    assert not any(torch.equal(a, b) for a, b in zip(gan.generator.parameters(), plain.generator.parameters()))


@contextlib.contextmanager
def changed_globally():
    """Change what a notebook can change for all of torch: gradients off, doubles by default, tensors on no device."""
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)


def test_what_a_notebook_changed_for_all_of_torch_changes_neither_training_nor_sampling():
    expected, history = trained()
    gan = tiny_gan()
    with changed_globally():
        same = fit(gan, POINTS, steps=12, batch_size=8, log_every=4)
        samples = gan.sample(5)
        assert not torch.is_grad_enabled() and torch.get_default_dtype() == torch.float64
        assert torch.get_default_device().type == "meta"
    assert torch.equal(weights(gan), weights(expected)) and same_bits(vars(same), vars(history))
    assert torch.equal(samples, expected.sample(5))


def test_a_layer_that_was_left_in_eval_mode_is_so_after_sampling():
    gan = tiny_gan()
    gan.discriminator.eval()
    gan.sample(3)
    assert gan.training and gan.generator.training and not gan.discriminator.training


def test_ten_million_steps_without_snapshots_build_no_list_of_them(monkeypatch):
    monkeypatch.setattr("builtins.range", lambda *limits: pytest.fail("expected no range over the steps"))
    kept = snapshot_steps(0, 10_000_000), snapshot_steps([3, 10_000_000], 10_000_000)
    monkeypatch.undo()
    assert kept == ([], [3, 10_000_000])


def test_the_course_leaves_other_modules_alone():
    code = "import sys; import course_utils.training; print([name for name, m in sys.modules.items() if m is None])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_schedule_of_the_models_own_optimizers_is_left_alone():
    class Scheduled(GAN):
        def make_optimizers(self):
            optimizers = super().make_optimizers()
            self.schedule = torch.optim.lr_scheduler.StepLR(optimizers["generator"], 2, 0.1)
            return optimizers

        def training_step(self, batch, optimizers, step):
            rates.append(optimizers["generator"].param_groups[0]["lr"])
            metrics = super().training_step(batch, optimizers, step)
            self.schedule.step()
            return metrics

    rates, plain = [], tiny_gan()
    fit(Scheduled(plain.generator, plain.discriminator), POINTS, steps=4, batch_size=4)
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_weights_that_no_optimizer_moves_are_named(capsys):
    gan = tiny_gan()
    gan.helper = torch.nn.Linear(2, 2)
    fit(gan, POINTS, steps=1, batch_size=4)
    assert capsys.readouterr().err == "No optimizer of GAN moves helper.weight, helper.bias.\n"
    gan.helper.requires_grad_(False)
    fit(gan, POINTS, steps=1, batch_size=4)
    assert capsys.readouterr().err == ""


def test_an_evaluation_that_switches_modes_or_draws_does_not_change_learning():
    class Careless(GAN):
        def evaluate(self, x):
            self.eval()
            return {"noise": torch.randn(())}

    plain = tiny_gan()
    careless = Careless(plain.generator, plain.discriminator)
    history = fit(careless, POINTS, steps=12, batch_size=8, log_every=4, held_out=POINTS[:5])
    assert torch.equal(weights(careless), weights(trained()[0])) and len(set(history["held_out_noise"])) == 1
    assert careless.training


def test_rates_of_numpy_are_kept_in_a_checkpoint_that_can_be_read(folder):
    for _ in range(2):
        history = fit(tiny_gan(generator_lr=np.float64(1e-3)), POINTS, steps=2, batch_size=4, checkpoint="numpy")
        assert history.steps == [2]


def test_a_loss_that_is_a_plain_number_is_logged():
    gan = tiny_gan()
    gan.training_step = lambda batch, optimizers, step: {"loss": 2.0}
    assert fit(gan, POINTS, steps=1)["loss"] == [2.0]


def test_an_average_over_weights_that_turn_around_has_a_spectral_norm_of_one_too():
    class Turning(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = spectral(torch.nn.Linear(6, 5))

        def make_optimizers(self):
            return {"all": torch.optim.SGD(self.parameters(), 0.0)}

        def training_step(self, batch, optimizers, step):
            with torch.no_grad():
                self.layer.parametrizations.weight.original.normal_()
            return {"loss": self.layer(torch.ones(1, 6)).sum().detach()}

    model = Turning()
    fit(model, torch.rand(8, 6), steps=40, batch_size=4, average=0.9)
    assert torch.linalg.matrix_norm(model.layer.weight, 2).item() == pytest.approx(1, abs=0.01)
