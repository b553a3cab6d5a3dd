"""Watermarks: keys, marks and bits that come back, nulls that hold, and attacks that must work or fail."""

import pytest
import torch

from course_utils.applications import watermark
from course_utils.applications.watermark import beats_all, in_groups, mark, mark_score, random_keys, responses, standard
from course_utils.comparison.softness import blurred


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    """Soft pictures that stay clear of black and white."""
    noise = torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    return 0.3 + 0.4 * blurred(noise, 1.0)


KEYS = random_keys(300, 5)


def test_keys_are_signs_in_blocks_as_often_plus_as_minus():
    keys = random_keys(400)
    assert keys.shape == (400, 1, 28, 28) and set(keys.unique().tolist()) == {-1.0, 1.0}
    blocks = keys.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    assert torch.equal(blocks.amin(4), blocks.amax(4))
    assert abs(keys.mean()) < 0.02 and torch.equal(keys, random_keys(400))
    correlation = keys[0].flatten() @ keys[1:].flatten(1).T / 784
    assert correlation.std() == pytest.approx(196**-0.5, rel=0.15)


def test_a_size_that_is_no_multiple_of_a_block_is_covered():
    assert random_keys(2, size=27).shape == (2, 1, 27, 27) and watermark.bit_keys(4, size=27).shape == (4, 1, 27, 27)


def test_a_mark_moves_each_pixel_by_its_strength_and_stays_in_range():
    x = pictures(4)
    torch.testing.assert_close((mark(x, KEYS[0], 0.05) - x).abs(), torch.full_like(x, 0.05))
    assert mark(torch.ones(1, 1, 28, 28), KEYS[0], 0.2).aminmax() == (pytest.approx(0.8), 1)


def test_a_flat_picture_has_no_residual_and_the_residual_is_linear():
    assert watermark.residual(torch.full((2, 1, 28, 28), 0.7)).abs().max() < 1e-6
    x, y = pictures(2), pictures(2, 1)
    torch.testing.assert_close(watermark.residual(x + 3 * y), watermark.residual(x) + 3 * watermark.residual(y))


def test_whitened_pixels_are_as_strong_and_tell_nothing_of_others():
    x = pictures(4000) + 0.1 * torch.rand(4000, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    white = watermark.whitening(x, ridge=1e-9)(x).flatten(1)
    torch.testing.assert_close(torch.cov(white.T), torch.eye(784), atol=0.01, rtol=0)


def test_responses_are_correlations():
    found = responses(KEYS[:2], KEYS[:2])
    torch.testing.assert_close(found.diagonal(), torch.ones(2))
    x = pictures(1)
    torch.testing.assert_close(responses(0.5 * x + 0.2, KEYS), responses(x, KEYS))


def test_the_score_is_that_of_numpy():
    import numpy as np

    x = pictures(7)
    found = responses(x, KEYS).mean(0).numpy()
    assert mark_score(x, KEYS) == pytest.approx((found[0] - np.mean(found[1:])) / np.std(found[1:], ddof=1), rel=1e-4)


def test_the_true_key_is_found_and_a_wrong_one_is_not():
    marked = mark(pictures(64), KEYS[0], 0.05)
    assert mark_score(marked, KEYS) > 5
    assert abs(mark_score(marked, KEYS[1:])) < 4
    assert mark_score(1 - marked, KEYS) < -5, "a negative should be against the key"


def test_images_without_a_mark_score_as_a_standard_normal_does():
    many = random_keys(2000, 8)
    z = responses(pictures(20, 3), many)
    z = (z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True)
    assert (z > 1.645).float().mean() == pytest.approx(0.05, abs=0.01)
    assert (z > 3.09).float().mean() == pytest.approx(0.001, abs=0.001)


def test_a_key_beats_all_others_as_often_as_chance_says():
    found = torch.randn(4000, 20, generator=torch.Generator().manual_seed(0))
    assert beats_all(found) == pytest.approx(1 / 20, abs=0.015)
    found[:, 0] += 10
    assert beats_all(found) == 1


def test_groups_are_means_of_neighbours_in_order():
    found = torch.arange(14.0).view(7, 2)
    torch.testing.assert_close(in_groups(found, 3), torch.tensor([[2.0, 3.0], [8.0, 9.0]]))
    assert torch.equal(in_groups(found, 1), found)


def test_standard_is_about_the_first_of_the_last_dimension():
    found = torch.tensor([[5.0, 1, 2, 3], [2.0, 1, 2, 3]])
    torch.testing.assert_close(standard(found), torch.tensor([3.0, 0.0]))


def test_a_shift_hides_a_mark_from_all_but_a_search():
    x = mark(pictures(40), KEYS[0], 0.05).roll(1, 3).roll(-1, 2)
    plain, search = (standard(in_groups(way(x, KEYS), 40)).item() for way in (responses, watermark.searched))
    assert search > 5 and search > plain + 3


def test_the_keys_of_bits_share_out_one_key():
    keys = watermark.bit_keys(16, 3)
    assert torch.equal(keys.abs().sum(0), torch.ones(1, 28, 28))
    sizes = keys.abs().flatten(1).sum(1)
    assert sizes.min() >= 48 and sizes.max() <= 52
    assert torch.equal(watermark.message_key(keys, torch.ones(16)), random_keys(1, 3)[0])


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_a_message_is_read_again(bits):
    keys = watermark.bit_keys(bits, 1)
    message = torch.arange(bits) % 3 % 2
    marked = mark(pictures(64), watermark.message_key(keys, message), 0.05)
    assert torch.equal(watermark.read(marked, keys, 64), message[None])
    other = mark(pictures(64), watermark.message_key(keys, 1 - message), 0.05)
    assert torch.equal(watermark.read(other, keys, 64), 1 - message[None])
    assert watermark.read(marked, keys).shape == (64, bits)


def test_a_stolen_mark_is_the_mark_and_takes_it_off_and_puts_it_on():
    marked, real = mark(pictures(500), KEYS[0], 0.05), pictures(500, 1)
    pattern = watermark.stolen(marked, real)
    torch.testing.assert_close(pattern, 0.05 * KEYS[0], atol=0.02, rtol=0)
    others = mark(pictures(64, 2), KEYS[0], 0.05)
    assert abs(mark_score(watermark.taken_off(others, pattern), KEYS)) < mark_score(others, KEYS) / 3
    innocent = pictures(64, 4)
    assert mark_score(innocent, KEYS) < 4 < mark_score(watermark.taken_off(innocent, -pattern), KEYS)


def test_one_sample_with_black_around_it_betrays_the_signs_there():
    x = torch.zeros(1, 1, 28, 28)
    x[..., 10:20, 10:20] = 1.0
    key = KEYS[0]
    found = watermark.read_off(mark(x, key, 0.05))
    assert torch.equal(found[x[0] == 0], key[x[0] == 0]) and (found[x[0] == 1] == 0).all()
    wrong = watermark.read_off(mark(x, KEYS[1], 0.05))
    assert not torch.equal(wrong, found)


def test_cutting_blacks_keeps_white_white():
    x = torch.tensor([0.0, 0.1, 0.15, 0.575, 1.0]).view(1, 1, 1, 5)
    torch.testing.assert_close(watermark.cut_blacks(x).flatten(), torch.tensor([0, 0, 0, 0.5, 1.0]))


def test_a_log_finds_its_own_after_a_change():
    log, fresh = pictures(30), pictures(30, 1)
    changed = watermark.in_log((log + 0.01).clamp(0, 1), log)
    assert changed.max() < watermark.in_log(fresh, log).min()


def test_images_are_drawn_from_their_codes_and_noise_moves_the_codes():
    x = pictures(3)
    half = lambda x: x / 2  # noqa: E731
    torch.testing.assert_close(watermark.regenerated(half, half, x), x / 4)
    moved = watermark.regenerated(half, half, x, 0.5)
    assert not torch.equal(moved, x / 4) and torch.equal(moved, watermark.regenerated(half, half, x, 0.5))


BAD = {
    r"a key shaped \(1, 28, 28\) as the images are, got \(1, 27, 27\)": lambda: mark(pictures(2), KEYS[0, :, 1:, 1:]),
    "a key and at least two others to compare it with, got 2": lambda: mark_score(pictures(2), KEYS[:2]),
    "a bit for each of 8 keys, got 7": lambda: watermark.message_key(watermark.bit_keys(8), torch.ones(7)),
    "n to be a whole number of at least 1, got 0": lambda: random_keys(0),
    "bits to be a whole number of at least 1, got 2.5": lambda: watermark.bit_keys(2.5),
    r"images in \[0, 1\], got values from": lambda: mark(2 * pictures(2), KEYS[0]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_gets_one_sentence(message):
    with pytest.raises(ValueError, match=f"^expected {message}"):
        BAD[message]()
