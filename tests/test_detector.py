"""The detector tells apart what differs, and guesses where nothing does."""

import pytest
import torch
from helpers import digits

from course_utils.comparison.detector import detector_accuracy


def noise(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def blurred(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1)


def test_noise_is_told_from_digits_whatever_the_sizes_of_the_sets():
    real, held_out = digits().train[:1000], digits().test[:300]
    assert detector_accuracy(real, noise(1000), held_out, noise(300, 1), steps=40) > 0.95
    assert detector_accuracy(real, noise(40), held_out, noise(30, 1), steps=40) > 0.95
    assert detector_accuracy(noise(40), real, noise(30, 1), held_out, steps=40) > 0.95


def test_real_images_are_not_told_from_real_images():
    train = digits().train
    accuracy = detector_accuracy(train[:2500], train[5000:7500], digits().validation, digits().test, steps=200)
    assert accuracy == pytest.approx(0.5, abs=0.1)


def test_a_detector_learns_to_see_a_small_blur():
    real, held_out = digits().train[:1000], digits().test[:300]
    sets = (real, blurred(real), held_out, blurred(digits().validation[:300]))
    assert detector_accuracy(*sets, steps=1) < 0.6 and detector_accuracy(*sets, steps=100) > 0.95


def test_held_out_sets_count_the_same_whatever_their_sizes():
    sets = (digits().train[:300], noise(300), noise(20, 1), noise(300, 2))  # noise as "real": always wrong
    assert detector_accuracy(*sets, steps=40) == pytest.approx(0.5, abs=0.02)
    assert detector_accuracy(*sets[:3], digits().test[:300], steps=40) < 0.05


def test_the_seed_decides_and_the_global_random_state_is_left_alone():
    held_out = digits().test[:500]
    sets = (digits().train[:300], blurred(digits().train[300:600]), held_out, blurred(held_out))
    before = torch.get_rng_state()
    first = detector_accuracy(*sets, steps=20)
    torch.rand(3)
    assert detector_accuracy(*sets, steps=20) == first != detector_accuracy(*sets, steps=20, seed=1)
    torch.set_rng_state(before)
    detector_accuracy(*sets, steps=2)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_detector_of_colour_pictures_sees_the_colour():
    tint = torch.tensor([0.7, 0.5, 0.3])[:, None, None]
    real, held_out = tint * noise(300), tint * noise(100, 1)  # (N, 3, 28, 28)
    other = held_out[:, [1, 0, 2]]
    assert detector_accuracy(real, real[:, [1, 0, 2]], held_out, other, steps=40) > 0.95
    assert detector_accuracy(real, real[:, [1, 0, 2]], held_out, held_out, steps=40) == pytest.approx(0.5)


@pytest.mark.parametrize("place", range(4))
def test_bad_images_raise_one_sentence_wherever_they_are(place):
    def with_bad(images: torch.Tensor) -> list[torch.Tensor]:
        return [images if i == place else noise(3) for i in range(4)]

    with pytest.raises(ValueError, match="expected at least one sample, got none"):
        detector_accuracy(*with_bad(noise(0)))
    of_others, got = (28, 32) if place else (32, 28)  # the first set says what the others have to be like
    words = rf"expected data of shape \(N, 1, {of_others}, {of_others}\), got \(3, 1, {got}, {got}\)"
    with pytest.raises(ValueError, match=words):
        detector_accuracy(*with_bad(torch.zeros(3, 1, 32, 32)))
    with pytest.raises(ValueError, match="expected images in "):
        detector_accuracy(*with_bad(255 * noise(3)))
