"""The VAE that draws in quarters: its probabilities sum to 1, and its draws follow them."""

import itertools

import pytest
import torch
from quarters import QuarterVAE

from course_utils.networks import MLPEncoder, MLPGenerator
from course_utils.vae import VAE


@pytest.fixture
def vae():
    """A VAE of pictures of 2×4 pixels, with weights that say something about every neighbour."""
    shape = (1, 2, 4)
    torch.manual_seed(0)
    vae = QuarterVAE(MLPEncoder(3, (8,), shape), MLPGenerator(3, (8,), shape), width=3)
    torch.nn.init.normal_(vae.neighbours.say.weight, std=3)
    return vae


def all_pictures() -> torch.Tensor:
    """Every black and white picture of 2×4 pixels: (256, 1, 2, 4)."""
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=8))).view(-1, 1, 2, 4)


def test_the_probabilities_of_all_pictures_sum_to_one(vae):
    x = all_pictures()
    z = torch.randn(1, 3).expand(len(x), -1)
    assert (-vae.nll(z, x)).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_they_do_not_once_a_quarter_sees_itself(vae):
    vae.neighbours.sees.fill_(1)
    x = all_pictures()
    z = torch.randn(1, 3).expand(len(x), -1)
    assert (-vae.nll(z, x)).exp().sum().item() != pytest.approx(1, abs=0.05)


def test_a_pixel_depends_on_those_before_it_in_both_directions(vae):
    """The last quarter sees neighbours on all sides; the first sees none."""
    logits, x = torch.randn(1, 4, 3, 3), torch.rand(1, 4, 3, 3, requires_grad=True)
    for quarter in range(4):
        (gradient,) = torch.autograd.grad(vae.neighbours(logits, x)[0, quarter, 1, 1], x)
        seen = (gradient[0] != 0).flatten(1).sum(1)  # (4,), how many pixels of each quarter
        assert seen.tolist() == [9 if other < quarter else 0 for other in range(4)]


def test_draws_have_the_probabilities_that_the_likelihood_says(vae):
    x = all_pictures()
    z = torch.randn(1, 3)
    expected = (-vae.nll(z.expand(len(x), -1), x)).exp()  # (256,)
    drawn = vae.draw(z.expand(200_000, -1)).flatten(1)  # (200000, 8)
    shares = torch.bincount((drawn * 2.0 ** torch.arange(7, -1, -1)).sum(1).long(), minlength=256) / len(drawn)
    spread = (expected * (1 - expected) / len(drawn)).sqrt()
    assert ((shares - expected).abs() < 5 * spread + 1e-6).all()
    assert expected.max() > 1.5 * expected.mean()


def test_it_begins_as_the_vae_that_it_extends():
    shape = (1, 4, 4)
    vae = QuarterVAE(MLPEncoder(3, (8,), shape), MLPGenerator(3, (8,), shape))
    x, z = torch.rand(5, *shape).round(), torch.randn(5, 3)
    torch.testing.assert_close(vae.nll(z, x), VAE.nll(vae, z, x))
