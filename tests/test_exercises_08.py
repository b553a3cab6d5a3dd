"""Answers to lesson 08 with mistakes that no table knows, or with two at once, and what is said of them."""

import pytest
import torch
from answers_08_beside import images_alone, numbered_planes, set_in_a_loop, with_columns
from answers_08_mended_losses import ALL, BUT_SQUASH, edited, others_in_both, told_apart
from answers_08_pairs_step import judged, vanilla
from answers_08_projection import class_logits, logits, product
from answers_08_three_steps import aimed, backward_in_turn, follow, forgetting, unpacked_in_turn
from torch.nn.functional import one_hot, softplus

from course_utils.exercises import lesson_08


def number_of_codes(x, y, classes):
    """Right for images, and for codes a column that is no one-hot label."""
    return torch.cat([x, y[:, None]], 1) if x.dim() == 2 else with_columns(one_hot)(x, y, classes)


def halved_images(x, y, classes):
    return images_alone(x / 2, y, classes)


def for_four_classes(features, y, psi, v):
    return features @ psi + sum(features @ v[c] * (y == c) for c in range(4))


def two_steps_of_each(losses, networks, optimizers, gamma):
    follow()(losses, networks, optimizers, gamma)
    for optimizer in optimizers.values():
        optimizer.step()


def asleep(encoder, generator, discriminator, optimizer, x, z):
    judged()(encoder.eval(), generator, discriminator, optimizer, x, z)


def by_an_optimizer_of_its_own(encoder, generator, discriminator, optimizer, x, z):
    adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    judged()(encoder, generator, discriminator, adam, x, z)


def zero_grad_not_called(encoder, generator, discriminator, optimizer, x, z):
    optimizer.zero_grad  # noqa: B018 - the mistake
    judged(before=())(encoder, generator, discriminator, optimizer, x, z)


def first_stepping_together(losses, networks, optimizers, gamma):
    optimizers.zero_grad()
    follow()(losses, networks, optimizers, gamma)


def then_backward(generator, discriminator, x, y, z):
    d_loss, g_loss = edited(ALL)(generator, discriminator, x, y, z)
    d_loss.backward(retain_graph=True)
    return d_loss, g_loss


def label_first(generator, discriminator, x, y, z):
    return edited(ALL)(lambda both: generator(both.roll(10, dims=1)), discriminator, x, y, z)


KNOWN = [  # (check, answer, part of the sentence), beyond the one answer for each sentence in `WRONG` of `answers_08_*`
    (lesson_08.check_beside, numbered_planes, "stands there as a number"),
    (lesson_08.check_beside, set_in_a_loop, "at the labels of the whole batch"),
    (lesson_08.check_projection, logits(lambda features, y, v: class_logits(features, v)), "a logit for every class"),
    (lesson_08.check_projection, logits(lambda features, y, v: features * v[y]), "a number for each feature"),
    (
        lesson_08.check_projection,
        lambda features, y, psi, v: features * psi + product(features, y, v),
        "a number for each feature",
    ),
    (lesson_08.check_projection, logits(lambda features, y, v: (features * v[:, y]).sum(1)), "here they are exchanged"),
    (
        lesson_08.check_projection,
        lambda features, y, psi, v: class_logits(features, v)[y] + features @ psi,
        "`[y]` takes rows",
    ),
    (lesson_08.check_projection, logits(lambda features, y, v: v[y] @ features.T), "met every image's vector"),
    (
        lesson_08.check_projection,
        logits(lambda features, y, v: class_logits(features, v).gather(1, y.unsqueeze(1))),
        "(N, 1) plus (N,)",
    ),
    (
        lesson_08.check_projection,
        lambda features, y, psi, v: (features * psi).sum() + product(features, y, v),
        "numbers of the whole batch",
    ),
    (lesson_08.check_mended_losses, edited(["squash"], hide=lambda fake: fake), "`detach` has changed sides"),
    (lesson_08.check_mended_losses, told_apart, "the generator takes z and"),
    (lesson_08.check_mended_losses, others_in_both, "one bug is left: the discriminator is told"),
    (lesson_08.check_mended_losses, edited(BUT_SQUASH, real=torch.logit), "nearer to raw output"),
    (lesson_08.check_mended_losses, edited(ALL, g=lambda fake: softplus(-fake)), "these are losses of each image"),
    (lesson_08.check_pairs_step, zero_grad_not_called, "with its parentheses"),
    (lesson_08.check_three_steps, forgetting("encoder", "decoder"), "gradients of an earlier step"),
    (lesson_08.check_three_steps, aimed(encoder=["decoder"], decoder=["encoder"]), "a goal left gradients in another"),
    (lesson_08.check_three_steps, aimed(decoder=["decoder", "encoder"]), "a goal left gradients in another"),
    (
        lesson_08.check_three_steps,
        backward_in_turn(["encoder", "decoder", "discriminator"], True, keep=False),
        "threw the graph away",
    ),
    (
        lesson_08.check_three_steps,
        follow(decoder=lambda c, kl, nll, d_loss, g_loss: 0.01 * nll + g_loss),
        "γ is taken for granted",
    ),
    (lesson_08.check_three_steps, unpacked_in_turn, "unpacks to its keys"),
    (lesson_08.check_three_steps, first_stepping_together, "are dictionaries of three"),
]


UNKNOWN = [  # (check, answer, part of what is said)
    (lesson_08.check_beside, number_of_codes, "to be a tensor of shape (5, 7), got a tensor of shape (5, 4)."),
    (lesson_08.check_beside, halved_images, "it raises an error for codes x of shape (5, 3), and not for everything"),
    (lesson_08.check_projection, for_four_classes, "it raises an error for 1 image of 2 features and 3 classes"),
    (lesson_08.check_projection, lambda features, y, psi, v: features @ v[y], "before you multiply"),
    (
        lesson_08.check_mended_losses,
        edited(["planes", "squash", "cut"], hide=lambda fake: fake),
        "got real images with their labels and samples with other labels and samples with their labels.",
    ),
    (
        lesson_08.check_mended_losses,
        edited(["labels", "cut"], hide=lambda fake: fake),
        "got raw output with uneven planes and real images with uneven planes.",
    ),
    (lesson_08.check_mended_losses, edited(ALL, real=lambda x: 1 - x), "got other images with"),
    (lesson_08.check_mended_losses, edited(ALL, g=lambda fake: -fake.mean()), "expected g_loss for 4 images to be"),
    (
        lesson_08.check_mended_losses,
        edited(ALL, order=lambda label, image: image),
        "the discriminator takes (N, 11, 28",
    ),
    (lesson_08.check_mended_losses, edited(ALL, result=torch.add), "return both, `d_loss, g_loss`"),
    (lesson_08.check_mended_losses, edited(ALL, result=lambda *both: None), "it returned nothing"),
    (lesson_08.check_mended_losses, then_backward, "that the networks already had were changed"),
    (lesson_08.check_mended_losses, label_first, "the generator is to be given `z` and the one-hot labels `y`"),
    (
        lesson_08.check_pairs_step,
        judged(real=lambda E, G, x, z: (x, z), before=()),
        "to be real images with codes of real images and samples with drawn codes, got real images with drawn codes",
    ),
    (
        lesson_08.check_pairs_step,
        judged(real=lambda E, G, x, z: (x, E(x).detach().flip(0))),
        "got real images with codes of real images in another order and",
    ),
    (
        lesson_08.check_pairs_step,
        judged(fake=lambda E, G, x, z: (G(z), z), before=()),
        "so call `.detach()` on what the generator gives",
    ),
    (
        lesson_08.check_pairs_step,
        by_an_optimizer_of_its_own,
        "something else than `optimizer` moved the discriminator",
    ),
    (
        lesson_08.check_pairs_step,
        judged(loss=lambda real, fake: vanilla(real, fake) + real.square().mean()),
        "but not down the slope of its loss",
    ),
    (lesson_08.check_pairs_step, asleep, "expected the encoder after the first step to be ready to learn, got left in"),
    (
        lesson_08.check_three_steps,
        follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl + nll / 3),
        "the encoder moved, but not down the slope of its own goal",
    ),
    (lesson_08.check_three_steps, two_steps_of_each, 'of `optimizers["encoder"]` in the first step to be 1, got 2.'),
]


@pytest.mark.parametrize("check, answer, part", KNOWN)
def test_a_known_mistake_in_another_form_gets_the_same_message(check, answer, part):
    (sentence,) = {sentence for sentence in check.mistakes.values() if part in sentence}
    assert check.verdict(answer) == f"✗ {check.reference.__name__}: {sentence}"


@pytest.mark.parametrize("check, answer, part", UNKNOWN)
def test_a_mistake_that_no_table_knows_is_told_where_to_look(check, answer, part):
    verdict = check.verdict(answer)
    assert verdict.startswith(f"✗ {check.reference.__name__}: ") and part in verdict, verdict
    assert not any(sentence in verdict for sentence in check.mistakes.values())
