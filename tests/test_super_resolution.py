"""Super-resolution: the bound of 3 dB where it is exact, neighbours by hand, who learns in a step, and bad input."""

import copy
import math

import pytest
import torch
from torch.nn import functional as F

from course_utils.applications import super_resolution as sr
from course_utils.metrics import sharpness
from course_utils.training import fit


def pictures(n, seed=0):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def test_the_psnr_of_all_pixels_together_by_hand():
    real = torch.zeros(2, 1, 28, 28)
    rebuilt = real.clone()
    rebuilt[0] = 0.1  # squared errors of 0.01 and 0: 0.005 together
    assert sr.psnr(rebuilt, real) == pytest.approx(10 * math.log10(200), abs=1e-4)
    assert sr.psnr(rebuilt[:1], real[:1]) == pytest.approx(20, abs=1e-4)


def test_a_draw_of_the_posterior_costs_three_decibels_against_its_mean():
    noise = torch.Generator().manual_seed(0)
    known = torch.rand(20_000, 1, 4, 4, generator=noise) * 0.4 + 0.3
    truth, draw = (known + 0.05 * torch.randn(known.shape, generator=noise) for _ in range(2))
    assert sr.psnr(known, truth) - sr.psnr(draw, truth) == pytest.approx(10 * math.log10(2), abs=0.05)


def test_a_picture_made_small_has_the_means_of_its_blocks():
    x = pictures(3)
    assert torch.allclose(sr.shrink(x, 4)[1, 0, 2, 3], x[1, 0, 14:21, 21:28].mean())
    assert torch.allclose(sr.shrink(F.interpolate(sr.shrink(x, 7), size=28, mode="nearest"), 7), sr.shrink(x, 7))


def test_neighbours_and_patches_find_a_picture_that_was_there():
    train = pictures(9)
    small = sr.shrink(train[[4, 2]], 4)
    assert torch.equal(sr.by_neighbours(small, train), train[[4, 2]])
    assert torch.allclose(sr.by_neighbours(small, train, 9), train.mean(0).expand(2, -1, -1, -1))
    assert torch.equal(sr.by_patches(small, train), train[[4, 2]])


def test_patches_can_come_from_several_pictures():
    train = torch.stack([torch.zeros(1, 28, 28), torch.ones(1, 28, 28)])
    half = torch.cat([train[0, :, :14], train[1, :, 14:]], 1)[None]  # dark above, light below
    joined = sr.by_patches(sr.shrink(half, 4), train)
    assert torch.equal(joined[..., :7, :], half[..., :7, :]) and torch.equal(joined[..., 21:, :], half[..., 21:, :])
    assert set(joined.unique().tolist()) == {0, 1}


def test_contrast_makes_pictures_as_sharp_as_asked_and_keeps_the_order_of_greys():
    soft = F.avg_pool2d(pictures(5), 5, 1, 2)
    strength = sr.contrast_for(soft, 0.5)
    hard = sr.more_contrast(soft, strength)
    assert sharpness(hard) == pytest.approx(0.5, abs=1e-3)
    assert torch.equal(hard[0].flatten().argmax(), soft[0].flatten().argmax())
    assert torch.allclose(sr.more_contrast(soft, 1.0), soft, atol=1e-6)


@pytest.mark.parametrize("weight, players", [(0.0, {"enlarger"}), (0.1, {"enlarger", "discriminator"})])
def test_who_learns_in_a_step(weight, players):
    torch.manual_seed(0)
    model = sr.SuperResolution(4, weight=weight)
    before = copy.deepcopy(model)
    metrics = model.training_step(pictures(4), model.make_optimizers(), 0)
    moved = {
        name.split(".")[0]
        for (name, new), old in zip(model.named_parameters(), before.parameters())
        if not torch.equal(new, old)
    }
    assert moved == players
    assert ("d_loss" in metrics) == bool(weight)


def test_a_weight_of_zero_is_squared_error_alone():
    torch.manual_seed(0)
    model = sr.SuperResolution(7)
    x = pictures(4)
    before = (model.enlarge(sr.shrink(x, 7)) - x).square().mean()
    assert model.training_step(x, model.make_optimizers(), 0)["pixel_loss"] == pytest.approx(before.item(), rel=1e-5)
    fit(model, x, steps=30, batch_size=4)
    assert (model.enlarge(sr.shrink(x, 7)) - x).square().mean() < before


def test_enlarging_gives_large_pictures_and_changes_nothing():
    model = sr.SuperResolution(4).train()
    state = torch.get_rng_state()
    x = model.enlarge(sr.shrink(pictures(3), 4))
    assert x.shape == (3, 1, 28, 28) and 0 <= x.min() and x.max() <= 1 and not x.requires_grad
    assert model.training and torch.equal(torch.get_rng_state(), state)
    assert sr.bicubic(sr.shrink(pictures(3), 4)).shape == (3, 1, 28, 28)


def test_bad_input_is_refused():
    x = pictures(3)
    for bad, sentence in (
        (lambda: sr.shrink(x, 5), "a multiple of 5"),
        (lambda: sr.shrink(x[0], 4), "expected square pictures"),
        (lambda: sr.SuperResolution(5), "a size that divides 28"),
        (lambda: sr.SuperResolution(4, weight=-1), "weights of at least 0"),
        (lambda: sr.SuperResolution(4, loss="mse"), "expected a loss among"),
        (lambda: sr.SuperResolution(4).enlarge(sr.shrink(x, 7)), "expected data of shape"),
        (lambda: sr.by_neighbours(sr.shrink(x, 4), x, 4), "k of at most 3"),
        (lambda: sr.more_contrast(x, 0), "a strength above 0"),
        (lambda: sr.contrast_for(x, 9.0), "a target that more contrast reaches"),
        (lambda: sr.psnr(x, x[:2]), "pictures of one shape"),
    ):
        with pytest.raises(ValueError, match=sentence):
            bad()
