"""The measures of the comparison of GAN and VAE: known values, and the same code for both families."""

import math
from dataclasses import replace

import pytest
import torch

from course_utils import data, networks
from course_utils.comparison import measures
from course_utils.comparison.rulers import Rulers
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


@pytest.fixture(scope="module")
def rulers(digits) -> Rulers:
    return Rulers(digits, n=500, judges=2)


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


def test_real_images_score_as_real_ones_do_and_the_controls_fail(digits, rulers, monkeypatch):
    monkeypatch.setattr(measures, "detector_accuracy", lambda *parts: 0.5)  # its training takes seconds
    score = measures.picture_measures(digits.validation[:500], digits.validation[500:1500], rulers, digits)
    real = measures.real_measures(rulers, digits)
    assert score["ratio"] == pytest.approx(real["ratio"], abs=0.7) and len(score["ratio"]) == 2
    assert score["unlabelled"]["ratio"] == pytest.approx(1, abs=0.7)
    assert score["classes"] == pytest.approx(real["classes"], abs=0.5)
    assert real["nearer"] < 0.6 < real["memoriser"] and score["nearer"] < 0.6
    copies = measures.picture_measures(digits.train[:500], digits.train[500:1000], rulers, digits)
    assert copies["nearer"] == 1


def test_both_families_get_the_same_measures_and_looking_changes_nothing(digits, rulers):
    for model in (small_gan(), small_vae()):
        before = [p.clone() for p in model.parameters()]
        random_state = torch.get_rng_state()
        found = measures.latent_measures(model, rulers, softness=0.05, n=300, walks=5)
        assert found.keys() == {"linear_class", "linear_ink", "linear_slant", "detour"}
        assert len(found["detour"]) == 2 and min(found["detour"]) >= 1
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


class Always:
    """One that calls every picture the same."""

    def predict(self, x):
        return torch.full((len(x),), 3)


class OneRuler:
    """Rulers of which only the one judge of brightness is asked."""

    def __init__(self, judge):
        judge.features = lambda images: images.flatten(1)[:, :1]
        self.judges = [judge]


def test_a_class_that_depends_on_z_in_a_line_is_found():
    found = measures.latent_measures(FirstNumber(), OneRuler(Threshold()), softness=1.0, n=1000, walks=2)
    assert found["linear_class"] > 0.95 and found["detour"] == [pytest.approx(1, abs=0.3)]


def test_a_model_that_draws_a_single_class_says_nothing_about_classes():
    found = measures.latent_measures(FirstNumber(), OneRuler(Always()), softness=1.0, n=40, walks=2)
    assert math.isnan(found["linear_class"]) and math.isfinite(found["linear_ink"])


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
