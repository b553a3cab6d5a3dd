"""Faster steps: what they compute differs by rounding, the model and its checkpoints stay what they were."""

import copy
from functools import partial

import pytest
import torch
from helpers import ring_points, run, same_bits, saved, stopping_after, tiny_gan, trained, weights
from torch import nn
from torch.distributions import Distribution

from course_utils.gan import GAN
from course_utils.networks import ConvDiscriminator, ConvGenerator, MLPEncoder, MLPGenerator
from course_utils.training import fit
from course_utils.vae import VAE

IMAGES = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(3))


def image_gan(**settings) -> GAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        gan = GAN(ConvGenerator(8, (4, 4)), ConvDiscriminator((4, 4)), r1_weight=1.0, penalty_every=2, **settings)
    return gan


def vae(kind: type[VAE] = VAE, **settings) -> VAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return kind(MLPEncoder(3, (16,), (2,), "tanh"), MLPGenerator(3, (16,), (2,), "tanh"), "gaussian", **settings)


def by_gradient_descent(model: nn.Module) -> nn.Module:
    """Let a model move by its plain gradient, since Adam would make a whole step of a rounding error."""
    makers = {"discriminator": "discriminator", "generator": "generator"} if isinstance(model, GAN) else {"vae": ""}
    model.make_optimizers = lambda: {
        name: torch.optim.SGD(model.get_submodule(part).parameters(), 0.1) for name, part in makers.items()
    }
    return model


def moved(model: nn.Module, data, steps: int = 3, **settings) -> torch.Tensor:
    """Return how far some steps of training move each weight."""
    before = weights(model)
    fit(by_gradient_descent(model), data, **{"steps": steps, "batch_size": 8, "device": "cpu"} | settings)
    return weights(model) - before


def error(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("new, data", [(image_gan, IMAGES), (vae, ring_points())], ids=["GAN with R1", "VAE"])
def test_a_step_in_bfloat16_goes_where_one_in_float32_goes_but_for_two_percent(new, data):
    exact, fast = moved(new(), data), moved(new(), data, precision="bfloat16")
    assert 1e-5 < error(fast, exact) < 0.02
    assert error(moved(new(), data, seed=1), exact) > 0.05, "expected a comparison that can fail"


def test_the_networks_compute_in_bfloat16_and_all_else_in_float32():
    inside, outside = set(), set()

    class Watched(GAN):
        def discriminator_step(self, real, optimizer, step, y=None):
            metrics = super().discriminator_step(real, optimizer, step, y)
            outside.update({self.discriminator(real).dtype, *(metric.dtype for metric in metrics.values())})
            outside.update(value.dtype for state in optimizer.state.values() for value in state.values())
            return metrics

    gan = tiny_gan()
    watched = Watched(gan.generator, gan.discriminator)
    gan.discriminator[1].register_forward_hook(lambda layer, inputs, output: inside.add(output.dtype))
    fit(watched, ring_points(), steps=3, batch_size=8, precision="bfloat16", device="cpu")
    assert inside == {torch.bfloat16} and outside == {torch.float32}
    assert {p.dtype for p in watched.parameters()} == {torch.float32}
    assert watched.generator(torch.zeros(1, 3)).dtype == torch.float32 and inside == {torch.bfloat16}


def in_own_bfloat16(network: nn.Module) -> nn.Module:
    """Let each call of a network be in bfloat16 by itself, as a careful reader would write it."""
    plain = network.forward

    def forward(x):
        with torch.autocast("cpu", torch.bfloat16):
            return plain(x).float()

    network.forward = forward
    return network


def test_each_player_meets_the_other_one_as_it_is_now():
    expected = image_gan()
    in_own_bfloat16(expected.generator), in_own_bfloat16(expected.discriminator)
    assert torch.equal(moved(expected, IMAGES), moved(image_gan(), IMAGES, precision="bfloat16"))


def test_with_autocasts_cache_they_would_not(monkeypatch):
    careful, plain = moved(image_gan(), IMAGES, precision="bfloat16"), torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda device, dtype, cache_enabled: plain(device, dtype))
    assert error(moved(image_gan(), IMAGES, precision="bfloat16"), careful) > 1e-3


def test_in_the_callers_autocast_each_step_sees_the_weights_of_the_last_one():
    ends = []
    for cached in (True, False):
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=cached):
            ends.append(moved(vae(), ring_points()))
    assert torch.equal(*ends)


@pytest.mark.parametrize("settings", [{"precision": "bfloat16"}, {"channels_last": True}])
def test_small_batches_in_turn_are_as_fast(settings):
    seen = []

    class Watched(ConvDiscriminator):
        def forward(self, x):
            autocast = torch.is_autocast_enabled("cpu") and not torch.is_autocast_cache_enabled()
            seen.append(autocast or self[1].weight.is_contiguous(memory_format=torch.channels_last))
            return super().forward(x)

    gan = image_gan()
    twin = GAN(gan.generator, Watched((4, 4)), r1_weight=1.0)
    fit(twin, IMAGES, steps=2, batch_size=4, accumulate=3, device="cpu", **settings)
    assert len(seen) == 1 + 2 * 3 * 4 + 2 and all(seen)


def test_one_batch_in_two_turns_is_two_batches_in_bfloat16():
    alike = IMAGES[:1].expand(8, -1, -1, -1)  # whichever rows are drawn
    gan = by_gradient_descent(image_gan())
    gan.generate = lambda n, y=None: gan.generator(torch.ones(n, 8)).sigmoid()
    twin = by_gradient_descent(image_gan())
    twin.generate = lambda n, y=None: twin.generator(torch.ones(n, 8)).sigmoid()
    whole = moved(gan, alike, precision="bfloat16", batch_size=8)
    in_turns = moved(twin, alike, precision="bfloat16", batch_size=4, accumulate=2)
    assert error(in_turns, whole) < 0.02


@pytest.fixture
def quick_compiler(monkeypatch):
    """Compile for the interpreter: all but the last of the compiler's steps, which takes half a minute."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))


@pytest.mark.usefixtures("quick_compiler")
def test_a_compiled_loss_is_the_loss_but_for_rounding():
    compiled, calls = vae(), []
    plain_step = compiled.training_step
    compiled.training_step = lambda *arguments: calls.append(vars(compiled)["loss"]) or plain_step(*arguments)
    exact, fast = moved(vae(), ring_points(), 20), moved(compiled, ring_points(), 20, compile=True)
    assert error(fast, exact) < 1e-5
    assert len(set(calls)) == 1 and hasattr(calls[0], "_torchdynamo_orig_callable")
    assert "loss" not in vars(compiled)
    assert error(moved(vae(), ring_points(), 20, compile=True, accumulate=2), exact) > 1e-3, "expected other batches"


def test_a_compiler_leaves_the_checks_of_distributions_on(monkeypatch):
    def compiler(function):
        Distribution.set_default_validate_args(False)  # as PyTorch's does, once in a process
        return function

    monkeypatch.setattr(Distribution, "_validate_args", True)
    monkeypatch.setattr(torch, "compile", compiler)
    moved(vae(), ring_points(), compile=True)
    assert Distribution._validate_args


@pytest.mark.usefixtures("quick_compiler")
def test_all_at_once():
    fast = {"precision": "bfloat16", "compile": True, "channels_last": True, "accumulate": 2}
    exact = moved(vae(), ring_points(), accumulate=2)
    assert 1e-5 < error(moved(vae(), ring_points(), **fast), exact) < 0.02


def test_channels_last_is_the_same_but_for_rounding_and_the_model_comes_back_as_it_was():
    inside = []

    class Watched(GAN):
        def training_step(self, batch, optimizers, step):
            inside.append(self.discriminator[1].weight.is_contiguous(memory_format=torch.channels_last))
            return super().training_step(batch, optimizers, step)

    gan = image_gan()
    watched = Watched(gan.generator, gan.discriminator, r1_weight=1.0, penalty_every=2)
    exact, fast = moved(image_gan(), IMAGES), moved(watched, IMAGES, channels_last=True)
    assert error(fast, exact) < 1e-4 and inside == [True] * 3
    assert all(p.is_contiguous() for p in watched.parameters())


FAST = [{"precision": "bfloat16"}, {"compile": True}, {"channels_last": True}]


@pytest.mark.usefixtures("quick_compiler")
@pytest.mark.parametrize("settings", FAST, ids=["bfloat16", "compiled", "channels last"])
def test_a_stopped_run_goes_on_to_the_same_end(settings, folder, monkeypatch):
    settings |= {"average": 0.9}
    data = ring_points() if "compile" in settings else IMAGES
    new = vae if "compile" in settings else image_gan
    with pytest.raises(KeyboardInterrupt), stopping_after(7, KeyboardInterrupt):
        run(new(), data, **settings)
    assert saved(folder)["step"] == 6
    resumed, history = run(new(), data, **settings)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, expected = run(new(), data, **settings)
    assert torch.equal(weights(resumed), weights(whole)) and same_bits(vars(history), vars(expected))
    before = copy.deepcopy(whole.state_dict())
    run(whole, data, **settings)
    assert same_bits(whole.state_dict(), before), "expected a run that is there already"


def test_a_run_of_a_checkpoint_is_named_by_these_settings_only_if_they_are_used(folder):
    run()
    run(precision="float32", compile=False, channels_last=False)
    assert len(list(folder.iterdir())) == 1
    run(precision="bfloat16")
    run(channels_last=True)
    assert len(list(folder.iterdir())) == 3


class Penalized(VAE):
    """A VAE whose loss holds a gradient penalty."""

    def loss(self, x, kl_weight, y=None):
        loss, metrics = super().loss(x, kl_weight, y)
        (gradient,) = torch.autograd.grad(loss, next(self.parameters()), create_graph=True)
        return loss + gradient.square().sum(), metrics


@pytest.mark.parametrize(
    "model, settings, message",
    [
        (tiny_gan, {"precision": "float16"}, "a precision among float32, bfloat16, got 'float16'"),
        (lambda: tiny_gan().double(), {"precision": "bfloat16"}, 'float32 for precision="bfloat16", got torch.float64'),
        (tiny_gan, {"compile": True}, "a model with a method `loss`.*got GAN: pass compile=False"),
    ],
)
def test_what_cannot_be_made_faster_is_refused(model, settings, message):
    with pytest.raises(ValueError, match=f"^expected .*{message}"):
        fit(model(), ring_points().to(next(model().parameters()).dtype), steps=1, **settings)


@pytest.mark.usefixtures("quick_compiler")
def test_a_gradient_penalty_in_a_compiled_loss_is_refused():
    model = vae(Penalized)
    with pytest.raises(ValueError, match="^expected a loss without a gradient penalty for compile=True, got one that"):
        fit(model, ring_points(), steps=2, compile=True, device="cpu")
    assert "loss" not in vars(model)
    fit(model, ring_points(), steps=2, device="cpu")


def test_what_is_not_asked_for_changes_no_bit():
    (plain, history), (same, expected) = trained(), trained(precision="float32", compile=False, channels_last=False)
    assert torch.equal(weights(plain), weights(same)) and same_bits(vars(history), vars(expected))
