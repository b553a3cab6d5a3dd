"""What each family can still do after training: rejection by a discriminator that is right, and the choice of a way."""

import pytest
import torch
from helpers import digits
from torch import nn

from course_utils import networks
from course_utils.comparison import after_training
from course_utils.comparison.after_training import acceptance, accepted, best_way, threshold, ways_to_sample
from course_utils.gan import GAN
from course_utils.training import seed_everything
from course_utils.vae import VAE


class Line(nn.Sequential):
    """A generator of single numbers, which are z itself: N(0, 1)."""

    latent_dim = 1

    def to_data(self, output):
        return output


class Ratio(nn.Module):
    """The best discriminator of N(1, 1), real, against N(0, 1): the log of the ratio of their densities."""

    def forward(self, x):
        return x[:, 0] - 0.5


def perfect_game() -> GAN:
    generator = Line(nn.Linear(1, 1))
    nn.init.ones_(generator[0].weight)
    nn.init.zeros_(generator[0].bias)
    return GAN(generator, Ratio())


def test_a_perfect_discriminator_mends_its_generator():
    samples = accepted(perfect_game(), 4000, kept=0.05)
    assert samples.shape == (4000, 1)
    assert samples.mean().item() == pytest.approx(1, abs=0.1) and samples.std().item() == pytest.approx(1, abs=0.1)


def test_who_keeps_all_changes_nothing_and_the_seed_decides():
    game = perfect_game()
    assert accepted(game, 4000, kept=1.0).mean().item() == pytest.approx(0, abs=0.06)
    assert torch.equal(accepted(game, 50, seed=1), accepted(game, 50, seed=1))
    assert not torch.equal(accepted(game, 50, seed=1), accepted(game, 50, seed=2))
    before = torch.get_rng_state()
    accepted(game, 50)
    assert torch.equal(before, torch.get_rng_state())


def test_the_threshold_keeps_the_share_that_was_asked_for():
    logits = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    logits -= logits.max()
    for kept in (0.1, 0.5, 0.9):
        assert acceptance(logits, threshold(logits, kept)).mean().item() == pytest.approx(kept, abs=1e-3)


@pytest.mark.parametrize("kept", [0.0, -0.5, 1.5])
def test_a_share_that_is_none_is_refused(kept):
    with pytest.raises(ValueError, match=r"expected a share kept in \(0, 1\]"):
        accepted(perfect_game(), 10, kept=kept)


def test_each_family_has_its_ways_and_the_best_on_validation_images_is_taken(monkeypatch):
    seed_everything(0)
    gan = GAN(networks.ConvGenerator(4, (8, 4)), networks.ConvDiscriminator((4, 8)))
    vae = VAE(networks.ConvEncoder(4, (4, 8)), networks.ConvGenerator(4, (8, 4)))
    names = {"prior", "truncated at 1", "truncated at 1.5", "truncated at 2", "rejection"}
    assert ways_to_sample(gan, digits()).keys() == names
    monkeypatch.setattr(after_training, "COMPONENTS", (2,))
    ways = ways_to_sample(vae, digits())
    assert list(ways) == ["prior", "mixture of 2"] and ways["mixture of 2"](3, 0).shape == (3, 1, 28, 28)
    real = lambda n, seed: digits().test[:n]  # noqa: E731
    monkeypatch.setattr(after_training, "ways_to_sample", lambda *_: ways | {"real": real})
    assert best_way(vae, digits()) == ("real", real)
