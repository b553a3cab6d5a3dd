"""The checker: a state that it knows, probes that an answer cannot spoil, stubs, and kinds of results."""

import random

import numpy as np
import pytest
import torch
from answers_01 import WRONG as WRONG_01
from answers_10_design import z_itself
from test_exercise_tables import EXERCISES as ALL_EXERCISES
from test_exercise_tables import check as check_of

from course_utils.exercises import lesson_01, lesson_02, lesson_03
from course_utils.exercises.checker import Exercise, is_stub, several, value

every_exercise = pytest.mark.parametrize("lesson, name", ALL_EXERCISES)


def sampler(n, weights, means, sigmas):
    k = torch.multinomial(weights, n, replacement=True)
    return means[k] + sigmas[k, None] * torch.randn(n, 2)


def best(p, q):
    return torch.where(p + q > 0, p / (p + q), 0.5)


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
                x.data.copy_(x.data / 2 - 1)  # whole numbers, too
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


def test_codes_that_were_made_to_require_gradients_are_named():
    verdict = check_of("10_design", "search_step").verdict(z_itself)
    assert verdict.startswith("✗ search_step: z itself was made to require gradients")


def test_a_seed_that_is_put_back_is_nothing_to_name():
    assert lesson_02.check_best_discriminator.verdict(seeds_and_puts_back) == "✓ best_discriminator is right."


def test_a_known_mistake_is_named_before_what_was_left_behind():
    def two_mistakes(p, q):
        torch.manual_seed(0)
        return p / (p + q)

    assert "but nan where both densities are 0" in lesson_02.check_best_discriminator.verdict(two_mistakes)


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
