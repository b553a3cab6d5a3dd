"""Detectors: scores beside numbers worked out by hand, rivals that must win or lose, and the game against one."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from course_utils.applications import detection
from course_utils.applications.detection import precision, threshold
from course_utils.applications.detector_game import DetectorGame, detector_game
from course_utils.metrics import sharpness


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def brightness(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(1).mean(1)


@pytest.mark.parametrize("name", detection.CHANGES)
def test_every_change_gives_a_file_again(name):
    x = 0.5 * pictures(5)
    before = x.clone()
    changed = detection.CHANGES[name](x)
    assert changed.shape == x.shape and changed.dtype == x.dtype and torch.equal(x, before)
    torch.testing.assert_close(changed.mul(255).round(), changed * 255, atol=1e-4, rtol=0)
    assert torch.equal(detection.CHANGES[name](x), changed), "the same picture should give the same file"
    assert name == "none" or not torch.equal(changed, detection.as_file(x))


def test_jpeg_is_better_at_a_higher_quality():
    x = pictures(4)
    errors = [(detection.jpeg(x, quality) - x).square().mean().item() for quality in (10, 50, 95)]
    assert errors[0] > errors[1] > errors[2] > 0
    flat = torch.full((2, 1, 28, 28), 51 / 255)
    torch.testing.assert_close(detection.jpeg(flat), flat, atol=1.1 / 255, rtol=0)


def test_disturbed_images_are_changed_each_in_its_own_way():
    x = detection.as_file(pictures(1).repeat(200, 1, 1, 1))
    made = detection.disturbed(x)
    kinds = made.flatten(1).unique(dim=0)
    assert 13 < len(kinds) <= 17 + 200 and torch.equal(made, detection.disturbed(x))
    assert 0.01 < (made == x).flatten(1).all(1).float().mean() < 0.15, "some images should stay as they are"


def test_edges_are_the_sharpness_of_each_image():
    x = pictures(3)
    each = torch.tensor([sharpness(one[None]) for one in x])
    torch.testing.assert_close(detection.edges(x), torch.stack([each, each**2], 1))


@pytest.mark.parametrize("frequency", [1, 3, 9, 14])
def test_a_wave_has_its_power_at_its_own_frequency(frequency):
    place = torch.arange(28) / 28
    wave = 0.5 + 0.5 * torch.cos(2 * torch.pi * frequency * place)
    for x in (wave.repeat(28, 1), wave.repeat(28, 1).T):
        power = detection.spectrum(x[None, None].contiguous())[0]
        assert power[1:].argmax() + 1 == frequency
    assert len(power) == 21


def test_power_adds_up_as_parseval_says():
    x = pictures(2)
    power = detection.spectrum(x).exp() - 1e-6
    along = torch.fft.fftfreq(28) * 28
    sizes = torch.bincount((along[:, None] ** 2 + along**2).sqrt().round().long().flatten())
    torch.testing.assert_close((power * sizes).sum(1) / 784, x.square().sum((1, 2, 3)), rtol=1e-3, atol=0)


def test_greys_count_pixels():
    x = torch.zeros(1, 1, 28, 28)
    x[0, 0, :14] = 1
    shares = detection.greys(x)[0].exp() - 1e-3
    torch.testing.assert_close(shares[[0, 15]], torch.tensor([0.5, 0.5]))
    assert shares[1:15].abs().max() < 1e-6


def test_exact_zeros_are_gone_after_rounding():
    fake, real = pictures(3).clamp(1e-3, 1e-3), torch.zeros(3, 1, 28, 28)
    assert (detection.black(fake) == 1).all() and (detection.black(real) == 0).all()
    assert (detection.black(detection.as_file(fake)) == 0).all()


def test_haze_is_gone_and_the_rest_is_as_in_a_file():
    x = torch.tensor([0.0, 1.0, 32.0, 32.4, 33.0, 200.3, 255.0]).view(1, 1, 1, 7) / 255
    torch.testing.assert_close(detection.without_haze(x).flatten() * 255, torch.tensor([0.0, 0, 0, 0, 33, 200, 255]))


def test_a_threshold_accepts_at_least_the_share_and_barely():
    scores = torch.randperm(1000, generator=torch.Generator().manual_seed(0)).float()
    for accept in (0.5, 0.98, 0.999):
        limit = threshold(scores, accept)
        assert 1 - detection.alarms(scores, limit) >= accept
        assert 1 - detection.alarms(scores, limit - 1) < accept + 1e-6
    assert detection.alarms(torch.zeros(10), threshold(torch.zeros(5))) == 0, "a tie should raise no alarm"


def test_judged_is_what_counting_says():
    real, fake = torch.zeros(4, 1, 28, 28), torch.zeros(4, 1, 28, 28)
    real[3], fake[1:] = 0.9, 0.8
    found = detection.judged(brightness, 0.5, real, {"GAN": fake})
    assert found["accepted"] == 0.75 and found["caught GAN"] == 0.75
    assert found["auroc GAN"] == pytest.approx((3 * 0.75 + 0.5 * 0.75) / 4)


def test_precision_of_a_famous_case():
    assert precision(0.98, 0.98, 0.001) == pytest.approx(0.00098 / (0.00098 + 0.01998))
    assert precision(0.9, 0.9, 0.5) == pytest.approx(0.9)
    assert precision(0.3, 0.7, 0.25) == pytest.approx(0.25), "a detector that guesses should learn nothing"
    assert precision(0.2, 1.0, 0.001) == 1
    assert precision(0.0, 1.0, 0.5) != precision(0.0, 1.0, 0.5), "no alarm, no precision"


def test_a_stream_raises_alarms_as_bayes_says():
    real, fake = torch.arange(100) < 2, torch.arange(50) < 49
    wrong, right = detection.stream(real, fake, 200_000, 0.01)
    assert right / (right + wrong) == pytest.approx(precision(0.98, 0.98, 0.01), abs=0.02)
    assert detection.stream(real, fake, 1000, 0.0)[1] == 0


def test_a_detector_tells_bright_images_and_cannot_tell_two_halves_of_one_kind():
    x, more = 0.5 * pictures(400), pictures(400, 1) * 0.5
    score = detection.learned(x[:200], (x + 0.3)[:200], steps=60, seed=0)
    found = detection.judged(score, threshold(score(more[:200])), more[200:], {"": more[200:] + 0.3})
    assert found["auroc "] > 0.95
    same = detection.learned(x[:200], x[200:], steps=60, seed=0)
    assert abs(detection.judged(same, 0.0, more[200:], {"": more[:200]})["auroc "] - 0.5) < 0.15


def test_a_detector_takes_another_network_and_leaves_random_numbers_alone():
    before = torch.get_rng_state()
    score = detection.learned(pictures(8), pictures(8, 1), 2, 0, lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 1)))
    again = detection.learned(pictures(8), pictures(8, 1), 2, 0, lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 1)))
    assert score(pictures(5)).shape == (5,) and torch.equal(score(pictures(5)), again(pictures(5)))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_logistic_regression_on_the_spectrum_sees_a_chequered_trace():
    x = detection.blurred(pictures(300), 1.0)
    chequers = (torch.arange(28)[:, None] + torch.arange(28)) % 2
    fake = (x + 0.02 * chequers).clamp(0, 1)
    score = detection.by_logistic(detection.spectrum, x[:100], fake[100:200])
    found = detection.judged(score, threshold(score(x[:100])), x[200:], {"": fake[200:]})
    assert found["caught "] > 0.95 and found["accepted"] > 0.9


@pytest.mark.parametrize("width", [0.4, 1.6])
def test_too_soft_and_too_sharp_are_both_unlike_real_images(width):
    real = detection.blurred(pictures(600), 1.0)
    score = detection.unlike(real[:400])
    limit = threshold(score(real[:400]))
    found = detection.judged(score, limit, real[400:], {"": detection.blurred(pictures(200, 5), width)})
    assert found["caught "] == 1 and found["accepted"] > 0.9


def test_the_distance_to_real_images_is_mahalanobis():
    real, x = pictures(80), pictures(5, 3)

    def features(images):
        return torch.cat([detection.spectrum(images), detection.greys(images)], 1).double()

    gaps = features(x) - features(real).mean(0)
    spread = torch.linalg.lstsq(features(real).T.cov(), gaps.T, driver="gelsd").solution
    torch.testing.assert_close(detection.unlike(real)(x).double(), (gaps.T * spread).sum(0), rtol=1e-2, atol=1e-2)


def test_a_bent_spectrum_is_the_spectrum_and_its_squares():
    power, bent = detection.spectrum(pictures(4)), detection.bent_spectrum(pictures(4))
    assert bent.shape == (4, 42)
    torch.testing.assert_close(bent, torch.cat([power, power**2], 1))


def test_the_nearest_real_image_of_a_copy_is_at_no_distance():
    real = pictures(6)
    distances = detection.far_from(real)(torch.cat([real[2:3], pictures(1, 9)]))
    assert distances[0] < 1e-2 < distances[1]


def game(**settings) -> DetectorGame:
    return DetectorGame(0.2 * pictures(20), 0.7 + 0.2 * pictures(20), brightness, 0.5, **settings)


def test_the_game_counts_and_ends():
    played = game(seed=3)
    assert played.truth == [int(picture.mean() > 0.5) for picture in played.pictures]
    assert played.by_detector == played.truth and set(played.truth) == {0, 1}
    rights = [played.answer(0) for _ in range(10)]
    assert rights == [kind == 0 for kind in played.truth] and played.finished
    assert played.result() == f"You: {sum(rights)} of 10 right. The detector: 10 of 10."


def test_no_picture_is_shown_twice_and_the_seed_decides():
    shown = game(seed=1).pictures
    assert len(shown.flatten(1).unique(dim=0)) == 10
    assert torch.equal(shown, game(seed=1).pictures) and game(seed=1).truth != game(seed=2).truth


def test_the_solution_names_who_was_wrong():
    played = DetectorGame(0.2 * pictures(20), 0.7 + 0.2 * pictures(20), lambda x: -brightness(x), -0.5)
    ticks = [text.get_text() for text in played.solution().axes[0].get_xticklabels()]
    assert ticks == 10 * ["detector"]
    for kind in played.truth:
        played.answer(1 - kind)
    ticks = [text.get_text() for text in played.figure().axes[0].get_xticklabels()]
    assert ticks == 10 * ["detector\nyou"]
    plt.close("all")


def test_the_buttons_play():
    picture, buttons, scores = detector_game(0.2 * pictures(20), 0.7 + 0.2 * pictures(20), brightness, 0.5).children
    assert picture.layout.align_self == "flex-start"  # not stretched: one digit would fill the screen
    assert scores.value == "You: 0 of 0 right. The detector: 0 of 0."
    for _ in range(10):
        before = bytes(picture.value)
        buttons.children[1].click()
        assert bytes(picture.value) != before
    assert all(button.disabled for button in buttons.children) and scores.value.endswith("The detector: 10 of 10.")
    assert plt.get_fignums() == []


BAD = {
    "a share between 0 and 1 of real images to accept, got 1": lambda: threshold(torch.zeros(3), 1),
    "three shares from 0 to 1, got 98, 0.98 and 0.001": lambda: precision(98, 0.98, 0.001),
    "at least 10 real images and as many generated ones, got 20 and 5": lambda: DetectorGame(
        pictures(20), pictures(5), brightness, 0.5
    ),
    "0 for real or 1 for generated, got 'real'": lambda: game().answer("real"),
    "at most 1 answers, one for each picture, got another": lambda: [game_of_one.answer(0) for _ in range(2)],
    r"images in \[0, 1\], got values from": lambda: detection.learned(pictures(4) * 3, pictures(4), 2),
}
game_of_one = game(rounds=1)


@pytest.mark.parametrize("message", BAD)
def test_bad_input_gets_one_sentence(message):
    with pytest.raises(ValueError, match=f"^expected {message}"):
        BAD[message]()
