"""The checker of exercises: stubs, answers that raise, and mistakes that nobody thought of."""

import pytest
import torch
from torch.nn.functional import softplus

from course_utils.exercises import lesson_03

EXERCISES = {key.removeprefix("check_"): check for key, check in vars(lesson_03).items() if key.startswith("check_")}
every_exercise = pytest.mark.parametrize("name", EXERCISES)


def vanilla(real, fake):
    return softplus(-real).mean() + softplus(fake).mean()


def only_dots(real_logits, fake_logits): ...


def documented(real_logits, fake_logits):
    """Return the loss of the discriminator.

    From logits.
    """
    ...


def with_a_hint(real_logits, fake_logits) -> torch.Tensor:
    """Return the loss of the discriminator."""
    # Hint: softplus
    ...


def only_pass(real_logits, fake_logits):
    """Return the loss of the discriminator."""
    pass


@pytest.mark.parametrize("stub", [only_dots, documented, with_a_hint, only_pass])
@every_exercise
def test_a_stub_is_not_attempted_yet(name, stub):
    assert EXERCISES[name].verdict(stub) == f"○ {name}: not attempted yet."


def begun(real_logits, fake_logits):
    """Return the loss of the discriminator."""
    loss = softplus(-real_logits)  # noqa: F841


def raises(message: str):
    def answer(*args):
        raise ValueError(message)

    return answer


ODD = {
    "it returned nothing; does it end in `return`?": begun,
    "it raised ValueError: no idea": raises("no idea"),
    "it raised ValueError: first line": raises("first line\nsecond line"),
    "expected the loss for ordinary logits to be 1.837, got 7.": lambda real, fake: real.sum() * 0 + 7,
    "expected the loss for ordinary logits to be 1.837, got a tuple.": lambda real, fake: (real, fake),
    "to be 1.837, got 1.837 with shape (1,).": lambda real, fake: vanilla(real, fake)[None],
    "at the fake logits for ordinary logits to be [": lambda real, fake: vanilla(real, fake.detach()),
}


@pytest.mark.parametrize("part", ODD)
def test_an_unknown_mistake_gets_one_line_with_the_first_difference(part):
    verdict = EXERCISES["discriminator_loss"].verdict(ODD[part])
    assert verdict.startswith("✗ discriminator_loss: ") and part in verdict and "\n" not in verdict
    assert not any(sentence in verdict for sentence in EXERCISES["discriminator_loss"].mistakes.values())


@every_exercise
def test_an_answer_that_was_called_instead_of_passed_is_explained(name):
    expected = f"✗ {name}: expected a function, got Tensor; pass it without parentheses."
    assert EXERCISES[name].verdict(torch.zeros(1)) == expected
