"""Accumulated batches: k small ones move every optimizer as one that is k times as large."""

import copy
import re
import threading

import pytest
import torch
from helpers import ring_points, run, same_bits, saved, stopping_after, tiny_gan, weights
from shares import EXACT, POINTS, difference, model, trained_on_shares
from torch.utils.data import DataLoader, TensorDataset

from course_utils.gan import GAN
from course_utils.training import fit


def in_turn(name: str, parts: int):
    """Train on 24 points a step, taken in parts, each with its share of the same rows and noise."""
    return trained_on_shares(name, parts, in_turn=parts)


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    assert [thread for thread in threading.enumerate() if thread.name not in ("MainThread", "tqdm_monitor")] == []


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("parts", [2, 3])
def test_small_batches_in_turn_are_one_large_batch(name, parts):
    (whole, expected), (in_parts, history) = in_turn(name, 1), in_turn(name, parts)
    assert difference(whole, model(name)) > 1e-2, "expected training that moves"
    assert difference(whole, in_parts) < 1e-12
    assert history.steps == expected.steps == [10, 20] and list(history.metrics) == list(expected.metrics)
    for metric, column in expected.metrics.items():
        assert history[metric] == pytest.approx(column, rel=1e-12)


def test_without_a_share_of_the_same_noise_the_comparison_fails():
    whole, _ = in_turn("GAN with R1", 1)
    other = model("GAN with R1")
    fit(other, POINTS, steps=20, batch_size=12, accumulate=2, average=0.9, schedule="cosine", device="cpu")
    assert difference(whole, other) > 1e-3


@pytest.mark.parametrize("name", ["GAN with batch norm", "VAE with free bits"])
def test_what_looks_across_a_batch_sees_a_small_one_only(name):
    assert difference(in_turn(name, 1)[0], in_turn(name, 2)[0]) > 1e-3


def test_the_generator_meets_the_discriminator_that_has_moved():
    moves, looks = [], []

    class Watched(GAN):
        def discriminator_step(self, real, optimizer, step, y=None):
            looks.append(("D", weights(self.discriminator)))
            return super().discriminator_step(real, optimizer, step, y)

        def generator_step(self, n, optimizer, y=None):
            looks.append(("G", weights(self.discriminator)))
            return super().generator_step(n, optimizer, y)

    plain = tiny_gan()
    gan = Watched(plain.generator, plain.discriminator)
    with stopping_after(10**9, RuntimeError):
        fit(gan, ring_points(), steps=2, batch_size=4, accumulate=3, device="cpu")
    assert [player for player, _ in looks] == 2 * ["D", "D", "D", "G", "G", "G"]
    for first in range(0, 12, 3):
        moves.append(looks[first][1])
        assert all(torch.equal(looks[first][1], look) for _, look in looks[first : first + 3])
    assert not torch.equal(moves[0], moves[1]) and torch.equal(moves[1], moves[2])


def test_one_batch_a_step_is_what_it_always_was():
    (plain, expected), (one, history) = run(name="plain"), run(name="one", accumulate=1)
    assert torch.equal(weights(plain), weights(one)) and same_bits(vars(history), vars(expected))


def test_an_epoch_of_a_data_loader_is_seen_once(folder):
    gan, seen = tiny_gan(), []
    gan.training_step = lambda batch, optimizers, step: seen.append((step, batch[0])) or {"loss": torch.zeros(())}
    loader = DataLoader(TensorDataset(ring_points()), batch_size=50)
    history = fit(gan, loader, steps=4, accumulate=2, device="cpu")
    assert [step for step, _ in seen] == [0, 0, 1, 1, 2, 2, 3, 3] and history.steps == [2, 4]
    assert torch.equal(torch.cat([batch for _, batch in seen[:4]]), ring_points())
    with pytest.raises(ValueError, match="^expected an epoch of a multiple of 3 batches to accumulate, got 4$"):
        fit(gan, loader, steps=4, accumulate=3)


def test_a_shorter_last_batch_would_count_too_much_and_is_refused():
    data, settings = TensorDataset(ring_points()[:30]), {"steps": 4, "accumulate": 2, "device": "cpu"}
    with pytest.raises(ValueError, match="^expected batches of one size to accumulate, 8, got a last one of 6: use "):
        fit(tiny_gan(), DataLoader(data, batch_size=8), **settings)
    assert fit(tiny_gan(), DataLoader(data, batch_size=7, drop_last=True), **settings).steps == [2, 4]


@pytest.mark.parametrize("k", [0, 1.5, True])
def test_how_many_batches_is_a_whole_number(k):
    with pytest.raises(ValueError, match="expected accumulate to be a whole number of at least 1, got"):
        fit(tiny_gan(), ring_points(), steps=1, accumulate=k)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_stopped_run_goes_on_to_the_same_end(error, folder, monkeypatch):
    settings = {"accumulate": 3, "average": 0.9, "schedule": "cosine", "snapshots": 3}
    with pytest.raises(error), stopping_after(7, error):
        run(tiny_gan(n_critic=2), **settings)
    assert saved(folder)["step"] == 6
    resumed, history = run(tiny_gan(n_critic=2), **settings)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, expected = run(tiny_gan(n_critic=2), **settings)
    assert torch.equal(weights(resumed), weights(whole)) and same_bits(vars(history), vars(expected))


def test_a_run_with_other_batches_is_another_run(folder, capsys):
    run()
    run(accumulate=2)
    assert len(list(folder.iterdir())) == 2 and "training anew" in capsys.readouterr().err


class Fails(GAN):
    """A GAN whose n-th batch fails before its generator moves."""

    n = 2
    error: BaseException = ZeroDivisionError("the second batch")

    def generator_step(self, n, optimizer, y=None):
        self.n -= 1
        if not self.n:
            raise self.error
        return super().generator_step(n, optimizer, y)


@pytest.mark.parametrize("error", [ZeroDivisionError("the second batch"), KeyboardInterrupt(), SystemExit("end")])
def test_an_error_in_a_batch_comes_out_as_itself(error):
    plain = tiny_gan()
    gan = Fails(plain.generator, plain.discriminator)
    gan.error = error
    with pytest.raises(type(error)) as caught:
        fit(gan, ring_points(), steps=3, batch_size=4, accumulate=3, device="cpu")
    assert caught.value is error and caught.traceback[-1].name == "generator_step"


def test_batches_that_move_different_optimizers_are_refused():
    gan = tiny_gan()

    def generator_sometimes(batch, optimizers, step):
        optimizers["discriminator"].step()
        if batch[0, 0] > 0:
            optimizers["generator"].step()
        return {"loss": torch.zeros(())}

    gan.training_step = generator_sometimes
    with pytest.raises(ValueError, match="^expected all batches of a step to move the same optimizers, got some that"):
        fit(gan, ring_points(), steps=20, batch_size=1, accumulate=4, device="cpu")


def test_a_weight_without_a_gradient_stays_and_one_with_a_gradient_in_some_batches_moves():
    gan = tiny_gan()
    before = copy.deepcopy(gan.state_dict())
    first, last = list(gan.generator.parameters())[0], list(gan.generator.parameters())[-1]

    def some(batch, optimizers, step):
        optimizers["generator"].zero_grad()
        if some.batches % 2:
            last.sum().backward()
        some.batches += 1
        loss = 1.0 * some.batches
        optimizers["generator"].step()
        return {"loss": loss}

    some.batches = 0
    gan.training_step = some
    history = fit(gan, ring_points(), steps=1, batch_size=4, accumulate=2, device="cpu")
    name = next(name for name, p in gan.named_parameters() if p is last)
    assert not torch.equal(last, before[name]) and torch.equal(first, before["generator.0.weight"])
    assert history["loss"] == [1.5] and first.grad is None


def test_a_batch_computes_as_the_caller_does():
    seen = []
    gan = tiny_gan()

    def look(batch, optimizers, step):
        seen.append((torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"), torch.is_grad_enabled()))
        return {"loss": 0.0}

    gan.training_step = look
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        fit(gan, ring_points(), steps=1, batch_size=4, accumulate=2, device="cpu")
    assert seen == 2 * [(True, torch.bfloat16, True)]


def test_what_would_end_a_batch_early_or_never_is_an_error():
    gan = tiny_gan()

    def of_another_stream(batch, optimizers, step):
        next(iter([]))

    def with_a_closure(batch, optimizers, step):
        optimizers["generator"].step(lambda: torch.zeros(()))

    def moves_on_its_way_out(batch, optimizers, step):
        moves_on_its_way_out.batches += 1
        if moves_on_its_way_out.batches == 2:
            raise ZeroDivisionError("the second batch")
        try:
            optimizers["generator"].step()
        finally:
            optimizers["generator"].step()

    moves_on_its_way_out.batches = 0
    for step, error in (
        (of_another_stream, RuntimeError("expected training_step to end, got StopIteration in it")),
        (with_a_closure, TypeError("expected optimizer.step() without a closure, to accumulate batches, got one with")),
        (moves_on_its_way_out, ZeroDivisionError("the second batch")),
    ):
        gan.training_step = step
        with pytest.raises(type(error), match=re.escape(str(error))):
            fit(gan, ring_points(), steps=1, batch_size=4, accumulate=2, device="cpu")


def test_a_weight_of_two_optimizers_is_refused():
    gan = tiny_gan()
    sgd = torch.optim.SGD(gan.generator.parameters(), 0.1)
    gan.make_optimizers = lambda: {"one": sgd, "two": torch.optim.SGD(gan.parameters(), 0.1)}
    with pytest.raises(ValueError, match="^expected each weight in one optimizer, to accumulate batches, got one that"):
        fit(gan, ring_points(), steps=1, batch_size=4, accumulate=2, device="cpu")
