"""Recommending: measures against scikit-learn and by hand, methods against their definitions, and bad input."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import ndcg_score
from sklearn.neighbors import NearestNeighbors

from course_utils.applications import recommendation as rec
from course_utils.exercises.lesson_09 import multinomial_nll as nll_exercise
from course_utils.exercises.lesson_09 import ndcg as ndcg_exercise
from course_utils.training import fit

MSWEB = """I,4,"www.microsoft.com","created by getlog.pl"
A,1287,1,"International AutoRoute","/autoroute"
A,1288,1,"library","/library"
A,1100,1,"nobody came","/nobody"
C,"10001",10001
V,1288,1
V,1287,1
C,"10002",10002
V,1287,1
"""


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def choices(users=60, items=12):
    """Users of two tastes: x (users, items)."""
    taste = torch.arange(users)[:, None] % 2 == torch.arange(items) % 2
    x = (noise(users, items) < 0.15 + 0.5 * taste).float()
    x[:, :2] = 1 - x[:, :2] * taste[:, :2]
    return x


def shown(users=40, items=30, seed=1):
    """Scores, hidden and seen choices (users, items), at least one hidden item each."""
    seen, hidden = rec.hide((noise(users, items, seed=seed) < 0.4).float(), 0.3, torch.Generator().manual_seed(seed))
    return noise(users, items, seed=seed + 1) - 0.5, hidden, seen


# The likelihood and the VAE


def test_nats_are_those_of_the_multinomial_distribution_without_its_constant():
    logits, x = noise(3, 5), torch.tensor([[1.0, 0, 2, 0, 1], [0, 0, 0, 0, 0], [3, 1, 0, 0, 0]])
    constant = torch.lgamma(x.sum(1) + 1) - torch.lgamma(x + 1).sum(1)
    whole = [torch.distributions.Multinomial(int(row.sum()), logits=own).log_prob(row) for row, own in zip(x, logits)]
    assert torch.allclose(rec.multinomial_nll(logits, x), constant - torch.stack(whole), atol=1e-5)
    vae = rec.mult_vae(items=5)
    z = torch.randn(len(x), 32)
    assert torch.equal(vae.nll(z, x), rec.multinomial_nll(vae.decoder(z), x))
    with pytest.raises(ValueError, match="expected choices shaped"):
        vae.nll(z, x[:, :4])


def test_the_exercises_ask_for_what_the_course_uses():
    scores, hidden, seen = shown()
    assert torch.equal(nll_exercise.multinomial_nll(scores, hidden), rec.multinomial_nll(scores, hidden))
    for k in (1, 3, 30):
        assert torch.allclose(ndcg_exercise.ndcg(scores, hidden, seen, k).mean(), rec.ndcg(scores, hidden, seen, k))


def test_a_vae_learns_two_tastes_and_recommends_by_the_mean_code():
    torch.manual_seed(0)
    x = choices(200)
    parts = rec.split_users(x, 40, seed=0, least=3)
    vae = rec.mult_vae(12, warmup_steps=50)
    before = rec.ndcg(rec.by_vae(vae, parts.test_seen), parts.test_hidden, parts.test_seen, 3)
    fit(vae, parts.train, steps=150, batch_size=40, seed=0)
    scores = rec.by_vae(vae, parts.test_seen)
    assert rec.ndcg(scores, parts.test_hidden, parts.test_seen, 3) > before + 0.05
    assert torch.equal(scores, rec.by_vae(vae, parts.test_seen)) and not scores.requires_grad
    drawn = [rec.by_vae(vae, parts.test_seen, seed) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


# The data


def test_visits_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "anonymous-msweb.data"
    path.write_text(MSWEB, encoding="latin-1")
    x, names = rec.load_msweb(path)
    assert x.tolist() == [[1, 1], [1, 0]] and names == ["International AutoRoute", "library"]


def test_a_missing_and_another_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="anonymous-msweb.data of https"):
        rec.load_msweb(tmp_path / "nothing.data")
    (tmp_path / "other.data").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(ValueError, match="expected lines A, C and V"):
        rec.load_msweb(tmp_path / "other.data")


def test_files_choose_the_names_of_numpy_that_they_use(tmp_path, monkeypatch):
    package = tmp_path / "tiny_package"
    package.mkdir()
    texts = ["np.mean(np.abs(x))", "np.mean(x) + np.mean(y) + np.exp(x)", "np.abs(x)", "import math", ""]
    for i, text in enumerate(texts):
        (package / f"{'__init__' if i == 4 else i}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    x, names = rec.load_numpy_names(("tiny_package",), items=2)
    assert names == ["abs", "mean"] and x.tolist() == [[1, 1]]
    assert rec.load_numpy_names(("tiny_package",), least=1)[0].tolist() == [[1, 0, 1], [0, 1, 1], [1, 0, 0]]
    with pytest.raises(ValueError, match="expected an installed package, got 'no_such_package'"):
        rec.load_numpy_names(("no_such_package",))
    with pytest.raises(ValueError, match="items"):
        rec.load_numpy_names(items=0)


def test_users_are_split_once_each_and_their_choices_too():
    x = choices(60)
    parts = rec.split_users(x, 10, seed=3)
    assert len(parts.train) == 40 and len(parts.seen) == len(parts.test_seen) == 10
    for seen, hidden in ((parts.seen, parts.hidden), (parts.test_seen, parts.test_hidden)):
        whole = seen + hidden
        assert set(whole.unique().tolist()) == {0, 1} and (whole.sum(1) >= 5).all()
        assert torch.equal(hidden.sum(1), (0.2 * whole.sum(1)).floor().clamp(min=1))
    rows = torch.cat([parts.train, parts.seen + parts.hidden, parts.test_seen + parts.test_hidden])
    assert sorted(rows.tolist()) == sorted(x.tolist())


def test_a_split_is_that_of_its_seed_and_needs_enough_users():
    x = choices(60)
    first, again, other = (rec.split_users(x, 10, seed) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not torch.equal(first.test_seen, other.test_seen)
    with pytest.raises(ValueError, match="expected more than 60 users with 5 choices or more, got"):
        rec.split_users(x, 30, 0)


# The methods


def test_ease_is_a_ridge_regression_of_each_item_on_the_others():
    x, weight = choices(), 5.0
    found = rec.ease_weights(x, weight)
    for item in range(x.shape[1]):
        others = [i for i in range(x.shape[1]) if i != item]
        ridge = Ridge(alpha=weight, fit_intercept=False).fit(x[:, others].double().numpy(), x[:, item].numpy())
        assert np.allclose(found[others, item], ridge.coef_, atol=1e-5) and found[item, item] == 0
    assert torch.allclose(rec.by_ease(x, x[:3], weight), x[:3] @ found)
    with pytest.raises(ValueError, match="expected a weight above 0, got 0"):
        rec.ease_weights(x, 0)


def test_svd_projects_on_the_main_directions():
    x = choices()
    u, s, vt = np.linalg.svd(x.double().numpy(), full_matrices=False)
    assert np.allclose(rec.by_svd(x, x, 3), u[:, :3] * s[:3] @ vt[:3], atol=1e-4)
    assert torch.allclose(rec.by_svd(x, x, 12), x, atol=1e-4)


def test_neighbours_are_those_of_scikit_learn():
    x, k = choices(), 4
    search = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute").fit(x.T.numpy())
    distances, near = search.kneighbors(x.T.numpy())
    similar = np.zeros((12, 12))
    for item in range(12):
        for distance, other in zip(distances[item], near[item]):
            similar[item, other] = (1 - distance) * (other != item)
    assert np.allclose(rec.by_neighbours(x, x[:5], k), x[:5].numpy() @ similar.T, atol=1e-5)
    assert rec.by_neighbours(x, x, 100).shape == x.shape  # more neighbours than items


def test_popularity_is_the_same_for_everybody():
    x = choices()
    assert torch.equal(rec.by_popularity(x, x[:2]), x.sum(0).repeat(2, 1))


def test_the_best_setting_is_that_of_validation_users():
    parts = rec.split_users(choices(), 15, seed=0, least=3)

    def method(train, seen, value):
        return value * parts.hidden  # shows what is hidden, or its opposite

    assert rec.best_setting(method, (-1.0, 1.0, 0.0), parts) == 1


# The measures


def test_ndcg_is_that_of_scikit_learn():
    scores, hidden, seen = shown()
    kept = scores.masked_fill(seen > 0, -1e9).numpy()
    for k in (1, 5, 30):
        expected = ndcg_score(hidden.numpy(), kept, k=k)
        assert rec.ndcg(scores, hidden, seen, k).item() == pytest.approx(expected, abs=1e-5)


def test_measures_by_hand():
    scores = torch.tensor([[9.0, 4, 3, 2, 1]])
    seen, hidden = torch.tensor([[1.0, 0, 0, 0, 0]]), torch.tensor([[0.0, 0, 1, 0, 1]])
    assert rec.top(scores, seen, 3).tolist() == [[1, 2, 3]]
    ideal = 1 + 1 / math.log2(3)
    assert rec.ndcg(scores, hidden, seen, 3).item() == pytest.approx(1 / math.log2(3) / ideal)
    assert rec.ndcg(scores, hidden, seen, 9).item() == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert rec.recall(scores, hidden, seen, 3).item() == 0.5
    assert rec.recall(scores, hidden, seen, 2).item() == 0.5
    assert rec.recall(hidden, hidden, seen, 1).item() == 1  # one of two is all that a list of one can have
    train = torch.tensor([[1.0, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 0, 0, 0]])
    shares = [1, 3 / 4, 1 / 4, 1 / 4, 1 / 4]
    bits = sum(-math.log2(share) for share in shares) / 5  # a list of ten has all five
    assert rec.bits_of_ten(scores, train, torch.zeros(1, 5)).item() == pytest.approx(bits)


def test_nothing_seen_is_recommended_unless_it_is_asked_for():
    scores, hidden, seen = shown()
    scores = scores + 5 * seen
    assert seen.gather(1, rec.top(scores, seen, 10)).sum() == 0
    empty = torch.zeros(0, 30)
    parts = rec.Parts((noise(50, 30) < 0.3).float(), empty, empty, seen, hidden)
    masked, unmasked = rec.measured(scores, parts), rec.measured(scores, parts, mask=False)
    assert unmasked["ndcg10"] < masked["ndcg10"] == rec.ndcg(scores, hidden, seen, 10).item()
    assert 0 < masked["coverage"] <= 1 and masked["sampled"] == unmasked["sampled"]


def test_sampled_recall_with_all_rivals_is_recall_among_the_items_not_chosen():
    scores = torch.tensor([[6.0, 5, 4, 3, 2, 1]])
    hidden, seen = torch.tensor([[0.0, 0, 1, 0, 0, 1]]), torch.tensor([[1.0, 0, 0, 0, 0, 0]])
    found = [rec.sampled_recall(scores, hidden, seen, k, others=3).item() for k in (1, 2, 3, 4)]
    assert found == [0, 0.5, 0.5, 1]  # one rival is better than the first hidden item, three than the second


def test_sampled_recall_flatters():
    scores, hidden, seen = shown(users=200, items=100)
    sampled = rec.sampled_recall(scores, hidden, seen, k=10, others=20)
    assert sampled > rec.recall(scores, hidden, seen, 10) + 0.1
    assert sampled == rec.sampled_recall(scores, hidden, seen, k=10, others=20)


def test_scores_of_another_shape_and_no_items_are_refused():
    scores, hidden, seen = shown()
    with pytest.raises(ValueError, match=r"expected scores of the shape \(40, 30\), got \(40, 29\)"):
        rec.top(scores[:, 1:], seen, 3)
    with pytest.raises(ValueError, match="k"):
        rec.ndcg(scores, hidden, seen, 0)
