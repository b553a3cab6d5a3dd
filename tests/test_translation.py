"""Translation without pairs: closed forms by hand, the step beside the paper's equations, and bad input."""

import pytest
import torch
from scipy.linalg import sqrtm
from torch.nn import functional as F

from course_utils import data, networks
from course_utils.applications import plain_maps, translation
from course_utils.losses import ADVERSARIAL
from course_utils.training import fit, seed_everything


@pytest.fixture(scope="module")
def images() -> data.Images:
    return data.load("digits")


@pytest.fixture(scope="module")
def task(images) -> translation.Task:
    return translation.make_task(images, "slant", n=400, m=100)


def made(**settings) -> translation.CycleGAN:
    seed_everything(0)
    return translation.make_cycle_gan(**settings)


def test_no_original_is_in_both_piles_and_the_truth_is_the_map(images, task):
    even = {tuple(x.flatten().tolist()) for x in images.train[images.train_originals % 2 == 0]}
    assert all(tuple(x.flatten().tolist()) in even for x in task.a[:20])
    odd = translation.slant(images.train[images.train_originals % 2 == 1])
    exact = "donot_use_mm_for_euclid_dist"
    assert torch.cdist(task.b[:20].flatten(1), odd.flatten(1), compute_mode=exact).amin(1).max() == 0
    assert torch.equal(task.truth, translation.slant(images.test[:100]))
    assert torch.equal(task.paired, translation.slant(task.a))


def test_maps_by_hand():
    x = torch.zeros(1, 1, 28, 28)
    x[:, :, 10, 14] = x[:, :, 17, 14] = 1  # 4 pixels above the middle and 4 below, but for half a pixel
    place = torch.arange(28.0)
    middle = (translation.slant(x)[0, 0] * place).sum(1) / translation.slant(x)[0, 0].sum(1)
    assert (middle[10] - middle[17]).item() == pytest.approx(0.4 * 7, abs=0.01)
    row = translation.wave(x)[0, 0, 10] * place  # at height (10 - 13.5) / 14 = -0.25 the sine is -1
    assert (row.sum() - 14).item() == pytest.approx(0.25 * 14, abs=0.01)  # taken from the left: moved to the right
    line = translation.outline(x)
    assert line[0, 0, 9:12, 13:16].tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]


def test_the_gaussian_map_carries_the_moments_and_agrees_with_scipy():
    noise = torch.Generator().manual_seed(0)
    mix = torch.randn(4, 4, generator=noise).double()
    a = (0.5 + 0.01 * torch.randn(4000, 4, generator=noise).double()).view(-1, 1, 2, 2)
    b = (0.5 + 0.01 * torch.randn(4000, 4, generator=noise).double() @ mix).view(-1, 1, 2, 2)
    moved = plain_maps.gaussian_map(a, b, ridge=0.0)(a).flatten(1).double()
    assert torch.allclose(moved.mean(0), b.flatten(1).mean(0), atol=1e-5)
    assert torch.allclose(moved.T.cov(), b.flatten(1).T.cov(), atol=1e-6)
    cov_a = plain_maps.moments(a, 0.0)[1]
    assert torch.allclose(plain_maps.power(cov_a, 0.5), torch.tensor(sqrtm(cov_a.numpy())), atol=1e-10)


def test_a_warp_is_found_without_pairs(images):
    errors = {}
    for name, points in (("slant", 2), ("wave", 2), ("wave", 14)):
        task = translation.make_task(images, name, n=600, m=100)
        found = plain_maps.warp_map(task.a, task.b, points, steps=60)
        errors[name, points] = translation.rmse(found(task.x), task.truth)
    assert errors["slant", 2] < 0.04
    assert errors["wave", 14] < 0.08 < 0.25 < errors["wave", 2]  # four corners cannot follow a wave


def test_three_pairs_are_enough_for_a_map_of_the_right_form(images):
    waves, outlines = (translation.make_task(images, name, n=3, m=200) for name in ("wave", "outline"))
    bent = plain_maps.warp_map(waves.a, waves.paired, points=7, pairs=True)(waves.x)
    drawn = plain_maps.filter_map(outlines.a, outlines.paired)(outlines.x)
    assert translation.rmse(bent, waves.truth) < 0.15 < 0.25 < translation.rmse(waves.x, waves.truth)
    assert translation.rmse(drawn, outlines.truth) < 0.1 < 0.4 < translation.rmse(outlines.x, outlines.truth)


def test_a_translator_begins_near_its_input_and_is_grey_without_a_start(task):
    seed_everything(0)
    near, grey = translation.Translator(), translation.Translator(start=0)
    assert translation.rmse(translation.translated(near, task.x), task.x) < 0.1
    assert translation.translated(grey, task.x).std() < 0.1


def test_the_losses_are_those_of_the_paper(task):
    gan = made(cycle_weight=7.0, identity_weight=2.0, loss="least_squares", r1_weight=0)
    a, b = task.a[:8], task.b[:8]
    to_b, to_a = (lambda x: gan.to_b(x).sigmoid()), (lambda x: gan.to_a(x).sigmoid())
    fake_b, fake_a = to_b(a), to_a(b)
    d_loss, g_loss = ADVERSARIAL["least_squares"]
    g = g_loss(gan.d_b(fake_b)) + g_loss(gan.d_a(fake_a))
    cycle = F.l1_loss(to_a(fake_b), a) + F.l1_loss(to_b(fake_a), b)
    same = F.l1_loss(to_b(b), b) + F.l1_loss(to_a(a), a)
    found = gan.translators_loss(a, b, fake_a, fake_b)
    assert torch.allclose(found["total"], g + 7 * cycle + 2 * same)
    d = d_loss(gan.d_b(b), gan.d_b(fake_b)) + d_loss(gan.d_a(a), gan.d_a(fake_a))
    logged = gan.training_step((a, b), gan.make_optimizers(), 0)
    assert torch.allclose(logged["d_loss"], d) and torch.allclose(logged["cycle"], cycle)


def test_discriminators_learn_nothing_from_the_step_of_the_translators(task):
    gan = made()
    before = [p.clone() for p in gan.d_a.parameters()]
    optimizers = gan.make_optimizers()
    optimizers["discriminators"] = torch.optim.SGD([*gan.d_a.parameters(), *gan.d_b.parameters()], 0.0)
    gan.training_step((task.a[:8], task.b[:8]), optimizers, 1)
    assert all(torch.equal(p, old) for p, old in zip(gan.d_a.parameters(), before))


def test_training_shortens_the_way_back(task):
    gan = made(cycle_weight=10.0)
    history = fit(gan, (task.a, task.b), steps=40, batch_size=16, log_every=10)
    assert history["cycle"][-1] < history["cycle"][0]


def test_a_message_in_faint_pixels_is_lost_in_noise():
    x = torch.zeros(4, 1, 28, 28)
    x[:, :, :14] = 1
    hides = lambda x: 4 * (0.5 + x / 50) - 2  # noqa: E731  logits: the picture as faint grey
    reads = lambda y: 2000 * (y - y.mean())  # noqa: E731
    plain = lambda x: 12 * (x - 0.5)  # noqa: E731
    told = translation.way_back(Wrapped(hides), Wrapped(reads), x, noise=0.1)
    honest = translation.way_back(Wrapped(plain), Wrapped(plain), x, noise=0.1)
    assert told["noisy"] > 10 * told["back"] and honest["noisy"] < 2 * honest["back"] + 0.05


class Wrapped(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.function = function

    def forward(self, x):
        return self.function(x)


def test_bad_input_is_refused(images):
    with pytest.raises(ValueError, match="expected a task among"):
        translation.make_task(images, "zebra")
    with pytest.raises(ValueError, match="got .slant. of .train."):
        translation.make_task(images, "slant", part="train")
    with pytest.raises(ValueError, match="at least 2 points"):
        plain_maps.warp_map(images.train[:9], images.train[:9], points=1)
    with pytest.raises(ValueError, match="expected a loss among"):
        made(loss="l2")
    with pytest.raises(ValueError, match="expected weights of at least 0"):
        made(cycle_weight=-1.0)
    gan = made()
    with pytest.raises(ValueError, match="expected two piles"):
        gan.training_step(torch.rand(4, 1, 28, 28), gan.make_optimizers(), 0)
    assert isinstance(gan.d_a, networks.ConvDiscriminator)
