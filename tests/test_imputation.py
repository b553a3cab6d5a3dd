"""Filling gaps: closed forms by hand, what is seen stays, and bad input."""

import math

import pytest
import torch

from course_utils.applications import imputation, torn_images


def test_the_gaussian_fills_in_what_regression_says():
    noise = torch.Generator().manual_seed(0)
    train = torch.full((500, 1, 28, 28), 0.5)
    train[:, 0, 0, 0] = torch.rand(500, generator=noise)
    train[:, 0, 27, 27] = 0.2 + 0.5 * train[:, 0, 0, 0]
    filled = imputation.by_gaussian(train, train[:3], torn_images.gaps(3, "lower"), ridge=1e-6).mean
    assert torch.allclose(filled, train[:3], atol=1e-3)


def test_nats_of_completions_together_and_alone():
    x, mask = torch.ones(1, 1, 28, 28), torch.ones(1, 1, 28, 28)
    mask[0, 0, 0, :2] = 0
    draws = torch.stack([torch.full_like(x, 0.9), torch.full_like(x, 0.1)])
    fills = imputation.equal(draws)
    assert imputation.surprise(fills, x, mask) == pytest.approx(math.log(2), abs=1e-5)
    together = -math.log((0.9**2 + 0.1**2) / 2) / 2
    assert imputation.surprise(fills, x, mask, together=True) == pytest.approx(together, abs=1e-5)


def test_seen_pixels_stay_and_bad_input_is_refused():
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    mask = torn_images.gaps(4, "random")
    filled = imputation.by_neighbours(torch.rand(9, 1, 28, 28), x, mask, 2).draws
    assert torch.equal(filled * mask, (x * mask).expand_as(filled))
    with pytest.raises(ValueError, match="expected a kind of gap"):
        torn_images.gaps(4, "upper")
    with pytest.raises(ValueError, match="expected a mask of the shape"):
        torn_images.with_mask(x, mask[:2])
    with pytest.raises(ValueError, match="expected several completions"):
        imputation.covered(imputation.by_mean(x, x, mask), x, mask)


def test_drawn_pixels_are_black_or_white_and_right_in_the_mean():
    fills = imputation.equal(torch.full((50, 4, 1, 28, 28), 0.3))
    drawn = imputation.flipped(fills)
    assert drawn.draws.unique().tolist() == [0, 1]
    assert drawn.mean.mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(drawn.log_weights, fills.log_weights)
