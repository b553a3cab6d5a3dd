"""The judge: one ruler for all, never half-trained, on the device that is there."""

import dataclasses
import functools
import math
import signal

import pytest
import torch
from helpers import digits, judge, starting, stopping_after
from torch import Tensor

import course_utils.judge
from course_utils import data, metrics
from course_utils.comparison import detector, measures
from course_utils.comparison.detector import detector_accuracy
from course_utils.judge import Judge
from course_utils.metrics import nearest_neighbours
from course_utils.networks import ConvGenerator
from course_utils.training import fit


def blurred(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1)


def test_the_judge_reads_digits_and_knows_what_real_images_score():
    assert judge().accuracy >= 0.97
    floor = judge().floor
    assert all(map(math.isfinite, floor.values())) and floor["classes"] == 10 and floor["frechet"] > 0
    assert min(floor[name] for name in ("precision", "recall", "coverage")) > 0.7
    assert 0.6 < floor["density"] < 1.4


def test_training_images_score_about_the_floor_though_it_comes_from_held_out_ones():
    score = judge().score(digits().train[:2500], digits().train_originals[:2500])
    assert score["frechet"] == pytest.approx(judge().floor["frechet"], rel=0.3)
    for name in ("precision", "recall", "coverage", "sharpness"):
        assert score[name] == pytest.approx(judge().floor[name], abs=0.05)
    assert score["density"] == pytest.approx(judge().floor["density"], rel=0.1)
    assert judge().score(digits().train[:2500], digits().train_originals[:2500]) == score


def test_real_digits_beside_real_digits_are_dense_and_cover_once_siblings_are_left_out():
    images, originals = judge().subset(digits(), "validation", torch.Generator().manual_seed(3))
    features = judge().features(images)
    before = metrics.neighbourhood_metrics(judge().real, features)
    after = metrics.neighbourhood_metrics(judge().real, features, 5, judge().originals, originals)
    assert before["density"] < 0.85 and before["coverage"] < 0.85
    assert after["density"] > 1 and after["coverage"] > 0.9


def test_the_floor_is_that_of_images_which_the_classifier_did_not_learn_from():
    other = dataclasses.replace(digits(), validation=torch.zeros_like(digits().validation))
    assert Judge(other).floor["sharpness"] == 0 and Judge(other).accuracy == judge().accuracy


def test_another_seed_is_another_ruler_and_other_features_are_measured_in_their_own_space(monkeypatch, folder):
    few_steps(monkeypatch)
    one, other = Judge(digits(), n=500), Judge(digits(), n=500, seed=1)
    assert one.floor["frechet"] != other.floor["frechet"] and not torch.equal(one.real, other.real)
    in_pixels = Judge(digits(), n=500, embed=lambda images: images.flatten(1))
    assert in_pixels.real.shape == (500, 784) and in_pixels.accuracy == one.accuracy
    samples = digits().train[:500]
    expected = metrics.frechet_distance(samples.flatten(1), in_pixels.real)
    assert in_pixels.score(samples)["frechet"] == in_pixels.frechet(samples) == expected
    assert in_pixels.score(samples)["classes"] == one.score(samples)["classes"]


def test_worse_images_score_worse():
    real = digits().train[:2500]
    one_class = digits().train[digits().train_labels == 3].repeat(3, 1, 1, 1)[:2500]
    noise = torch.rand(real.shape, generator=torch.Generator().manual_seed(0))
    soft = blurred(blurred(blurred(real)))  # twice costs 6 to 10 % of the coverage, by judge and by processor
    scores = [judge().score(images) for images in (real, soft, one_class, noise)]
    for score, factor in zip(scores[1:], (10, 10, 30)):
        assert score["frechet"] > factor * scores[0]["frechet"] and score["coverage"] < 0.9 * scores[0]["coverage"]
    assert scores[2]["classes"] <= 5 and scores[2]["recall"] < 0.2


def test_class_shares_are_those_of_the_labels():
    images = digits().test[digits().test_labels < 4]
    shares = torch.bincount(digits().test_labels[digits().test_labels < 4], minlength=10) / len(images)
    torch.testing.assert_close(judge().class_shares(images), shares, atol=0.03, rtol=0)


def test_two_judges_agree_and_neither_touches_the_random_state(monkeypatch, tmp_path):
    judge()
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path))  # so that the second classifier is trained, not loaded
    before = torch.get_rng_state()
    again = Judge(digits())
    again.score(digits().test[:2500])
    assert torch.equal(torch.get_rng_state(), before)
    assert again.floor == judge().floor and again.accuracy == judge().accuracy


def test_settings_can_be_judged_on_validation_images():
    on_validation = Judge(digits(), n=1000, against="validation")
    assert not torch.equal(on_validation.real, judge().real[:1000]) and on_validation.accuracy == judge().accuracy
    features = on_validation.features(digits().validation)
    assert torch.cdist(on_validation.real, features).min(1).values.max() < 0.1
    assert torch.cdist(on_validation.real, judge().real).min(1).values.mean() > 1


def few_steps(monkeypatch, steps: int = 60) -> None:
    """Let classifiers, detectors and added encoders train for a moment only."""

    @functools.wraps(fit)
    def short_fit(*args, **settings):
        return fit(*args, **settings | {"steps": steps})

    for module in (course_utils.judge, detector, measures):
        monkeypatch.setattr(module, "fit", short_fit)


BUILT_ON_TRAINING = {
    "a judge": lambda: Judge(digits(), n=100).floor,
    "a detector": lambda: detector_accuracy(*[digits().train[:100]] * 4),
    "an encoder": lambda: measures.with_encoder(ConvGenerator(3, (4, 2)), digits().train),
}


@pytest.mark.parametrize("what", BUILT_ON_TRAINING)
def test_nothing_that_was_built_on_an_interrupted_training_is_returned(what, monkeypatch, folder):
    few_steps(monkeypatch)
    with pytest.raises(KeyboardInterrupt), stopping_after(30, KeyboardInterrupt):
        BUILT_ON_TRAINING[what]()


def test_a_judge_that_was_interrupted_is_trained_to_the_end_the_next_time(monkeypatch, folder, tmp_path):
    few_steps(monkeypatch)
    with pytest.raises(KeyboardInterrupt), stopping_after(30, KeyboardInterrupt):
        Judge(digits(), n=100)
    resumed = Judge(digits(), n=100)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path / "whole"))
    whole = Judge(digits(), n=100)
    assert resumed.floor == whole.floor and resumed.accuracy == whole.accuracy


class Recorder:
    """Stands in for an accelerator: notes what is sent to it, and computes on the CPU."""

    def __init__(self, monkeypatch):
        self.sent: list[object] = []
        self.device = torch.device("cpu", 0)
        plain_to = Tensor.to

        def to(tensor: Tensor, *args, **options):
            self.sent += [args[0]] if args else []
            return plain_to(tensor, *args, **options)

        monkeypatch.setattr(Tensor, "to", to)
        for module in (course_utils.judge, metrics):
            monkeypatch.setattr(module, "pick_device", lambda: self.device)

    def was_used(self) -> bool:
        return any(place is self.device for place in self.sent)


def test_neighbour_searches_run_on_the_device_that_is_there(monkeypatch):
    images = digits().train[:50]
    pixels = images.flatten(1)
    for search in (
        lambda: nearest_neighbours(images[:5], images)[0].tolist(),
        lambda: metrics.neighbourhood_metrics(pixels, pixels.flip(1)),
    ):
        expected = search()
        with monkeypatch.context() as patch:
            recorder = Recorder(patch)
            assert search() == expected and recorder.was_used()


def test_classifier_and_detector_are_put_on_the_device_that_is_there(monkeypatch, folder):
    few_steps(monkeypatch, steps=2)
    moved = []
    plain_to = torch.nn.Module.to

    def to(module: torch.nn.Module, place) -> torch.nn.Module:
        moved.append((type(module).__name__, place))
        return plain_to(module, "cpu")

    monkeypatch.setattr(torch.nn.Module, "to", to)
    for module in (course_utils.judge, detector):
        monkeypatch.setattr(module, "pick_device", lambda: "an accelerator")
    Judge(digits(), n=100)
    detector_accuracy(*[digits().train[:10]] * 4)
    assert ("Classifier", "an accelerator") in moved and ("Detector", "an accelerator") in moved


def test_more_images_than_fit_into_memory_are_judged_in_parts(monkeypatch):
    sizes = []
    hook = judge().classifier.body.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    judge().features(digits().train[:1200])
    hook.remove()
    assert sizes == [500, 500, 200]


def some(n_train: int, n_test: int, classes: int = 2) -> data.Images:
    """Return random images with as many for validation as for the test."""
    parts = {}
    for part, n in (("train", n_train), ("validation", n_test), ("test", n_test)):
        parts[part] = torch.rand(n, 1, 28, 28)
        parts[f"{part}_labels"] = torch.arange(n) % classes
        parts[f"{part}_originals"] = torch.arange(n)
    return data.Images(name="some", classes=tuple("abcdef"[:classes]), **parts)


UNFIT = {
    "120 pictures": (some(96, 12), {}, "at least 100 held-out images, .*, got 12: a judge needs more pictures"),
    "two sizes": (
        dataclasses.replace(some(2000, 200), test=torch.rand(200, 1, 32, 32)),
        {},
        r"one shape in all parts, got {'train': \(1, 28, 28\), 'validation': \(1, 28, 28\), 'test': \(1, 32, 32\)}",
    ),
    "flat": (
        dataclasses.replace(
            some(2000, 200), **{part: torch.rand(200, 784) for part in ("train", "validation", "test")}
        ),
        {},
        r"the shape of one picture, such as \(3, 64, 64\), got \(784,\)",
    ),
    "one class": (some(2000, 200, classes=1), {}, "at least 2 classes .*, got 1: give each kind its own sub-folder"),
    "more than there are": (some(2000, 200), {}, "expected n from 100 to 200 images, got 2500: pass n=200, or fewer"),
    "float64": (some(2000, 200), {"n": 200}, "expected torch.float32 as the model's weights are, got torch.float64"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_data_set_that_no_judge_can_be_made_of_is_told_in_one_sentence(case):
    images, settings, message = UNFIT[case]
    if case == "float64":
        images = dataclasses.replace(images, train=images.train.double())
    with pytest.raises((ValueError, TypeError), match=message):
        Judge(images, **settings)


def hues(colour: bool = True, size: int = 32) -> data.Images:
    """Return noisy pictures that only their colour tells apart: red and green of one brightness, or all of it grey."""
    generator = torch.Generator().manual_seed(0)
    tint = torch.tensor([[0.8, 0.3, 0.4], [0.2979, 0.5557, 0.4]])[:, :, None, None]  # red, green: equally bright
    parts = {}
    for part, n in (("train", 800), ("validation", 200), ("test", 200)):
        labels = torch.arange(n) % 2
        images = tint[labels] + 0.1 * torch.randn(n, 1, size, size, generator=generator)
        brightness = (images * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
        parts[part] = (images if colour else brightness).clamp(0, 1)
        parts |= {f"{part}_labels": labels, f"{part}_originals": torch.arange(n)}
    return data.Images(name="hues", classes=("red", "green"), **parts)


def test_a_judge_of_colour_pictures_sees_what_a_judge_of_grey_ones_cannot(monkeypatch, folder):
    few_steps(monkeypatch)
    seeing = Judge(hues(), n=200)
    assert seeing.accuracy == 1 and Judge(hues(colour=False), n=200).accuracy < 0.65
    red = hues().test[::2]
    assert seeing.class_shares(red).tolist() == [1, 0]
    swapped = hues().train[:200][:, [1, 0, 2]]  # green where red was
    real, wrong = (seeing.score(images) for images in (hues().train[:200], swapped))
    assert wrong["frechet"] > 10 * real["frechet"] and real["classes"] == 2
    with pytest.raises(ValueError, match=r"expected data of shape \(N, 3, 32, 32\), got \(200, 1, 32, 32\)"):
        seeing.score(swapped[:, :1])


@pytest.mark.parametrize("size", [6, 27, 64])
def test_a_judge_takes_pictures_of_any_size(monkeypatch, folder, size):
    few_steps(monkeypatch, steps=20)
    judge = Judge(hues(size=size), n=100)
    assert judge.real.shape == (100, 64) and judge.features(hues(size=size).test).shape == (200, 64)
    assert math.isfinite(judge.frechet(hues(size=size).train[:100]))


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_judge_that_was_stopped_in_another_process_is_never_half_trained(stop, folder):
    with starting("judging.py", folder, "step", "30") as process:
        assert process.stdout.readline() == "now\n"
        process.send_signal(stop)
    assert process.returncode == -stop
    resumed = starting("judging.py", folder, "end")
    whole = starting("judging.py", folder / "whole", "end")
    assert resumed.communicate()[0] == whole.communicate()[0] != ""
