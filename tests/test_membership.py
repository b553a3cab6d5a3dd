"""Membership attacks: piles without relatives, rates that scikit-learn knows, and cases whose answer is known."""

import pytest
import torch

from course_utils import data, networks
from course_utils.applications import membership
from course_utils.applications.anomalies import auroc, pixel_entropy
from course_utils.gan import GAN
from course_utils.losses import kl_divergence
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vae() -> VAE:
    seed_everything(0)
    return VAE(networks.ConvEncoder(4, (4, 8)), networks.ConvGenerator(4, (8, 4), batch_norm=True), lr=5e-3)


def gan() -> GAN:
    seed_everything(0)
    return GAN(networks.ConvGenerator(4, (8, 4)), networks.ConvDiscriminator((4, 8)))


def originals_of(pile: torch.Tensor, images: data.Images) -> list[int]:
    """The original of each image of a pile, found by its pixels."""
    everything = torch.cat([images.train, images.validation, images.test])
    numbers = torch.cat([images.train_originals, images.validation_originals, images.test_originals])
    distance, row = membership.nearest_neighbours(pile, everything)
    assert distance.max() < 0.05
    return numbers[row].tolist()


def test_piles_share_no_original_and_siblings_share_all(digits):
    pile = membership.piles(digits, 60, 3)
    kinds = {name: originals_of(getattr(pile, name), digits) for name in ("members", "others", "spare")}
    seen = sum(kinds.values(), [])
    assert len(set(seen)) == len(seen) == 60 + 600 + 60
    assert set(kinds["others"]) == set(digits.validation_originals.tolist() + digits.test_originals.tolist())
    assert originals_of(pile.siblings, digits) == kinds["members"]
    assert (pile.siblings - pile.members).flatten(1).norm(dim=1).min() > 0.1
    assert torch.equal(pile.learned, pile.members)


def test_another_seed_draws_other_members_and_the_same_one_the_same(digits):
    first, again, other = (membership.piles(digits, 60, seed) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not torch.equal(first.members, other.members)


def test_a_model_of_all_images_is_tested_on_one_of_each_original(digits):
    pile = membership.piles(digits, None, 0, most=500)
    assert torch.equal(pile.learned, digits.train)
    assert (len(pile.members), len(pile.others), len(pile.siblings), len(pile.spare)) == (500, 500, 0, 0)
    assert len(set(originals_of(pile.members, digits))) == 500


def test_there_is_no_spare_pile_where_too_few_originals_are_left(digits):
    assert len(membership.piles(digits, 598, 0).spare) == 598  # of 1,197
    assert len(membership.piles(digits, 599, 0).spare) == 0


@pytest.mark.parametrize("n, message", [(1198, "expected n up to 1197"), (1, "at least 2"), (2.5, "whole number")])
def test_piles_need_so_many_originals(digits, n, message):
    with pytest.raises(ValueError, match=message):
        membership.piles(digits, n, 0)


@pytest.mark.parametrize("false_alarms", [0.01, 0.05, 0.2])
def test_the_share_caught_is_that_of_the_roc_curve(false_alarms):
    from sklearn.metrics import roc_curve

    others = torch.randn(599, generator=noise())
    members = torch.randn(100, generator=noise(1)) + 1
    members[:20], others[:90] = 2.0, 2.0  # ties
    truth = torch.cat([torch.ones(100), torch.zeros(599)])
    wrong, right, _ = roc_curve(truth.numpy(), torch.cat([members, others]).numpy(), drop_intermediate=False)
    assert membership.caught(members, others, false_alarms) == pytest.approx(right[wrong <= false_alarms].max())


def test_a_score_that_knows_nothing_catches_as_many_as_it_accuses():
    members, others = torch.randn(20_000, generator=noise()), torch.randn(20_000, generator=noise(1))
    assert membership.caught(members, others) == pytest.approx(0.01, abs=0.004)


def test_an_attack_that_is_sure_of_a_few_is_told_from_one_that_is_sure_of_none():
    others = torch.linspace(0, 1, 1000)
    few = torch.cat([torch.full((100,), 2.0), torch.linspace(0, 1, 900)])
    all_a_little = torch.linspace(0.05, 0.98, 1000)
    assert membership.caught(few, others) == pytest.approx(0.1, abs=0.01)
    assert membership.caught(all_a_little, others) == 0
    assert auroc(few, others) == pytest.approx(0.55, abs=0.001)


def test_one_false_alarm_must_be_possible():
    with pytest.raises(ValueError, match="at least one false alarm"):
        membership.caught(torch.rand(10), torch.rand(99))


def test_a_vaes_scores_are_its_own_numbers():
    x, model = torch.rand(5, 1, 28, 28, generator=noise()), vae().eval()
    found = membership.scores(model, x)
    mu, logvar = model.encode(x)
    mean = model.decoder(mu).sigmoid()
    torch.testing.assert_close(found["mean code"], (x * mean.log() + (1 - x) * (1 - mean).log()).flatten(1).sum(1))
    torch.testing.assert_close(found["squared error"], -(mean - x).square().flatten(1).sum(1))
    assert (found["bound"] < -kl_divergence(mu, logvar).sum(1)).all()
    assert found["bound + entropy"].max() <= 0, "it is minus a sum of divergences"
    torch.testing.assert_close(found["bound + entropy"] - found["bound"], pixel_entropy(x))


def test_a_gans_score_is_the_logit_and_what_exceeds_its_kind_forgets_a_constant():
    x, model = torch.rand(5, 1, 28, 28, generator=noise()), gan()
    torch.testing.assert_close(membership.scores(model, x)["discriminator"], model.discriminator(x))
    before = membership.beyond_its_kind(model, x)
    model.discriminator[-2].bias.data += 3.0
    torch.testing.assert_close(membership.beyond_its_kind(model, x), before, atol=1e-4, rtol=0)
    model.discriminator[-2].weight.data.zero_()
    torch.testing.assert_close(membership.beyond_its_kind(model, x), torch.zeros(5), atol=1e-5, rtol=0)


def test_attacks_leave_the_model_and_the_random_numbers_alone():
    x, model = torch.rand(5, 1, 28, 28, generator=noise()), vae()
    before, weights = torch.get_rng_state(), {name: value.clone() for name, value in model.state_dict().items()}
    membership.scores(model, x)
    assert model.training and torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_images_must_be_images():
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        membership.scores(vae(), 2 * torch.ones(3, 1, 28, 28))


def test_a_varied_copy_is_found_again_and_where_it_came_from(digits):
    known = digits.train[:50]  # of 50 originals
    copied = data.vary(known, noise(9))
    plain, _ = membership.found_again(copied, known, tries=0)
    near, index = membership.found_again(copied, known, tries=60)
    assert near.mean() < 0.7 * plain.mean()
    assert (index == torch.arange(50)).float().mean() > 0.9
    exact, index = membership.found_again(known, known, tries=2)
    assert exact.max() < 0.02 and index.tolist() == list(range(50))


def test_nearness_is_minus_the_distance_to_the_nearest():
    x, samples = torch.rand(6, 1, 28, 28, generator=noise()), torch.rand(40, 1, 28, 28, generator=noise(1))
    expected = -(x[:, None] - samples).flatten(2).norm(dim=2).min(1).values
    torch.testing.assert_close(membership.nearness(x, samples), expected, atol=1e-3, rtol=0)


def test_the_memoriser_is_caught_and_honest_images_are_not(digits):
    pile = membership.piles(digits, 100, 0)
    copied, honest = data.vary(pile.members.repeat(2, 1, 1, 1), noise()), pile.spare
    assert membership.copies(pile.members, pile.members, pile.others, tries=20) == 1
    assert membership.copies(copied, pile.members, pile.others) > 0.2, "a third of them is near enough"
    assert membership.copies(honest, pile.members, pile.others) < 0.08
    assert membership.nearer_to_members(copied, pile.members, pile.others) > 0.85
    assert 0.35 < membership.nearer_to_members(honest, pile.members, pile.others) < 0.65


def test_softness_is_no_memory(digits):
    """Blurred images of others lie near to everything; only the share by sides sees that they remember nothing."""
    pile = membership.piles(digits, 400, 0)
    soft = torch.nn.functional.avg_pool2d(pile.spare, 7, 1, 3)
    assert 0.4 < membership.nearer_to_members(soft, pile.members, pile.others) < 0.6


def test_a_vae_that_sees_six_images_again_and_again_gives_them_away(digits):
    pile, model = membership.piles(digits, 6, 0), vae()
    fit(model, pile.learned, steps=250, batch_size=6, seed=0)
    members, others = (membership.scores(model, x) for x in (pile.members, pile.others))
    strangers = membership.scores(model, pile.spare)
    assert auroc(members["bound + entropy"], others["bound + entropy"]) > 0.95
    assert auroc(strangers["bound + entropy"], others["bound + entropy"]) < 0.85
