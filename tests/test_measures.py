"""The measures of the comparison of GAN and VAE: known values, and the same code for both families."""

import math
from dataclasses import replace

import pytest
import torch

from course_utils import data, networks
from course_utils.comparison import measures
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.plumbing.history import History
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE


def small_gan() -> GAN:
    seed_everything(0)
    return GAN(networks.ConvGenerator(4, (8, 4)), networks.ConvDiscriminator((4, 8)))


def small_vae() -> VAE:
    seed_everything(0)
    return VAE(networks.ConvEncoder(4, (4, 8)), networks.ConvGenerator(4, (8, 4)))


@pytest.fixture(scope="module")
def digits() -> data.Images:
    return data.load("digits")


@pytest.fixture(scope="module")
def judge(digits) -> Judge:
    return Judge(digits, n=500)


@pytest.mark.parametrize("shares, classes", [([0.1] * 10, 10), ([1, 0, 0], 1), ([0.5, 0.5, 0], 2)])
def test_effective_classes_count_equal_shares(shares, classes):
    assert measures.effective_classes(torch.tensor(shares, dtype=torch.float)) == pytest.approx(classes)


@pytest.mark.parametrize("shift", [-0.5, 0.0, 0.25, 1.0])
def test_slant_is_the_shift_of_a_stroke_for_a_row(shift):
    rows = torch.arange(4, 24)
    columns = (14 + shift * (rows - 14)).round().long()
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, rows, columns] = 1
    assert measures.slant(image).item() == pytest.approx(shift, abs=0.02)
    assert measures.ink(image).item() == pytest.approx(20 / 784)
    assert measures.slant(torch.zeros(1, 1, 28, 28)).isfinite()


def test_real_images_score_as_real_ones_do(digits, judge, monkeypatch):
    score = measures.picture_measures(digits.train[:500], digits.train[500:1000], judge, digits)
    real = measures.real_measures(judge, digits)
    assert score["ratio"] == pytest.approx(real["ratio"], abs=1.0)
    assert score["classes"] == pytest.approx(real["classes"], abs=0.5)
    assert abs(real["detector"] - 0.5) < 0.1
    assert score["close"] == 1, "training images are copies of themselves"
    monkeypatch.setattr(measures, "detector_accuracy", lambda *parts: 0.5)  # its training takes seconds
    assert measures.picture_measures(digits.test[:500], digits.train[:1000], judge, digits)["close"] < 0.05


def test_both_families_get_the_same_measures_and_looking_changes_nothing(digits, judge):
    for model in (small_gan(), small_vae()):
        before = [p.clone() for p in model.parameters()]
        random_state = torch.get_rng_state()
        found = measures.latent_measures(model, judge, n=300, walks=5)
        found |= measures.code_measures(model, small_vae(), digits.test[:20], digits.test_labels[:20], steps=5)
        own = {"groups", "error"} if isinstance(model, VAE) else set()
        assert found.keys() == own | {
            "linear_class", "drawn_groups", "linear_ink", "linear_slant", "detour", "largest_step", "jump",
            "inverted_groups", "inverted_error", "added_groups", "added_error",
        }  # fmt: skip
        assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
        assert torch.equal(random_state, torch.get_rng_state())


class FirstNumber(torch.nn.Module):
    """Draws pictures as bright as the first number of z."""

    def __init__(self):
        super().__init__()
        self.generator = networks.MLPGenerator(2, (2,))  # only its latent_dim is used

    def sample(self, z):
        brightness = z[:, 0].sigmoid()  # (N,)
        return brightness[:, None, None, None].expand(-1, 1, 28, 28)


class Threshold:
    """A judge that calls bright pictures 1 and dark ones 0."""

    def predict(self, x):
        return (x.flatten(1).mean(1) > 0.5).long()


class Shuffling(Threshold):
    """One that gives the same answers to the wrong pictures."""

    def predict(self, x):
        return super().predict(x)[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]


class Always:
    """One that calls every picture the same."""

    def predict(self, x):
        return torch.full((len(x),), 3)


def test_codes_that_draw_one_class_lie_together_only_where_the_class_depends_on_them():
    model = FirstNumber()
    assert measures.latent_measures(model, Threshold(), n=1000, walks=2)["drawn_groups"] > 0.95
    found = measures.latent_measures(model, Shuffling(), n=1000, walks=2)
    assert found["drawn_groups"] == pytest.approx(0.5, abs=0.05)


def test_a_model_that_draws_a_single_class_says_nothing_about_classes():
    found = measures.latent_measures(FirstNumber(), Always(), n=40, walks=2)
    assert math.isnan(found["linear_class"]) and math.isnan(found["drawn_groups"])
    assert math.isfinite(found["linear_ink"])


def test_an_encoder_added_afterwards_bounds_the_likelihood_and_leaves_the_generator_alone(digits):
    generator = small_gan().generator
    before = [p.clone() for p in generator.parameters()]
    short = measures.with_encoder(generator, digits.train, steps=1)
    long = measures.with_encoder(generator, digits.train, steps=150)
    assert all(torch.equal(a, b) for a, b in zip(before, generator.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(before, long.decoder.parameters()))
    x = digits.test[:200]
    assert short.elbo(x).mean() < long.elbo(x).mean() < long.iwae_bound(x, k=20).mean()


def test_a_generator_that_training_would_change_gets_no_encoder(digits):
    generator = networks.ConvGenerator(4, (8, 4), batch_norm=True)
    with pytest.raises(ValueError, match=r"expected a generator without running statistics, .*running_mean"):
        measures.with_encoder(generator, digits.train, steps=1)


def test_stages_list_the_distance_and_the_losses_of_each_snapshot(digits, judge):
    gan = small_gan()
    history = fit(gan, digits.train, steps=20, snapshots=(0, 10, 20), log_every=10)
    stages = measures.stage_measures(gan, history, judge)
    assert stages["step"] == [10, 20] and isinstance(history, History)
    assert stages["g_loss"] == history["g_loss"]
    assert stages["ratio"][1] == pytest.approx(judge.frechet(gan.sample(500)) / judge.floor["frechet"])


def test_images_are_as_far_apart_as_the_nearest_other_one():
    images = torch.zeros(4, 1, 28, 28)
    images[[1, 3], 0, 0, 0] = 1
    images[2, 0, 0, :4] = 1
    images[3, 0, 5, 5] = 0.5
    assert measures.apart(images).tolist() == pytest.approx([1, 0.5, 3**0.5, 0.5], abs=1e-3)
    assert measures.apart(images[[0, 0, 1]]).tolist() == pytest.approx([0, 0, 1], abs=1e-3)
    with pytest.raises(ValueError, match="expected at least two images, got 1"):
        measures.apart(images[:1])


def test_independent_pixels_are_as_likely_as_their_shares_say(digits):
    pixels = torch.distributions.Bernoulli(digits.train.mean(0).clamp(1e-3, 1 - 1e-3))
    for value in (0.0, 1.0):
        image = torch.full((1, 28, 28), value)
        found = measures.independent_pixels(replace(digits, test=torch.stack([image, image])))
        assert found == pytest.approx(pixels.log_prob(image).sum().item(), rel=1e-4)


def test_shuffled_images_keep_their_labels_and_come_in_the_same_order_each_time(digits):
    mixed = measures.shuffled(digits)
    assert torch.equal(mixed.test, measures.shuffled(digits).test)
    assert not torch.equal(mixed.test_labels, digits.test_labels)
    row = (digits.test == mixed.test[0]).flatten(1).all(1).nonzero()[0, 0]
    assert digits.test_labels[row] == mixed.test_labels[0]
