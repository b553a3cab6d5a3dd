"""The checker: probes that an answer cannot spoil, a state that it knows, and sentences that show what differs."""

import random

import numpy as np
import pytest
import torch
from answers_01 import WRONG as WRONG_01
from test_exercise_tables import EXERCISES as ALL_EXERCISES
from test_exercise_tables import check as check_of
from torch.nn.functional import softplus

from course_utils.exercises import lesson_01, lesson_02, lesson_03
from course_utils.exercises.checker import Exercise, is_stub, several, value
from course_utils.exercises.differences import first_difference
from course_utils.exercises.words import Words

every_exercise = pytest.mark.parametrize("lesson, name", ALL_EXERCISES)


def sampler(n, weights, means, sigmas):
    k = torch.multinomial(weights, n, replacement=True)
    return means[k] + sigmas[k, None] * torch.randn(n, 2)


def best(p, q):
    return torch.where(p + q > 0, p / (p + q), 0.5)


# The state in which a check runs


@pytest.fixture(params=["no gradients", "inference", "float64", "meta"])
def odd_state(request):
    """Leave torch as a learner may have left it."""
    if request.param == "inference":
        with torch.inference_mode():
            yield
        return
    if request.param == "no gradients":
        torch.set_grad_enabled(False)
    if request.param == "float64":
        torch.set_default_dtype(torch.float64)
    if request.param == "meta":
        torch.set_default_device("meta")
    yield
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def settings():
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.get_default_dtype(),
        torch.get_default_device(),
    )


@every_exercise
def test_what_a_learner_has_changed_in_torch_changes_no_verdict(lesson, name, odd_state):
    before = settings()
    check = check_of(lesson, name)
    assert check.verdict(check.reference) == f"✓ {name} is right."
    assert check.verdict(lambda *args: "rubbish").startswith(f"✗ {name}: ")
    assert settings() == before


def stops(*args):
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    raise KeyboardInterrupt


def fails(*args):
    try:
        stops()
    except KeyboardInterrupt:
        raise ValueError("no idea") from None


@pytest.mark.parametrize("answer", [sampler, stops, fails])
def test_a_check_puts_everything_back_whatever_happens(answer):
    before = settings(), torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    try:
        lesson_01.check_sample_mixture.verdict(answer)
    except KeyboardInterrupt:
        assert answer is stops
    assert settings() == before[0] and torch.equal(torch.get_rng_state(), before[1])
    assert np.random.get_state()[1].tolist() == before[2] and random.getstate() == before[3]


def test_an_error_of_the_reference_is_no_tick_but_an_error_of_the_course():
    def broken(x):
        raise ValueError("the course is wrong")

    check = Exercise(broken, lambda function: {"x": value(function(1))}, {})
    with pytest.raises(RuntimeError, match=r"the course's own answer to broken failed.*the course is wrong"):
        check.verdict(lambda x: broken(x))


# What an answer leaves behind


def takes_a_tensor(lesson, name):
    kinds = []

    def answer(*args):
        kinds.extend(map(type, args))
        return check_of(lesson, name).reference(*args)

    check_of(lesson, name).verdict(answer)
    return torch.Tensor in kinds


@pytest.mark.parametrize("lesson, name", [pair for pair in ALL_EXERCISES if takes_a_tensor(*pair)])
def test_an_input_that_is_changed_in_place_is_named_and_spoils_no_later_check(lesson, name):
    check = check_of(lesson, name)

    def changes_inputs(*args):
        result = check.reference(*args)
        for x in args:
            if isinstance(x, torch.Tensor):
                x.data.mul_(0.5).sub_(1)
        return result

    for _ in range(2):
        verdict = check.verdict(changes_inputs)
        assert verdict.startswith(f"✗ {name}: it changes its input `") and "in place" in verdict
    assert check.verdict(check.reference) == f"✓ {name} is right."


def test_no_answer_spoils_the_mixtures_for_those_that_follow():
    def moves_the_means(n, weights, means, sigmas):
        points = sampler(n, weights, means, sigmas)
        weights.fill_(1 / 3)
        means.zero_()
        sigmas.fill_(1)
        return points

    check = lesson_01.check_sample_mixture
    assert "it changes its input `weights` in place" in check.verdict(moves_the_means)
    for part, answer in WRONG_01["sample_mixture"].items():
        assert part in check.verdict(answer)


def added_in_place(p, q):
    q += p
    return torch.where(q > 0, p / q, 0.5)


def divided_in_place(p, q):
    total = p + q
    return p.div_(total).nan_to_num_(nan=0.5)


@pytest.mark.parametrize("answer, name", [(added_in_place, "q"), (divided_in_place, "p")])
def test_the_changed_input_is_called_by_its_name(answer, name):
    assert f"it changes its input `{name}` in place" in lesson_02.check_best_discriminator.verdict(answer)


def seeded(p, q):
    torch.manual_seed(0)
    return best(p, q)


def leaves_gradients_off(p, q):
    torch.set_grad_enabled(False)
    return best(p, q)


def leaves_float64(p, q):
    torch.set_default_dtype(torch.float64)
    return best(p, q)


def leaves_meta(p, q):
    result = best(p, q)
    torch.set_default_device("meta")
    return result


def seeds_and_puts_back(p, q):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return best(p, q)


@pytest.mark.parametrize(
    "answer, part",
    [
        (seeded, "it calls `torch.manual_seed`"),
        (leaves_gradients_off, "it switches gradients off for everything that runs after it"),
        (leaves_float64, "it changes the default dtype"),
        (leaves_meta, "it changes the default device"),
    ],
)
def test_what_is_left_behind_in_torch_is_named(answer, part):
    assert lesson_02.check_best_discriminator.verdict(answer).startswith(f"✗ best_discriminator: {part}")


def test_a_seed_that_is_put_back_is_nothing_to_name():
    assert lesson_02.check_best_discriminator.verdict(seeds_and_puts_back) == "✓ best_discriminator is right."


def test_a_known_mistake_is_named_before_what_was_left_behind():
    def two_mistakes(p, q):
        torch.manual_seed(0)
        return p / (p + q)

    assert "but nan where both densities are 0" in lesson_02.check_best_discriminator.verdict(two_mistakes)


# Stubs and kinds of results


def returns_dots(x):
    """Return the loss."""
    return ...


def not_implemented(x):
    """Return the loss."""
    raise NotImplementedError


def not_implemented_in_words(x):
    raise NotImplementedError("write me")


@torch.no_grad()
def decorated(x): ...


def constant(x):
    return 0.5


def identity(x):
    return x


def begun(x):
    loss = x + 1
    raise NotImplementedError(loss)


@pytest.mark.parametrize("stub", [returns_dots, not_implemented, not_implemented_in_words, decorated, lambda x: ...])
def test_every_way_to_leave_a_function_open_is_a_stub(stub):
    assert is_stub(stub)
    assert lesson_03.check_discriminator_loss.verdict(stub) == "○ discriminator_loss: not attempted yet."


@pytest.mark.parametrize("answer", [constant, identity, begun, torch.relu, torch.nn.Identity()])
def test_an_answer_is_no_stub(answer):
    assert not is_stub(answer)


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), np.array(0.5)[()]])
def test_a_number_is_a_number_in_whatever_it_comes(number):
    assert value(number).shape == () and value(number).item() == 0.5


@pytest.mark.parametrize(
    "result, words",
    [
        (None, "nothing"),
        (np.zeros(3), "an ndarray"),
        ([1], "a list"),
        (..., "`...`, which is still to be replaced"),
        (torch.zeros(3).max(0), "values and indices together: take `.values`"),
    ],
)
def test_what_is_no_number_is_said_in_words(result, words):
    assert value(result) == words


@pytest.mark.parametrize(
    "result",
    [(1, 2.0), [1, 2], torch.tensor([1, 2]), np.array([1, 2]), {"y": 2, "x": 1}, (np.array(1), torch.tensor(2.0))],
)
def test_two_numbers_are_taken_apart_in_whatever_they_come(result):
    assert [part.item() for part in several(result, "x, y")] == [1, 2]


@pytest.mark.parametrize(
    "result, words",
    [
        ({"a": 1, "b": 2}, "a dictionary with the keys ['a', 'b']; return `x, y`"),
        ((1, 2, 3), "one of two numbers, not of 3"),
        (1.0, "only one number; return both, `x, y`"),
        (None, "nothing"),
    ],
)
def test_what_is_no_pair_is_said_in_words(result, words):
    assert several(result, "x, y") == [words] * 2


# What a message shows

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


# Words

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
