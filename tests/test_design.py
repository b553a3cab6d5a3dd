"""Design by search: paths against Adam by hand, closed forms, rivals that keep their promises, and bad input."""

import math

import pytest
import torch
from torch import nn

from course_utils import networks
from course_utils.applications import design
from course_utils.applications.design import Wish
from course_utils.applications.torn_images import gaps


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return networks.ConvGenerator(4, channels=(8, 4))


@pytest.fixture
def critic():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 3))


@pytest.fixture
def wish():
    return Wish(torch.tensor([0, 2]), torch.tensor([[0.3, 0.1], [0.6, -0.1]]), torch.tensor([0.05, 0.2]))


def bars(columns, value=1.0):
    """Upright bars, one an image, each in its column: (N, 1, 28, 28)."""
    x = torch.zeros(len(columns), 1, 28, 28)
    for image, column in zip(x, columns):
        image[0, 4:24, column] = value
    return x


def test_wishes_are_the_quantiles_of_each_class_in_all_four_corners():
    x = torch.cat([bars([3] * 11) * torch.linspace(0, 1, 11)[:, None, None, None], bars([5] * 11)])
    wish = design.wishes(x, torch.tensor([0] * 11 + [1] * 11), 0.1)
    assert wish.labels.tolist() == [0, 1] * 4
    assert wish.looks[::2, 0].tolist() == pytest.approx([0.1 * 20 / 784] * 2 + [0.9 * 20 / 784] * 2)
    assert torch.allclose(wish.looks[1::2, 0], torch.tensor(20 / 784))


def test_a_miss_is_measured_in_standard_deviations(wish):
    x = torch.full((2, 1, 28, 28), 0.4)  # ink 0.4, upright
    expected = torch.tensor([[2.0, -0.5], [-4.0, 0.5]])
    assert torch.allclose(design.misses(x, wish), expected, atol=1e-4)


def test_the_cost_is_cross_entropy_plus_squared_misses_for_one_or_for_all(critic, wish):
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    costs = design.cost(critic, wish)(x)
    by_hand = -critic(x).softmax(1)[[0, 1], [0, 2]].log() + (((design.looks(x) - wish.looks) / wish.unit) ** 2).sum(1)
    assert torch.allclose(costs, by_hand)
    assert torch.allclose(design.costs_of_all(critic, x, wish).diag(), costs)


def test_the_path_is_that_of_adam_by_hand_and_the_networks_stay(generator, critic, wish):
    z, loss = design.prior_codes(generator, 2), design.cost(critic, wish)
    path = design.descend(generator, loss, z, steps=3, lr=0.1, pull=0.5)
    assert torch.equal(path[0], z)
    assert all(p.grad is None for p in (*generator.parameters(), *critic.parameters()))
    code = z.clone().requires_grad_()
    adam = torch.optim.Adam([code], 0.1)
    for _ in range(3):
        adam.zero_grad()
        (loss(torch.sigmoid(generator(code))) + 0.25 * code.square().sum(1)).sum().backward()
        adam.step()
    assert torch.allclose(path[-1], code, atol=1e-5)


def test_each_search_is_its_own_whatever_else_is_in_the_batch(generator, critic, wish):
    z = design.prior_codes(generator, 2)
    together = design.descend(generator, design.cost(critic, wish), z, steps=5)[-1]
    first = Wish(wish.labels[:1], wish.looks[:1], wish.unit)
    alone = design.descend(generator, design.cost(critic, first), z[:1], steps=5)[-1]
    assert torch.allclose(together[:1], alone, atol=1e-4)


def test_a_strong_pull_leads_to_the_origin_and_the_shell_keeps_the_length(generator, critic, wish):
    z, loss = design.prior_codes(generator, 2), design.cost(critic, wish)
    assert design.descend(generator, loss, z, steps=200, pull=1e4)[-1].norm(dim=1).max() < 0.2
    path = design.descend(generator, loss, z, steps=5, shell=True)
    assert torch.allclose(path.norm(dim=2), torch.tensor(math.sqrt(4)))


def test_the_best_codes_are_the_cheapest_of_all(generator, critic, wish):
    best = design.best_codes(generator, critic, wish, tries=30, keep=2, seed=5, part=7)
    costs = design.costs_of_all(critic, design.draw(generator, design.prior_codes(generator, 30, 5)), wish)
    many = wish.repeat(2)
    found = design.cost(critic, many)(design.draw(generator, best)).unflatten(0, (2, 2))
    assert torch.allclose(found, costs.sort(1).values[:, :2].T, atol=1e-4)


def test_a_climber_never_gets_worse(generator, critic, wish):
    z, loss = design.prior_codes(generator, 2), design.cost(critic, wish)
    at = [loss(design.draw(generator, design.climb(generator, loss, z, tries))) for tries in (1, 10, 40)]
    assert (at[0] >= at[1] - 1e-5).all() and (at[1] >= at[2] - 1e-5).all() and at[2].sum() < at[0].sum()


def test_retrieval_takes_the_class_the_nearest_and_each_original_once():
    x = bars([3, 4, 5, 6], 0.5) * torch.tensor([1.0, 0.9, 0.7, 1.0])[:, None, None, None]
    wish = Wish(torch.tensor([0]), torch.tensor([[0.5 * 20 / 784, 0.0]]), torch.tensor([0.01, 0.1]))
    found = design.retrieve(x, torch.tensor([0, 0, 0, 1]), torch.tensor([7, 7, 8, 9]), wish, 2)
    assert torch.equal(found, x[[0, 2]])


def test_an_edit_shears_a_bar_to_the_slant_that_was_asked_for():
    x = bars([14])
    x[..., 13:16] = x.amax(3, keepdim=True)
    wish = Wish(torch.tensor([0]), torch.tensor([[design.looks(x)[0, 0], 0.2]]), torch.tensor([0.05, 0.1]))
    loss = lambda x: design.misses(x, wish).square().sum(1)  # noqa: E731
    assert loss(x).item() == pytest.approx(4, abs=0.01)
    assert loss(design.edited(loss, x)).item() < 0.05


def test_pixels_and_varied_images_stay_images(critic, wish):
    x, labels = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2])
    loss = design.cost(critic, wish)
    found = design.in_pixels(loss, x, steps=20)
    assert (loss(found) < loss(x)).all() and 0 <= found.min() and found.max() <= 1
    turned, its_labels, originals = design.varied(x, labels, torch.tensor([4, 6]), 9)
    assert turned.shape == (9, 1, 28, 28) and torch.equal(originals, its_labels + 4)


def test_variety_is_the_mean_distance_between_designs_of_one_wish():
    x = torch.zeros(6, 1, 28, 28)  # three designs of two wishes
    x[2:4, 0, 0, 0], x[4:, 0, 0, 1] = 1, 1
    assert design.variety(x, 3) == pytest.approx((1 + 1 + math.sqrt(2)) / 3)


def test_completions_keep_the_seen_pixels_and_come_nearer_to_them(generator):
    x, mask = design.draw(generator, 2 * design.prior_codes(generator, 3, 9)), gaps(3, "lower")
    fills = [design.complete(generator, x, mask, starts=2, steps=steps, pull=0.0) for steps in (1, 60)]
    assert fills[0].draws.shape == (2, 3, 1, 28, 28)
    assert all(torch.allclose(fill.draws * mask, (x * mask).expand_as(fill.draws)) for fill in fills)
    early, late = (((fill.draws - x) * (1 - mask)).square().sum() for fill in fills)
    assert late < 0.7 * early  # x is an image of the generator: who finds its code fills the gap


def test_bad_input_is_refused(generator, critic, wish):
    with pytest.raises(ValueError, match="expected a share between 0 and 0.5"):
        design.wishes(bars([3, 4]), torch.tensor([0, 1]), 0.6)
    with pytest.raises(ValueError, match="expected a pull of at least 0"):
        design.descend(generator, design.cost(critic, wish), torch.zeros(2, 4), pull=-1.0)
    with pytest.raises(ValueError, match="expected to keep from 1 to 5"):
        design.best_codes(generator, critic, wish, 5, keep=6)
    with pytest.raises(ValueError, match="expected several designs of each wish"):
        design.variety(torch.zeros(5, 1, 28, 28), 2)
    with pytest.raises(ValueError, match="expected steps to be a whole number"):
        design.descend(generator, design.cost(critic, wish), torch.zeros(2, 4), steps=0)
