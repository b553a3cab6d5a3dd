"""The searched bound: where log p(x) is known it is found, and it never lies above."""

import pytest
import torch
from torch import nn

from course_utils.comparison.likelihood import searched_bound
from course_utils.losses import bernoulli_nll
from course_utils.networks import ConvGenerator


class Template(nn.Module):
    """A decoder of one dimension: an image whose logits are z times a template, plus another."""

    latent_dim = 1

    def __init__(self):
        super().__init__()
        self.both = nn.Parameter(torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)))

    def forward(self, z):
        template, offset = self.both.detach()
        return offset + 0.3 * z[:, :, None, None] * template


def exact(decoder: nn.Module, images: torch.Tensor) -> float:
    """The mean log-likelihood, by an integral over a fine grid of z."""
    z = torch.linspace(-8, 8, 4001)[:, None]
    log_prior = torch.distributions.Normal(0, 1).log_prob(z[:, 0])
    found = [
        (log_prior - bernoulli_nll(decoder(z), x.expand(len(z), -1, -1, -1))).logsumexp(0) for x in images.double()
    ]
    return (torch.stack(found) + torch.tensor(16 / 4000).log()).mean().item()


def test_the_exact_likelihood_is_found_where_it_is_known():
    decoder = Template()
    z = torch.randn(5, 1, generator=torch.Generator().manual_seed(1))
    images = torch.bernoulli(decoder(z).sigmoid(), generator=torch.Generator().manual_seed(2))
    found, effective = searched_bound(decoder, images)
    assert found == pytest.approx(exact(decoder, images), abs=0.05)
    assert effective > 300


def test_the_decoder_stays_as_it_is_and_a_seed_repeats():
    decoder = ConvGenerator(4, (8, 8)).train()
    before = [parameter.clone() for parameter in decoder.parameters()]
    images = torch.rand(2, 1, 28, 28)
    assert searched_bound(decoder, images) == searched_bound(decoder, images)
    assert all(torch.equal(a, b) for a, b in zip(before, decoder.parameters()))
    assert decoder.training and all(parameter.grad is None for parameter in decoder.parameters())


def test_dimensions_that_draw_nearly_the_same_are_no_obstacle():
    decoder = nn.Sequential(nn.Linear(16, 784), nn.Unflatten(1, (1, 28, 28)))
    decoder.latent_dim = 16
    noise = torch.Generator().manual_seed(0)
    alike = torch.randn(784, 1, generator=noise) + 0.01 * torch.randn(784, 16, generator=noise)
    decoder[0].weight.data = 3 * alike
    found, _ = searched_bound(decoder, torch.full((1, 1, 28, 28), 0.5))
    assert -1000 < found < 0
