"""The checker of exercises: stubs, answers that raise, and mistakes that nobody thought of."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as BCE
from torch.nn.functional import one_hot, softplus

from course_utils.exercises import lesson_01, lesson_03
from course_utils.exercises.errors import ERRORS

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


def with_epsilon(real, fake):
    return -torch.log(real.sigmoid() + 1e-6).mean() - torch.log(1 - fake.sigmoid() + 1e-6).mean()


def with_clamp(real, fake):
    d_real, d_fake = real.sigmoid().clamp(1e-6, 1 - 1e-6), fake.sigmoid().clamp(1e-6, 1 - 1e-6)
    return -d_real.log().mean() - (1 - d_fake).log().mean()


def with_limited_logits(real, fake):
    return vanilla(real.clamp(-30, 30), fake.clamp(-30, 30))


@pytest.mark.parametrize("answer", [with_epsilon, with_clamp, with_limited_logits])
def test_an_answer_that_is_wrong_only_for_sure_discriminators_gets_a_hint(answer):
    check = EXERCISES["discriminator_loss"]
    (hint,) = set(check.hints.values())
    assert "logits of ±300" in hint and check.verdict(answer) == f"✗ discriminator_loss: {hint}"


def twice(loss):
    loss.backward()
    return loss


def overwritten(probability):
    probability -= probability.log()
    return probability


@torch.no_grad()
def loss_without_gradient(G, D, z):  # noqa: N803 - the symbols of the papers
    return softplus(-D(G(z))).mean()


RAISING = {  # what the translation holds: the loss of a generator's step that raises
    "no gradient arrives": loss_without_gradient,
    "take the mean of the loss": lambda G, D, z: softplus(-D(G(z))),
    "through the same graph a second time": lambda G, D, z: twice(softplus(-D(G(z))).mean()),
    "add the parentheses": lambda G, D, z: softplus(-D(G(z).detach)).mean(),
    "does a function of yours end in `return`?": lambda G, D, z: None,
    "use `torch.where`": lambda G, D, z: D(G(z)) if D(G(z)) > 0 else 0,
    "a mean of True and False": lambda G, D, z: (D(G(z)) > 0).mean(),
    "a float stands where": lambda G, D, z: D(G(z))[: len(z) / 2],
    "returns values and indices together": lambda G, D, z: D(G(z)) - D(G(z)).max(0),
    "this tuple is shorter": lambda G, D, z: D(G(z)).sort()[3],
    "take its first entry with `[0]`": lambda G, D, z: torch.autograd.grad(D(G(z.requires_grad_())).sum(), z).norm(),
    "take probabilities and got logits": lambda G, D, z: torch.nn.BCELoss()(D(G(z)), torch.ones(len(z))),
    "the two inputs of this loss differ in shape": lambda G, D, z: BCE(D(G(z)), torch.ones(len(z), 1)),
    "a distribution refuses these values": lambda G, D, z: torch.distributions.Bernoulli(logits=D(G(z))).log_prob(
        z[:, 0]
    ),
    "a distribution refuses one of its parameters": lambda G, D, z: torch.distributions.Normal(0, D(G(z)) - 9).sample(),
    "a tensor that the gradient needs was overwritten": lambda G, D, z: overwritten(D(G(z)).sigmoid()).mean(),
    "two shapes do not fit: print the `.shape` of both; `x[:, None]`": lambda G, D, z: D(G(z)) * z,
    "before you multiply": lambda G, D, z: D(G(z)[:, :1]),
    "NumPy knows no gradients": lambda G, D, z: np.log(D(G(z)).numpy()),
    "the functions of `math` take one number": lambda G, D, z: math.log(D(G(z)).sigmoid()),
    "too few or too many arguments": lambda G, D, z: G(z, z, z),
    "a list or a tuple cannot be computed with": lambda G, D, z: 0.5 * [1, 2],
    "this has fewer axes than the code names": lambda G, D, z: D(G(z)).sum(1),
    "there is no key": lambda G, D, z: {}["sotfplus"],
    "an index goes beyond the end": lambda G, D, z: D(G(z))[99],
    "`cholesky` needs a matrix": lambda G, D, z: torch.linalg.cholesky(-torch.eye(2)),
    "import it, or look for a typing error": lambda G, D, z: sotfplus(-D(G(z))).mean(),  # noqa: F821
}


@pytest.mark.parametrize("part", RAISING)
def test_an_error_of_pytorch_is_translated(part):
    (sentence,) = [sentence for sentence in ERRORS.values() if part in sentence]
    verdict = EXERCISES["generator_step"].verdict(lambda G, D, optimizers, z: RAISING[part](G, D, z).backward())
    assert verdict == f"✗ generator_step: {sentence.format('sotfplus')}"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda d: d < d.kthvalue(2, dim=1),
        lambda d: torch.lt(d.min(1), d.kthvalue(2, dim=1)),
        lambda d: (d.min(1) < 1).float(),
        lambda d: d.sort(1)[:, 1],
        lambda d: d.sort(1)[3],
        lambda d: d.min(1) + 1,
        lambda d: 0.5 * d.topk(2).mean(),
        lambda d: d.median(1) * 0.5,
        lambda d: d.max(1) * d.max(1).values,
        lambda d: d.sort(1)[d > 1],
    ],
)
def test_every_way_to_forget_values_is_told_so(wrong):
    verdict = lesson_01.check_coverage.verdict(lambda real, generated, k: wrong(torch.cdist(real, generated)))
    assert "`.values`" in verdict


@pytest.mark.parametrize(
    "wrong",
    [
        lambda d: d[len(d) / 2],
        lambda d: d[:, : len(d) / 2],
        lambda d: d[d.mean(1).round()],
        lambda d: d.tolist()[len(d) / 2],
        lambda d: d.kthvalue(len(d) / 2),
        lambda d: d.gather(1, d),
        lambda d: d.take(d.floor()),
        lambda d: torch.zeros(len(d) / 2),
        lambda d: one_hot(d.argmax(1).float()),
        lambda d: sum(d[i] for i in range(len(d) / 2)),
    ],
)
def test_every_float_that_should_be_whole_is_told_so(wrong):
    verdict = lesson_01.check_coverage.verdict(lambda real, generated, k: wrong(torch.cdist(real, generated)))
    assert "a float stands where a whole number is needed" in verdict


@pytest.mark.parametrize("wrong", [lambda d: d[len(d)], lambda d: d[:, 0][99], lambda d: d.tolist()[len(d)]])
def test_a_whole_index_beyond_the_end_is_no_float(wrong):
    verdict = lesson_01.check_coverage.verdict(lambda real, generated, k: wrong(torch.cdist(real, generated)))
    assert "an index goes beyond the end" in verdict


def test_every_translation_is_tested_here():
    assert len(RAISING) == len(ERRORS)


@every_exercise
def test_an_answer_that_was_called_instead_of_passed_is_explained(name):
    expected = f"✗ {name}: expected a function, got Tensor; pass it without parentheses."
    assert EXERCISES[name].verdict(torch.zeros(1)) == expected


def vanilla_step(*, before=None, after=None, codes=lambda z: z, optimizer=None, times=1):
    """A right step of the generator with something around it."""

    def step(generator, discriminator, optimizers, z):
        if before:
            before(generator, discriminator, z)
        chosen = optimizer(generator) if optimizer else optimizers["generator"]
        for _ in range(times):
            chosen.zero_grad()
            softplus(-discriminator(generator(codes(z)))).mean().backward()
            chosen.step()
        if after:
            after(generator, discriminator, z)

    return step


def the_same_again(generator):
    return torch.optim.SGD(generator.parameters(), 0.173, momentum=0.6)


AROUND_A_STEP = {
    "expected every weight of the discriminator after the first step to be trainable, got trainable no more.": (
        vanilla_step(before=lambda generator, discriminator, z: discriminator.requires_grad_(False))
    ),
    "the discriminator was left in evaluation mode": vanilla_step(before=lambda G, D, z: D.eval()),
    "the generator was left in evaluation mode": vanilla_step(after=lambda G, D, z: G.eval()),
    "it calls `torch.manual_seed`": vanilla_step(before=lambda G, D, z: torch.manual_seed(0)),
    "it switches gradients off": vanilla_step(after=lambda G, D, z: torch.set_grad_enabled(False)),
    "the samples are made from other codes": vanilla_step(codes=torch.randn_like),
    "it changes its input `z` in place": vanilla_step(before=lambda G, D, z: z.normal_()),
    "expected what moved the generator in the first step to be its optimizer, got something else.": (
        vanilla_step(optimizer=the_same_again)
    ),
    'steps of `optimizers["generator"]` in the first step to be 1, got 2.': vanilla_step(times=2),
}


@pytest.mark.parametrize("part", AROUND_A_STEP)
def test_what_a_step_does_beside_its_task_is_named(part):
    verdict = EXERCISES["generator_step"].verdict(AROUND_A_STEP[part])
    assert verdict.startswith("✗ generator_step: ") and part in verdict


def test_a_mode_that_is_put_back_is_nothing_to_name():
    step = vanilla_step(before=lambda G, D, z: D.eval(), after=lambda G, D, z: D.train())
    assert EXERCISES["generator_step"].verdict(step) == "✓ generator_step is right."


@pytest.mark.parametrize("factor", [0.5, 0.7, 3])
def test_a_loss_with_a_factor_is_no_two_long_vectors(factor):
    def step(generator, discriminator, optimizers, real, z):
        optimizers["discriminator"].zero_grad()
        (factor * vanilla(discriminator(real), discriminator(generator(z).detach()))).backward()
        optimizers["discriminator"].step()

    verdict = EXERCISES["discriminator_step"].verdict(step)
    assert ("this is half the loss" if factor == 0.5 else f"got {factor} times that.") in verdict


def test_a_step_down_another_slope_is_told_where_to_look():
    def step(generator, discriminator, optimizers, real, z):
        optimizers["discriminator"].zero_grad()
        logits = discriminator(real), discriminator(generator(z).detach())
        (vanilla(*logits) + logits[0].square().mean()).backward()
        optimizers["discriminator"].step()

    assert "but not down the slope of its loss" in EXERCISES["discriminator_step"].verdict(step)


def only(*calls: str):
    """A step of the generator that makes only some of the three calls."""

    def step(generator, discriminator, optimizers, z):
        if "zero_grad" in calls:
            optimizers["generator"].zero_grad()
        loss = softplus(-discriminator(generator(input=z))).mean()
        if "backward" in calls:
            loss.backward()
        if "step" in calls:
            optimizers["generator"].step()

    return step


def test_a_step_that_is_not_taken_is_not_told_that_it_returned_nothing():
    verdict = lesson_03.check_generator_step.verdict(only("zero_grad", "backward"))
    assert verdict.startswith("✗ generator_step: ") and "since no optimizer took a step" in verdict


def test_a_step_of_all_three_calls_is_right():
    assert lesson_03.check_generator_step.verdict(only("zero_grad", "backward", "step")) == "✓ generator_step is right."
