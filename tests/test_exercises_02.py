"""The exercises of lesson 02: mistakes in other words, at the edges only, and results of the wrong kind."""

import pytest
import torch
from torch.nn.functional import softplus

from course_utils.exercises import lesson_02


def check(name: str):
    return getattr(lesson_02, f"check_{name}")


SAME_MISTAKES = [  # other ways to write a known wrong answer
    ("but nan where both densities are 0", lambda p, q: 1 / (1 + torch.exp(torch.log(q) - torch.log(p)))),
    ("these are odds", lambda p, q: p / q),
    ("these are odds", lambda p, q: torch.nan_to_num(p / q)),
    ("these are odds", lambda p, q: torch.nan_to_num(p / q, posinf=1)),
    ("these are odds", lambda p, q: torch.where(q == 0, 0.5, p / q)),
    ("these are odds", lambda p, q: p / (q + 1e-8)),
    ('which means "surely generated"', lambda p, q: p / (p + q).clamp_min(1e-12)),
    ("this is the best guess", lambda p, q: p > q),
]


@pytest.mark.parametrize("part, answer", SAME_MISTAKES)
def test_a_mistake_is_recognised_however_it_is_written(part, answer):
    assert part in check("best_discriminator").verdict(answer)


HINTED = {  # wrong only where it is easily overlooked, and not among the known mistakes
    "wrong for tiny ones": lambda p, q: torch.where(p + q < 1e-4, 0.5, p / (p + q)),
    "wrong at places where both densities are 0": lambda p, q: torch.nan_to_num(p / (p + q), nan=0.25),
}


@pytest.mark.parametrize("part", HINTED)
def test_an_answer_that_is_wrong_only_at_the_edge_gets_a_hint(part):
    (hint,) = [hint for hint in check("best_discriminator").hints.values() if part in hint]
    assert check("best_discriminator").verdict(HINTED[part]) == f"✗ best_discriminator: {hint}"


def test_a_loss_that_limits_its_logits_gets_a_hint():
    name = "non_saturating_loss"
    (hint,) = set(check(name).hints.values())
    assert check(name).verdict(lambda a: softplus(-a.clamp(-30, 30)).mean()) == f"✗ {name}: {hint}"


ODD_RESULTS = {
    "it returned nothing; does it end in `return`?": lambda x, y, lr: None if x else 0,
    "only one number; return both": lambda x, y, lr: x - lr * y,
    "one of two numbers, not of 3": lambda x, y, lr: (x, y, lr),
}


@pytest.mark.parametrize("part", ODD_RESULTS)
def test_a_step_that_returns_no_pair_is_told_so(part):
    verdict = check("game_step").verdict(ODD_RESULTS[part])
    assert verdict.startswith("✗ game_step: ") and part in verdict
