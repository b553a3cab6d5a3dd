"""Few labels: features, spreading and M2, beside numbers worked out by hand."""

import math

import pytest
import torch
from torch import nn

from course_utils import data, networks
from course_utils.applications.few_labels import M2, hidden_layer, logistic, scaled, spreading, unknown
from course_utils.training import fit


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def two_rows(n: int = 40):
    """Points on two parallel lines, far from each other, the left end of each labelled."""
    along = torch.linspace(0, 10, n)
    rows = [torch.stack([along, torch.full((n,), height)], 1) for height in (0.0, 3.0)]
    return torch.stack([rows[0][0], rows[1][0]]), torch.tensor([4, 7]), torch.cat([rows[0][1:], rows[1][1:]])


def test_the_hidden_layer_is_what_the_last_layer_reads(digits):
    encoder, x = networks.ConvEncoder(16), digits.test[:5]
    torch.testing.assert_close(encoder[-1](hidden_layer(encoder, x)), encoder(x))


def test_an_encoder_without_a_last_linear_layer_has_no_hidden_layer():
    with pytest.raises(ValueError, match="an encoder that ends in a linear layer, got Sequential"):
        hidden_layer(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), torch.zeros(1, 2))


def test_scaled_features_have_mean_0_and_keep_their_proportions():
    train = torch.tensor([[1.0, 0.0], [3.0, 4.0]])  # deviations √2 and 2√2
    ours, other = scaled(train, torch.tensor([[2.0, 2.0]]))
    torch.testing.assert_close(ours, torch.tensor([[-1.0, -2.0], [1.0, 2.0]]) / (1.5 * math.sqrt(2)))
    assert other.tolist() == [[0.0, 0.0]]


def test_features_that_do_not_vary_cannot_be_scaled():
    with pytest.raises(ValueError, match="expected features that vary"):
        scaled(torch.ones(3, 2))


def test_labels_spread_along_a_line_where_the_nearest_labelled_point_is_wrong():
    known, labels, unlabelled = two_rows()
    graph = spreading(known, labels, unlabelled, neighbours=3, alpha=0.99)
    n = len(unlabelled) // 2
    far = torch.tensor([[9.9, 0.1], [9.9, 2.9]])
    assert graph.predict(unlabelled.numpy()).tolist() == [4] * n + [7] * n
    assert graph.predict(far.numpy()).tolist() == [4, 7]


def test_spreading_says_which_shapes_it_wants():
    with pytest.raises(ValueError, match=r"features \(n, d\), labels \(n,\) and features \(N, d\), got \(2, 2\)"):
        spreading(torch.zeros(2, 2), torch.tensor([0]), torch.zeros(3, 2))


def test_a_small_c_makes_logistic_regression_less_sure():
    known, labels = torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1])
    sure = [logistic(known, labels, c).predict_proba([[1.0]])[0, 1] for c in (0.01, 1.0, 100.0)]
    assert 0.5 < sure[0] < sure[1] < sure[2]


@pytest.fixture
def m2(digits):
    torch.manual_seed(0)
    return M2(digits.train[:20], digits.train_labels[:20])


def with_silent_codes(m2: M2) -> M2:
    """Codes that are N(0, I) whatever x, and a decoder that does not look: the bounds have no noise."""
    for layer in (m2.encoder[-1], m2.decoder[-2]):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    return m2


def test_the_labelled_bound_of_grey_pixels_is_784_coins_and_a_die(m2, digits):
    bound = with_silent_codes(m2).labelled_bound(digits.test[:3], digits.test_labels[:3])
    torch.testing.assert_close(bound, torch.full((3,), -784 * math.log(2) - math.log(10)))


def test_the_unlabelled_bound_adds_the_entropy_of_the_classes(m2, digits):
    with_silent_codes(m2)
    nn.init.zeros_(m2.classifier[-1].weight)
    nn.init.zeros_(m2.classifier[-1].bias)  # q(y | x) is uniform: entropy log 10, the price of a label is won back
    torch.testing.assert_close(m2.unlabelled_bound(digits.test[:3]), torch.full((3,), -784 * math.log(2)))


def test_the_unlabelled_bound_sums_the_labelled_ones_over_all_classes(m2, digits):
    x = digits.test[:2]
    q = m2.classifier(x).softmax(1)  # (2, 10)
    m2.labelled_bound = lambda x, y: y.float()  # a bound that tells the classes apart
    by_hand = (q * torch.arange(10)).sum(1) - (q * q.log()).sum(1)
    torch.testing.assert_close(m2.unlabelled_bound(x), by_hand)


def test_fit_trains_m2_on_images_of_unknown_classes(m2, digits):
    history = fit(m2, (digits.train[:100], unknown(100)), steps=30, batch_size=8, log_every=10)
    assert history.metrics["unlabelled"][-1] > history.metrics["unlabelled"][0]
    assert m2.predict(digits.test[:5]).shape == (5,)


def test_unknown_labels_are_equal_shares():
    assert unknown(2, 4).tolist() == [[0.25] * 4] * 2


@pytest.mark.parametrize("labels", [[0], [0, 10], [-1, 0]])
def test_m2_wants_a_label_for_each_image(labels, digits):
    with pytest.raises(ValueError, match="a label from 0 to 9 for each of 2 images"):
        M2(digits.train[:2], torch.tensor(labels))
