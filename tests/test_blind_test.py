"""The blind test: order by the seed, fresh images in each round, an honest score, and buttons that do what they say."""

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.comparison.blind_test import PLACES, BlindTest, blind_test


def rows(n: int = 50, m: int = 50) -> dict[str, torch.Tensor]:
    """Images of two families: n of the VAE and m of the GAN, each of another grey."""
    greys = torch.arange(n + m)[:, None, None, None] / 200
    vae, gan = greys.expand(n + m, 1, 28, 28).split([n, m])
    return {"VAE": vae, "GAN": gan}


def played(test: BlindTest, bets) -> BlindTest:
    for position in bets:
        test.bet(position)
    return test


def test_the_order_depends_on_the_seed_and_nothing_else():
    before = torch.get_rng_state()
    orders = [BlindTest(rows(), seed=seed).order for seed in range(40)]
    assert orders == [BlindTest(rows(), seed=seed).order for seed in range(40)]
    assert len(set(map(tuple, orders))) > 15 and torch.equal(torch.get_rng_state(), before)
    assert 80 < sum(map(sum, orders)) < 120, "upper and lower should be equally frequent"
    assert BlindTest(rows(), columns=4, rounds=3, seed=7).order == orders[7][:3]
    assert BlindTest(dict(reversed(rows().items())), seed=7).order == orders[7]


def test_the_gan_is_where_the_order_says():
    test = BlindTest(rows())
    assert set(test.order) == {0, 1}
    for place in test.order:
        assert list(test.shown()).index("GAN") == place
        assert test.bet(place)
    assert test.finished and test.score == test.played == 5


def test_no_image_is_shown_twice():
    test = BlindTest(rows())
    seen = []
    while not test.finished:
        shown = test.shown()
        assert [len(images) for images in shown.values()] == [10, 10]
        seen += [number for images in shown.values() for number in images[:, 0, 0, 0].tolist()]
        test.bet(0)
    assert len(seen) == len(set(seen)) == 100


def test_the_score_counts_what_was_right():
    test = BlindTest(rows(), seed=3)
    outcomes = [True, False, True, True, False]
    bets = [place if right else 1 - place for place, right in zip(test.order, outcomes)]
    assert [test.bet(position) for position in bets] == outcomes
    assert test.score == 3 and test.played == 5 and test.finished
    assert test.result() == "You found the GAN in 3 of 5 rounds; a tossed coin does as well or better in 50% of tests."


def test_the_figure_hides_the_names_until_the_end():
    test = BlindTest(rows())
    for number in range(6):
        fig = test.figure()
        axes = fig.axes[0]
        names = tuple(text.get_text() for text in axes.get_yticklabels())
        assert names == (tuple(test.shown()) if test.finished else PLACES)
        upper, lower = test.shown().values()
        picture = axes.images[0].get_array()
        assert picture[0, 0] == upper[0, 0, 0, 0] and picture[29, 0] == lower[0, 0, 0, 0]
        assert axes.get_title("left") == ("The last round" if test.finished else f"Round {number + 1} of 5")
        plt.close(fig)
        if not test.finished:
            test.bet(0)


def test_the_buttons_move_the_picture_and_the_score():
    torch.manual_seed(0)
    images = {name: torch.rand(50, 1, 28, 28) for name in ("GAN", "VAE")}
    picture, buttons, score = blind_test(images, seed=2).children
    upper, lower = buttons.children
    assert [button.description for button in (upper, lower)] == ["upper is the GAN", "lower is the GAN"]
    assert score.value == "0 of 0 right" and picture.value[:4] == b"\x89PNG"
    test = BlindTest(images, seed=2)
    for position in (0, 1, 0, 0):
        before = bytes(picture.value)
        test.bet(position)
        buttons.children[position].click()
        assert bytes(picture.value) != before and score.value == f"{test.score} of {test.played} right"
    assert not upper.disabled
    lower.click()
    test.bet(1)
    assert score.value == test.result() and upper.disabled and lower.disabled
    end = bytes(picture.value)
    upper.click()
    assert bytes(picture.value) == end and score.value == test.result()
    assert plt.get_fignums() == []


BAD = {
    "as many images of VAE as of GAN, got 50 and 60": lambda: BlindTest(rows(50, 60)),
    "50 images each, 10 for each of 5 rounds, got 49": lambda: BlindTest(rows(49, 49)),
    "24 images each, 8 for each of 3 rounds, got 20": lambda: BlindTest(rows(20, 20), columns=8, rounds=3),
    "at least one column and one round, got 0 and 5": lambda: BlindTest(rows(), columns=0),
    "at least one column and one round, got 10 and 0": lambda: BlindTest(rows(), rounds=0),
    "two families, one of them GAN, got VAE": lambda: blind_test({"VAE": rows()["VAE"]}),
    "two families, one of them GAN, got A, B": lambda: BlindTest(dict(zip("AB", rows().values()))),
    "two families, one of them GAN, got none": lambda: BlindTest({}),
    "0 for the upper row or 1 for the lower one, got 'upper'": lambda: BlindTest(rows()).bet("upper"),
    "at most 5 bets, one for each round, got another": lambda: played(BlindTest(rows()), [0] * 6),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_gets_one_sentence(message):
    with pytest.raises(ValueError, match=f"^expected .*{message}$"):
        BAD[message]()
