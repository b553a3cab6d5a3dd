"""The diffusion model: how images fade, exact denoisers whose samples are known, learning."""

import pytest
import torch
from helpers import saved, stopping_after, weights
from torch import nn

from course_utils.diffusion import PREDICTIONS, SCHEDULES, Denoiser, Diffusion
from course_utils.training import fit

SHAPE = (1, 8, 8)
LEFT = torch.zeros(SHAPE).index_fill(2, torch.arange(4), 1.0)
HALVES = torch.stack([LEFT, 1 - LEFT] * 32)  # images of two kinds, (64, 1, 8, 8)
every_prediction = pytest.mark.parametrize("predict", PREDICTIONS)


def tiny(seed: int = 0, channels=(8, 16), shape=SHAPE, **settings) -> Diffusion:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Diffusion(Denoiser(channels, shape), **settings)


class Exact(nn.Module):
    """What a network answers that knows the data: each pixel is Gaussian, with this mean and deviation in [-1, 1]."""

    def __init__(self, predict: str, mean=0.2, deviation=0.0, sign=1.0, schedule="cosine", shape=SHAPE):
        super().__init__()
        self.shape, self.predict, self.schedule = shape, predict, schedule
        self.mean, self.deviation, self.sign = mean, deviation, sign
        self.none = nn.Parameter(torch.zeros((), dtype=torch.double))
        self.seen = []

    def forward(self, x_t, t):
        self.seen.append((x_t, t))
        alpha, sigma = levels(t, self.schedule)
        part = (x_t - alpha * self.mean) / (alpha**2 * self.deviation**2 + sigma**2)
        image, noise = self.mean + alpha * self.deviation**2 * part, sigma * part
        answers = {"noise": noise, "v": alpha * noise - sigma * image, "image": image}
        return self.sign * answers[self.predict] + self.none


MODELS = {schedule: Diffusion(Denoiser((8, 16), SHAPE), schedule=schedule) for schedule in SCHEDULES}


def levels(t, schedule: str = "cosine"):
    return MODELS[schedule].levels(t)


def one_step(network: Exact, n: int = 5000) -> float:
    model = Diffusion(network, network.predict, network.schedule).double()
    images = torch.full((n, *SHAPE), 0.6, dtype=torch.double)  # 0.2 in [-1, 1]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return model.training_step(images, model.make_optimizers(), 0)["loss"].item()


def test_the_schedules_are_those_of_the_papers():
    t = torch.linspace(0, 1, 1001, dtype=torch.double)[1:]
    beta = torch.linspace(1e-4, 0.02, 1000, dtype=torch.double)  # Ho et al. (2020), section 4
    assert torch.allclose(SCHEDULES["linear"](t), (1 - beta).cumprod(0), atol=1e-3)
    alpha, sigma = (level.flatten() for level in levels(torch.tensor([0.0, 1 / 3, 0.5, 1.0])))
    assert torch.allclose(alpha, torch.tensor([1.0, 0.75**0.5, 0.5**0.5, 0.01]))
    assert torch.allclose(sigma, torch.tensor([0.0, 0.5, 0.5**0.5, (1 - 1e-4) ** 0.5]))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_small_steps_one_after_the_other_are_one_step_of_the_closed_form(schedule):
    mean, variance = 1.0, 0.0
    alpha_squared = levels(torch.linspace(0, 0.7, 50, dtype=torch.double), schedule)[0].flatten().square()
    for kept in alpha_squared[1:] / alpha_squared[:-1]:  # 1 - beta
        mean, variance = kept**0.5 * mean, kept * variance + 1 - kept
    alpha, sigma = levels(torch.tensor([0.7], dtype=torch.double), schedule)
    assert mean == pytest.approx(alpha.item()) and variance == pytest.approx(sigma.item() ** 2)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_training_shows_images_that_faded_at_times_of_their_own(schedule):
    network = Exact("noise", schedule=schedule)
    one_step(network)
    _, (x_t, t) = network.seen  # the first is the look before the first step
    alpha, sigma = levels(t, schedule)
    noise = ((x_t - alpha * 0.2) / sigma).flatten(1)  # (5000, 64)
    assert abs(noise.mean()) < 0.01 and abs(noise.var() - 1) < 0.01  # 18 and 4 standard errors
    assert (noise[:, 0] * noise[:, 1]).mean().abs() < 0.06
    assert torch.allclose(t.sort().values, torch.linspace(0, 1, 5000, dtype=torch.double), atol=0.03)


@every_prediction
def test_only_who_knows_the_image_has_no_loss(predict):
    assert one_step(Exact(predict)) < 1e-16
    assert one_step(Exact(predict, sign=-1.0)) > 0.1
    assert one_step(Exact(predict, mean=-0.2)) > 0.01


@every_prediction
@pytest.mark.parametrize("eta", [0.0, 1.0])
@pytest.mark.parametrize("steps", [1, 7])
def test_with_one_image_in_the_world_every_walk_ends_there(predict, eta, steps):
    drawn = Diffusion(Exact(predict), predict).double().sample(3, steps=steps, eta=eta)
    assert torch.allclose(drawn, torch.tensor(0.6, dtype=torch.double), atol=1e-9)


@every_prediction
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_ddim_follows_the_exact_path_of_a_gaussian_the_better_the_more_steps(predict, schedule):
    """Along the exact path (Song et al., 2021) the distance from the mean, in standard deviations, never changes."""
    network = Exact(predict, deviation=0.2, schedule=schedule)
    model = Diffusion(network, predict, schedule).double()
    z = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    alpha, sigma = (level.item() for level in levels(torch.ones(1, dtype=torch.double), schedule))
    image = 0.2 + 0.2 * (z - alpha * 0.2) / (alpha**2 * 0.2**2 + sigma**2) ** 0.5
    far = [(model.sample(z=z, steps=steps) - (image + 1) / 2).abs().max().item() for steps in (10, 50, 250)]
    assert far[0] > 3 * far[1] > 9 * far[2] and far[2] < 0.01


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_samples_of_a_gaussian_have_its_mean_and_its_deviation_with_and_without_fresh_noise(eta):
    model = Diffusion(Exact("v", deviation=0.2), "v").double()
    drawn = 2 * model.sample(400, steps=200, eta=eta) - 1  # 25,600 pixels
    assert abs(drawn.mean() - 0.2) < 0.01 and abs(drawn.std() - 0.2) < 0.01


def test_a_step_with_fresh_noise_is_the_posterior_of_ddpm():
    """Ho et al. (2020), equation 7: the mean and the variance of x_s given x_t and the image."""
    model = Diffusion(Exact("v"), "v").double()
    x_t = torch.full((4000, *SHAPE), 0.7, dtype=torch.double)
    a_t, a_s = (levels(torch.tensor([t], dtype=torch.double))[0].item() ** 2 for t in (0.8, 0.6))
    beta = 1 - a_t / a_s
    mean = a_s**0.5 * beta / (1 - a_t) * 0.2 + (1 - beta) ** 0.5 * (1 - a_s) / (1 - a_t) * 0.7
    deviation = (beta * (1 - a_s) / (1 - a_t)) ** 0.5
    x_s = model.step_back(x_t, 0.8, 0.6, 1.0, torch.Generator().manual_seed(0))
    assert abs(x_s.mean() - mean) < 0.005 and abs(x_s.std() - deviation) < 0.005
    assert model.step_back(x_t, 0.8, 0.6).std() < 1e-12


def test_it_learns_two_images_and_untrained_it_draws_neither():
    def far(model):
        drawn = model.sample(64, steps=10)  # (64, 1, 8, 8)
        return torch.cdist(drawn.flatten(1), HALVES[:2].flatten(1)) / 8  # (64, 2), a root mean square

    model = tiny(lr=5e-3)
    assert far(model).min(1).values.mean() > 0.5
    history = fit(model, HALVES, steps=300, batch_size=32, schedule="linear")
    assert history.metrics["loss"][-1] < 0.6 * history.metrics["loss"][0]
    assert far(model).min(1).values.mean() < 0.2
    assert 0.2 < (far(model).argmin(1) == 0).float().mean() < 0.8


def test_the_same_seed_draws_the_same_and_another_seed_or_fresh_noise_something_else():
    model = tiny()
    assert torch.equal(model.sample(5, seed=3), model.sample(5, seed=3))
    assert torch.equal(model.sample(5, seed=3, eta=1.0), model.sample(5, seed=3, eta=1.0))
    assert not torch.equal(model.sample(5, seed=3), model.sample(5, seed=4))
    assert not torch.equal(model.sample(5, seed=3), model.sample(5, seed=3, eta=1.0))
    z = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(3))
    assert torch.equal(model.sample(5, seed=3), model.sample(z=z))


def test_many_samples_are_asked_for_in_parts_and_are_as_different_as_few():
    drawn = tiny().sample(502, steps=1, eta=1.0)
    assert drawn.shape == (502, *SHAPE) and len(drawn.unique(dim=0)) == 502
    z = torch.randn(502, *SHAPE, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn[500:], tiny().sample(z=z[500:], steps=1), atol=1e-6)


def test_looking_never_changes_learning():
    plain, watched = tiny(), tiny()
    settings = {"steps": 12, "batch_size": 8, "average": 0.9}
    fit(plain, HALVES, **settings)
    fit(watched, HALVES, snapshots=4, callback=lambda model, _: model.sample(3, steps=2, eta=1.0), **settings)
    assert torch.equal(weights(plain), weights(watched))
    state = torch.get_rng_state()
    watched.train().sample(3, steps=2, eta=1.0)
    assert torch.equal(torch.get_rng_state(), state) and watched.network.training


def test_a_stopped_run_ends_as_one_that_was_not_and_another_seed_elsewhere(folder):
    def run(seed: int = 0, **settings):
        model = tiny()
        fit(model, HALVES, steps=12, batch_size=8, log_every=2, average=0.9, schedule="linear", seed=seed, **settings)
        return weights(model)

    with pytest.raises(KeyboardInterrupt), stopping_after(7, KeyboardInterrupt):
        run(checkpoint="run")
    assert saved(folder)["step"] == 6
    assert torch.equal(run(checkpoint="run"), run())
    assert not torch.equal(run(), run(seed=1))


@pytest.mark.parametrize("channels, shape", [((8,), (1, 28, 28)), ((8, 16), (3, 32, 32)), ((8, 8, 16), (3, 24, 16))])
def test_pictures_of_other_sizes_and_in_colour(channels, shape):
    model = tiny(0, channels, shape)
    fit(model, torch.rand(20, *shape), steps=2, batch_size=4)
    drawn = model.sample(3, steps=2)
    assert drawn.shape == (3, *shape) and 0 <= drawn.min() <= drawn.max() <= 1


def test_the_denoiser_is_told_the_time_and_has_the_size_computed_by_hand():
    network = Denoiser()
    block = {width: 2 * width + 2 * (9 * width * width + width) + 33 * 2 * width for width in (32, 64)}
    ends = (9 * 4 * 32 + 32) + (9 * 32 * 4 + 4)
    between = (32 * 64 + 64) + (64 * 128 + 128)
    assert sum(p.numel() for p in network.parameters()) == 2 * block[32] + 2 * block[64] + ends + between
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.1)
    x = torch.rand(2, 1, 28, 28)
    answers, others = network(x, torch.tensor([0.2, 0.5])), network(x, torch.tensor([0.2, 0.6]))
    assert torch.allclose(answers[0], others[0], atol=1e-5) and (answers[1] - others[1]).abs().max() > 0.01


class Answers(Denoiser):
    """A denoiser whose answer goes through a function at the end."""

    def __init__(self, end):
        super().__init__((8, 16), SHAPE)
        self.end = end

    def forward(self, x, t):
        return self.end(super().forward(x, t))


BAD = {
    "a prediction": (lambda: tiny(predict="epsilon"), "predict among noise, v, image"),
    "a schedule": (lambda: tiny(schedule="sigmoid"), "schedule among cosine, linear"),
    "a network without a shape": (lambda: Diffusion(nn.Linear(2, 2)), "attribute shape, got Linear"),
    "sizes that cannot be halved": (lambda: Denoiser(shape=(1, 30, 30)), "multiples of 4"),
    "widths without groups": (lambda: Denoiser((8, 12)), "multiples of 8"),
    "no step": (lambda: tiny().sample(2, steps=0), "steps to be a whole number"),
    "too many steps": (lambda: tiny().sample(2, steps=1001), "at most 1000 steps"),
    "no sample": (lambda: tiny().sample(0), "n to be a whole number"),
    "eta": (lambda: tiny().sample(2, eta=1.5), "eta from 0"),
    "z of another shape": (lambda: tiny().sample(z=torch.randn(2, 64)), "z as images of shape"),
    "images of another size": (lambda: fit(tiny(), torch.rand(9, 1, 28, 28), steps=1), "expected data of shape"),
    "images in [-1, 1]": (lambda: fit(tiny(), 2 * HALVES - 1, steps=1), r"images in \[0, 1\]"),
    "points": (lambda: fit(tiny(), torch.randn(9, 2), steps=1), "expected data of shape"),
    "a sigmoid": (lambda: fit(Diffusion(Answers(torch.sigmoid)), HALVES, steps=1), "both signs, got a sigmoid"),
    "half an answer": (lambda: fit(Diffusion(Answers(lambda a: a[:, :, :4])), HALVES, steps=1), "as many numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_work_is_refused_in_one_sentence(case):
    action, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        action()
