"""Training on synthetic images: batches from several sources, beside numbers worked out by hand."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.applications import synthetic
from course_utils.applications.synthetic import agreed, each, mixup, one_hot, recalls, rows, shifted, smote, together


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=noise(seed))


class Seen(nn.Module):
    """A classifier that says what the first pixel says."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return one_hot((10 * x[:, 0, 0, 0]).long())


def told(first: list[float]) -> torch.Tensor:
    x = torch.zeros(len(first), 1, 28, 28)
    x[:, 0, 0, 0] = torch.tensor(first)
    return x


def test_rows_come_with_their_own_labels():
    x, y = pictures(7), torch.tensor([3, 1, 4, 1, 5, 9, 2])
    drawn, targets = rows(x, y)(200, noise())
    found = torch.cdist(drawn.flatten(1), x.flatten(1)).argmin(1)
    assert torch.equal(targets, one_hot(y)[found])
    assert set(found.tolist()) == set(range(7))


def test_rows_are_drawn_by_their_weights():
    x, y = pictures(3), torch.tensor([0, 1, 2])
    _, targets = rows(x, y, torch.tensor([1.0, 0.0, 3.0]))(8000, noise())
    torch.testing.assert_close(targets.mean(0)[:3], torch.tensor([0.25, 0.0, 0.75]), atol=0.02, rtol=0)


def test_weighted_losses_are_those_of_cross_entropy():
    x, y = pictures(4), torch.tensor([0, 1, 1, 9])
    weights, logits = torch.arange(1.0, 11.0), torch.randn(50, 10, generator=noise())
    _, targets = synthetic.weighted(rows(x, y), weights)(50, noise())
    ours = F.cross_entropy(logits, targets, reduction="sum")
    torch.testing.assert_close(ours, F.cross_entropy(logits, targets.argmax(1), weight=weights, reduction="sum"))


def test_every_drawn_image_is_changed_and_no_label():
    x, y = pictures(5), torch.arange(5)
    drawn, targets = each(lambda x, random: 1 - x, rows(x, y))(20, noise())
    plain, same = rows(x, y)(20, noise())
    torch.testing.assert_close(drawn, 1 - plain)
    assert torch.equal(targets, same)


def test_a_shift_is_a_roll_with_black_behind():
    x = torch.zeros(500, 1, 28, 28)
    x[:, 0, 10, 12] = 1
    moved = shifted(x, noise(), most=2)
    assert (moved.sum((1, 2, 3)) == 1).all()
    places = {tuple(place) for place in moved[:, 0].nonzero()[:, 1:].tolist()}
    assert places == {(10 + down, 12 + across) for down in range(-2, 3) for across in range(-2, 3)}
    assert torch.equal(shifted(x, noise(), most=0), x)


def test_mixup_blends_images_and_labels_by_one_share():
    x = told([0.0, 1.0])
    drawn, targets = mixup(rows(x, torch.tensor([0, 1])), alpha=1.0)(400, noise())
    torch.testing.assert_close(drawn[:, 0, 0, 0], targets[:, 1])
    torch.testing.assert_close(targets.sum(1), torch.ones(400))
    assert ((targets[:, 1] > 0.1) & (targets[:, 1] < 0.9)).any()


def test_mixup_leaves_the_random_numbers_of_others_alone():
    before = torch.get_rng_state()
    mixup(rows(pictures(2), torch.tensor([0, 1])))(8, noise())
    assert torch.equal(torch.get_rng_state(), before)


def test_sources_share_a_batch():
    zeros, ones = rows(told([0.0]), torch.tensor([0])), rows(told([1.0]), torch.tensor([1]))
    x, targets = together(zeros, ones, ones)(32, noise())
    assert (len(x), targets.sum(0)[:2].tolist()) == (32, [11.0, 21.0])


def test_smote_stays_on_lines_between_neighbours_of_one_class():
    x = told([0.0, 0.1, 0.8, 0.9, 0.5])
    y = torch.zeros(5, dtype=torch.long)
    made = smote(x, torch.zeros(300, dtype=torch.long), y, 0, neighbours=1)[:, 0, 0, 0]
    assert not ((made > 0.11) & (made < 0.49)).any()  # 0 and 0.1 know each other alone; 0.5 knows 0.8
    assert ((made > 0.51) & (made < 0.79)).any()
    assert made.min() >= 0 and made.max() <= 0.9


def test_smote_makes_the_classes_that_are_asked_for():
    x, y = told([0.0, 0.1, 0.8, 0.9]), torch.tensor([2, 2, 5, 5])
    asked = torch.tensor([5, 2, 5, 2, 2])
    made = smote(x, asked, y, 0)[:, 0, 0, 0]
    assert ((made > 0.5).long() * 3 + 2).tolist() == asked.tolist()


def test_smote_needs_two_images_of_a_class():
    with pytest.raises(ValueError, match="at least 2 images of class 5 to draw a line between, got 1"):
        smote(told([0.1, 0.2]), torch.tensor([5]), torch.tensor([5, 2]), 0)


def test_only_images_with_the_class_asked_for_are_kept():
    x, y = agreed(Seen(), told([0.35, 0.35, 0.85]), torch.tensor([3, 8, 8]))
    torch.testing.assert_close(x[:, 0, 0, 0], torch.tensor([0.35, 0.85]))
    assert y.tolist() == [3, 8]


def test_adjusting_divides_probabilities_by_the_shares_of_the_classes():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    counts = torch.tensor([10.0] + 9 * [100.0])
    x, before = pictures(6), network[1].bias.clone()
    expected = network(x).softmax(1) / counts
    found = synthetic.adjusted(network, counts)(x).softmax(1)
    torch.testing.assert_close(found, expected / expected.sum(1, keepdim=True))
    assert torch.equal(network[1].bias, before), "the classifier itself was changed"


def test_recalls_are_those_of_scikit_learn():
    from sklearn.metrics import recall_score

    y = torch.arange(10).repeat(3)
    first = torch.rand(30, generator=noise())
    found = recalls(Seen(), told(first.tolist()), y)
    guesses = (10 * first).long()
    expected = recall_score(y, guesses, labels=range(10), average=None)
    torch.testing.assert_close(found.double(), torch.tensor(expected), atol=1e-6, rtol=0)


def test_a_classifier_learns_and_the_same_seed_gives_the_same_one():
    x = torch.zeros(20, 1, 28, 28)
    y = torch.arange(20) % 10
    for row, label in enumerate(y):
        x[row, 0, 2 * label : 2 * label + 2] = 1
    first, again = (synthetic.taught(rows(x, y), 60, 0) for _ in range(2))
    assert torch.equal(synthetic.predicted(first, x), y)
    torch.testing.assert_close(first(x), again(x), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["GAN", "VAE"])
def test_a_generator_draws_the_labels_that_are_asked_for(kind):
    model = synthetic.generator_of(kind, pictures(20), torch.arange(20) % 10, 2, 0)
    assert model.sample(3, y=torch.tensor([1, 2, 3])).shape == (3, 1, 28, 28)


@pytest.mark.parametrize("y", [torch.tensor([1]), torch.tensor([1, 10]), torch.tensor([-1, 0])])
def test_every_image_needs_a_label(y):
    with pytest.raises(ValueError, match="a label from 0 to 9 for each image"):
        rows(pictures(2), y)


def test_a_ranking_does_not_change_with_a_threshold():
    x, y = torch.rand(200, 10, generator=noise()), torch.arange(200) % 10
    plain = torch.nn.Linear(10, 10)
    bold = copy.deepcopy(plain)
    bold.bias.data[3] += 5.0
    assert synthetic.ranked(bold, x, y, 3) == pytest.approx(synthetic.ranked(plain, x, y, 3))
    best = torch.nn.Linear(10, 10, bias=False)
    best.weight.data = torch.eye(10)
    assert synthetic.ranked(best, torch.eye(10)[y], y, 3) == 1.0
