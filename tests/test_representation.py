"""Who is in the samples: rulers and shares beside numbers worked out by hand."""

import pytest
import torch
from helpers import digits

from course_utils.applications import representation as who
from course_utils.applications.representation import MAJORITY, MINORITY, NEITHER, Share


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def black(n: int) -> torch.Tensor:
    return torch.zeros(n, 1, 28, 28)


def test_a_bar_has_two_columns_and_twelve_to_eighteen_rows():
    marked = who.barred(black(500), 0)
    heights = who.bar_rows(marked)
    assert set(heights.tolist()) == set(range(12, 19))
    assert not marked[..., : who.MARGIN].any()
    torch.testing.assert_close(marked.sum((1, 2, 3)), 2 * heights)


def test_a_bar_changes_nothing_else_and_not_the_original():
    x = torch.rand(20, 1, 28, 28, generator=noise())
    before = x.clone()
    marked = who.barred(x, 3)
    assert torch.equal(x, before)
    assert torch.equal(marked[..., : who.MARGIN], x[..., : who.MARGIN])
    assert ((marked == x) | (marked == 1)).all()


def test_half_a_bar_is_neither():
    x = who.barred(black(3), 0)
    x[1] = 0
    x[2] *= 6 / who.bar_rows(x[2:]).item()
    assert who.bar_of(x).tolist() == [MINORITY, MAJORITY, NEITHER]


def test_the_ruler_reads_real_digits_that_no_setting_was_chosen_on():
    x = digits().test
    assert (who.bar_of(x) == MAJORITY).float().mean() > 0.99
    assert (who.bar_of(who.barred(x, 5)) == MINORITY).all()


@pytest.mark.parametrize("share", [0.1, 0.01])
def test_a_share_of_the_images_wears_a_bar_whatever_they_show(share):
    images = digits()
    x, y = who.with_bars(images.train, share, 0)
    assert y.sum() == round(share * len(x))
    assert torch.equal(x[y == MAJORITY], images.train[y == MAJORITY])
    assert torch.equal(who.bar_of(x[y == MINORITY]), y[y == MINORITY])
    found = torch.bincount(images.train_labels[y == MINORITY], minlength=10) / y.sum()
    assert (found - 0.1).abs().max() < 0.09


def test_two_kinds_come_in_their_share_and_the_few_have_different_originals():
    images = digits()
    x, y = who.two_kinds(images, (3, 8), 0.1, 400, 0)
    assert torch.bincount(y).tolist() == [360, 40]
    rows = torch.cdist(x.flatten(1), images.train.flatten(1)).argmin(1)
    assert torch.equal(images.train_labels[rows], torch.where(y == MINORITY, 8, 3))
    assert len(images.train_originals[rows[y == MINORITY]].unique()) == 40


def test_too_many_images_of_a_kind_are_refused():
    with pytest.raises(ValueError, match="expected at least 1800 images of class 3, got 1230: take fewer than n=2000"):
        who.two_kinds(digits(), (3, 8), 0.1, 2000, 0)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, float("nan")])
def test_a_share_lies_between_none_and_all(share):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        who.with_bars(black(4), share, 0)


def test_turns_count_the_images_of_one_original():
    assert who.turns(torch.tensor([7, 7, 3, 7, 3])).tolist() == [0, 1, 0, 2, 1]


def test_a_confusion_counts_truth_in_rows_and_is_that_of_scikit_learn():
    from sklearn.metrics import confusion_matrix

    truth, verdicts = torch.randint(4, (2, 300), generator=noise())
    expected = torch.tensor(confusion_matrix(truth, verdicts, labels=range(4))).double()
    torch.testing.assert_close(who.confusion_of(truth, verdicts, 4), expected)


def test_a_group_that_nobody_has_is_taken_to_be_recognised():
    found = who.confusion_of(torch.tensor([0, 0, 1]), torch.tensor([0, 2, 1]), 3)
    assert found.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_corrected_shares_are_the_solution_where_it_is_no_negative_share():
    confusion = torch.tensor([[90.0, 8, 2], [5, 40, 5], [1, 2, 197]])
    rates = confusion / confusion.sum(1, keepdim=True)
    shares = torch.tensor([0.85, 0.1, 0.05])
    counts = 10_000 * shares @ rates
    found = who.corrected_shares(counts, confusion)
    torch.testing.assert_close(found, torch.linalg.solve(rates.T, counts / 10_000).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(found, shares.double(), atol=1e-5, rtol=0)


def test_truth_belongs_in_the_rows_of_the_confusion():
    confusion, counts = torch.tensor([[95.0, 5], [30, 70]]), torch.tensor([885.0, 115])  # a tenth is the minority
    assert who.corrected_shares(counts, confusion)[1] == pytest.approx(0.1, abs=1e-4)
    assert abs(who.corrected_shares(counts, confusion.T)[1] - 0.1) > 0.05


def test_corrected_shares_are_never_negative():
    confusion = torch.tensor([[90.0, 10], [10, 90]])
    counts = torch.tensor([950.0, 50])  # less than the errors alone explain
    assert torch.linalg.solve((confusion / 100).T, counts / 1000)[1] < 0
    torch.testing.assert_close(
        who.corrected_shares(counts, confusion), torch.tensor([1.0, 0]).double(), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize(
    "counts, confusion, message",
    [
        (torch.ones(2), torch.eye(3), r"counts \(K,\) and confusion \(K, K\)"),
        (torch.tensor([3.0, -1.0]), torch.eye(2), r"counts \(K,\) and confusion \(K, K\)"),
        (torch.zeros(2), torch.eye(2), "at least one count"),
        (torch.ones(2), torch.tensor([[1.0, 0.0], [0.0, 0.0]]), "one in each row"),
    ],
)
def test_counts_without_meaning_are_refused(counts, confusion, message):
    with pytest.raises(ValueError, match=message):
        who.corrected_shares(counts, confusion)


def test_neithers_make_a_range():
    verdicts = torch.tensor([0] * 80 + [1] * 5 + [2] * 15)
    assert who.share_of(verdicts, torch.eye(3)) == pytest.approx(Share(0.05, 0.20), abs=1e-6)


def test_a_verdict_needs_the_whole_range():
    assert Share(0.01, 0.09).beside(0.1) == "below"
    assert Share(0.05, 0.2).beside(0.1) == "open"
    assert Share(0.11, 0.2).beside(0.1) == "above"


def test_the_nearest_image_gives_the_group():
    known = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    assert who.nearest_group(torch.tensor([[0.9, 0.8], [0.2, 0.1]]), known, torch.tensor([0, 1])).tolist() == [1, 0]


def test_a_balanced_set_has_both_groups_equally_often():
    y = torch.tensor([0] * 99 + [1])
    x, groups = who.balanced(torch.arange(100.0), y, 4000, 0)
    assert groups.float().mean() == pytest.approx(0.5, abs=0.03)
    assert torch.equal(y[x.long()], groups)
    assert len(x.unique()) == 100


def test_a_mixture_of_pixels_keeps_means_and_shares():
    x, _ = who.with_bars(digits().train[:3000], 0.1, 0)
    drawn = who.pixel_mixture(x, 5000)
    assert drawn.shape == (5000, 1, 28, 28)
    assert 0 <= drawn.min() and drawn.max() <= 1
    assert (drawn.mean(0) - x.mean(0)).abs().max() < 0.1
    assert (who.bar_of(drawn) == MINORITY).float().mean() == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("kind", ["GAN", "VAE"])
def test_a_model_is_told_the_group_if_the_data_has_it(kind):
    x, y = who.with_bars(torch.rand(40, 1, 28, 28, generator=noise()), 0.5, 0)
    assert who.trained(kind, x, 2, 0).sample(3).shape == (3, 1, 28, 28)
    assert who.trained(kind, (x, y), 2, 0).sample(4, y=torch.tensor([0, 1, 1, 0])).shape == (4, 1, 28, 28)
