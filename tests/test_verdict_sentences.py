"""What a verdict says: the entries that differ, numbers of other types, and words that mean the same."""

import pytest
import torch
from torch.nn.functional import softplus

from course_utils.exercises import lesson_02, lesson_03
from course_utils.exercises.differences import first_difference
from course_utils.exercises.words import Words


def best(p, q):
    return torch.where(p + q > 0, p / (p + q), 0.5)


SEVEN = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])


def changed(index, by):
    other = SEVEN.clone()
    other[index] += by
    return other


@pytest.mark.parametrize(
    "observed, end",
    [
        (changed(5, 1), "to be 0.6 at entry 5, got 1.6; all others are right."),
        (changed([5, 6], 1), "to be 0.6 at entry 5, got 1.6; 2 of 7 entries differ."),
        (changed(2, 0.0001), "to be 0.3 at entry 2, got 0.3001; all others are right."),
        (SEVEN * 0.5, "got 0.5 times that."),
        (-SEVEN, "got -1 times that."),
        (changed(3, torch.nan), "to be 0.4 at entry 3, got nan; all others are right."),
        (changed(3, torch.inf), "to be 0.4 at entry 3, got inf; all others are right."),
        (SEVEN[None], "to be a tensor of shape (7,), got a tensor of shape (1, 7)."),
        (SEVEN.sum(), "to be a tensor of shape (7,), got one number."),
        (SEVEN + 0j, "to be real, got complex numbers: take `.real` where the imaginary part is only rounding."),
        ("no gradient", "to be [0.1, 0.2, 0.3, ...] with shape (7,), got no gradient."),
    ],
)
def test_the_message_shows_the_entries_that_differ(observed, end):
    other = {"a word": "as it is", "b": torch.tensor(0.25)}
    assert first_difference(other | {"x": observed}, other | {"x": SEVEN}, {}).endswith(end)


def test_the_place_in_a_table_has_two_numbers():
    table = SEVEN[:6].view(2, 3)
    assert "0.6 at entry [1, 2], got 9;" in first_difference(
        {"x": table.put(torch.tensor(5), SEVEN[:1] * 90)}, {"x": table}, {}
    )


def test_numbers_that_look_alike_get_more_digits():
    sentence = first_difference({"x": torch.tensor(1.0005)}, {"x": torch.tensor(1.0003)}, {})
    assert sentence == "expected x to be 1.0003, got 1.0005."


def test_one_factor_in_all_numbers_is_said():
    verdict = lesson_03.check_discriminator_loss.verdict(
        lambda real, fake: 3 * softplus(-real).mean() + 3 * softplus(fake).mean()
    )
    assert "every number is 3 times what it should be: expected the loss for ordinary logits to be 1.837" in verdict


@pytest.mark.parametrize("answer", [lambda p, q: best(p, q) + 0j, lambda p, q: (best(p, q) + 0j).to(torch.complex128)])
def test_a_complex_answer_is_no_right_one(answer):
    assert "got complex numbers: take `.real`" in lesson_02.check_best_discriminator.verdict(answer)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_right_answer_in_another_precision_is_right(dtype):
    assert lesson_02.check_best_discriminator.verdict(lambda p, q: best(p, q).to(dtype)).startswith("✓")


def test_a_rounded_answer_is_not():
    assert lesson_02.check_best_discriminator.verdict(lambda p, q: best(p, q).bfloat16()).startswith("✗")


ILLNESSES = Words(
    "diagnosis",
    {"A": "collapse", "B": "vanishing gradient"},
    {("A", "vanishing gradient"): "look again.", ("B", "collapse"): "look again."},
    synonyms={"mode collapse": "collapse"},
)


@pytest.mark.parametrize("first", ["collapse", "Mode collapse", "mode-collapse.", " the  COLLAPSE "])
@pytest.mark.parametrize("second", ["vanishing gradient", "Vanishing gradients", "vanishing_gradients!"])
def test_the_same_word_written_otherwise_is_the_same_answer(first, second):
    assert ILLNESSES.verdict({"A": first, "B": second}) == "✓ diagnosis is right."


@pytest.mark.parametrize("answers", [..., None, {}, {"A": ..., "B": None}, {"A": "", "B": "..."}])
def test_words_that_are_not_there_are_not_attempted(answers):
    assert ILLNESSES.verdict(answers) == "○ diagnosis: not attempted yet."


@pytest.mark.parametrize("word", ["no collapse", "vanishing", 3, ["collapse"]])
def test_another_word_is_not_understood(word):
    assert "expected one of 'collapse', 'vanishing gradient' for A" in ILLNESSES.verdict({"A": word})
