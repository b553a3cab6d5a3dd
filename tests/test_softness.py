"""Softness is taken out of a comparison, and nothing else."""

import pytest
import torch
from helpers import digits

from course_utils.comparison.softness import blur_to, blurred, equally_sharp
from course_utils.metrics import sharpness


def test_a_blur_keeps_ink_and_blurs_each_image_by_itself():
    image = torch.zeros(2, 1, 28, 28)
    image[0, 0, 14, 14] = 1
    soft = blurred(image, 1.0)
    assert soft[0].sum().item() == pytest.approx(1, abs=1e-4) and soft[1].sum() == 0
    assert soft[0, 0, 14, 14].item() == pytest.approx(1 / (2 * torch.pi), abs=0.01)
    assert torch.equal(blurred(image, 0.0), image)


@pytest.mark.parametrize("softness", [0.03, 0.08, 0.11])
def test_the_width_is_found_that_gives_a_sharpness(softness):
    images = digits().test[:800]
    assert sharpness(blurred(images, blur_to(images, softness))) == pytest.approx(softness, rel=1e-3)


def test_images_that_are_softer_already_are_left_alone():
    assert blur_to(digits().test[:100], 0.5) == 0


def test_the_sharper_kind_is_blurred_to_the_other_whichever_it_is():
    sharp, soft = digits().train[:1000], blurred(digits().validation[:1000], 0.7)
    for order in ((sharp, soft), (soft, sharp)):
        one, other, held_out, held_out_other = equally_sharp(*order, *order)
        assert sharpness(one) == pytest.approx(sharpness(other), rel=0.02)
        assert torch.equal(one, held_out) and torch.equal(other, held_out_other)
        unchanged = one if order[0] is soft else other
        assert torch.equal(unchanged, soft)
