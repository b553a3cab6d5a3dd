"""Scores for strangers: against an authority, against numbers by hand, and for bad input."""

import math
import zlib

import pytest
import torch
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from torch.nn.functional import binary_cross_entropy

from course_utils import networks
from course_utils.applications import anomalies
from course_utils.vae import VAE


def noise(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def small_vae():
    torch.manual_seed(0)
    return VAE(networks.ConvEncoder(4), networks.ConvGenerator(4))


def test_auroc_is_that_of_scikit_learn_with_ties():
    scores = (10 * noise(60)).round()
    strange = torch.arange(60) % 3 == 0
    expected = roc_auc_score(strange.numpy(), scores.numpy())
    assert anomalies.auroc(scores[strange], scores[~strange]) == pytest.approx(expected)


@pytest.mark.parametrize("bad", [torch.zeros(0), torch.zeros(3, 1), torch.tensor([0.0, math.nan])])
def test_auroc_refuses_what_is_no_score(bad):
    with pytest.raises(ValueError, match="expected scores"):
        anomalies.auroc(bad, torch.zeros(3))


def test_lengths_are_bytes_of_each_image():
    images = torch.stack([torch.zeros(1, 28, 28), noise(1, 28, 28)])
    by_hand = [len(zlib.compress(image.mul(255).round().byte().numpy().tobytes(), 9)) for image in images]
    assert anomalies.coded_bytes(images, "zlib").tolist() == by_hand
    empty, busy = anomalies.coded_bytes(images).tolist()
    assert empty < 100 < 700 < busy
    with pytest.raises(ValueError, match="expected a coder"):
        anomalies.coded_bytes(images, "gzip")


def test_entropy_is_the_least_cost_of_an_image():
    x = noise(3, 1, 28, 28)
    least = binary_cross_entropy(x, x, reduction="none").flatten(1).sum(1)
    assert torch.allclose(anomalies.pixel_entropy(x), least, rtol=1e-5)
    assert anomalies.pixel_entropy(torch.ones(1, 1, 28, 28)).item() == 0


def test_distance_is_that_of_scikit_learn():
    points, known = noise(7, 5), noise(40, 5).flip(0)
    expected = NearestNeighbors(n_neighbors=3).fit(known.numpy()).kneighbors(points.numpy())[0][:, 2]
    assert torch.allclose(anomalies.distance_to_known(points, known, 3), torch.tensor(expected).float(), atol=1e-5)
    with pytest.raises(ValueError, match="expected points"):
        anomalies.distance_to_known(points[:, :2], known)
    with pytest.raises(ValueError, match="known"):
        anomalies.distance_to_known(points, known[:2], 3)


def test_regret_is_what_a_posterior_of_its_own_gains_and_leaves_the_vae_alone():
    vae, x = small_vae(), noise(4, 1, 28, 28)
    before = {name: part.clone() for name, part in vae.state_dict().items()}
    few, many = (anomalies.likelihood_regret(vae, x, steps) for steps in (5, 100))
    assert few.shape == (4,) and (many > few).all() and (few > 0).all()
    assert all(torch.equal(part, before[name]) for name, part in vae.state_dict().items())
    assert all(part.grad is None for part in vae.parameters())


def test_regret_needs_a_bound():
    vae = small_vae()
    vae.stochastic = False
    with pytest.raises(ValueError, match="expected a stochastic VAE"):
        anomalies.likelihood_regret(vae, noise(1, 1, 28, 28))


def test_a_score_in_bits_by_hand():
    nll, kl = torch.tensor([math.log(2)]), torch.tensor([[math.log(2), 2 * math.log(2)]])
    assert anomalies.score_in_bits(nll, kl, torch.tensor([2.0])).item() == pytest.approx(4 - 16)
