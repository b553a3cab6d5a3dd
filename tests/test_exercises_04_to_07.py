"""Answers to lessons 04 to 07 that look right at one size, on one line or in one number, and what is said of them."""

import itertools
import math

import pytest
import torch
from torch.autograd import grad
from torch.distributions import Laplace, Normal
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from course_utils.exercises import lesson_04, lesson_05, lesson_06


def likelihood(output, x):
    return binary_cross_entropy_with_logits(output, x, reduction="sum") / len(x)


def kl(mu, logvar):
    return -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1)


def weighing(first, second):
    """The loss of a VAE with weights for its terms, which may depend on images and codes."""
    return lambda output, x, mu, logvar: first(x, mu) * likelihood(output, x) + second(x, mu) * kl(mu, logvar).mean()


def one(x, mu):
    return 1


def warming_up():
    """The loss of a VAE in which the weight of the KL grows with every call."""
    steps = itertools.count(1)
    return weighing(one, lambda x, mu: min(1, next(steps) / 1000))


def estimated_kl(mu, logvar):
    posterior = Normal(mu, torch.exp(0.5 * logvar))
    z = posterior.rsample()
    return (posterior.log_prob(z) - Normal(0, 1).log_prob(z)).sum(1)


VAE_LOSSES = {
    "got the likelihood + 4 × the KL.": weighing(one, lambda x, mu: 4),
    "got the likelihood + 0.3 × the KL.": weighing(one, lambda x, mu: 0.3),
    "got the likelihood + 1/3 × the KL for 3 images of 4 latent dimensions and the likelihood + 1/5 × the KL for 5": (
        weighing(one, lambda x, mu: 1 / len(x))
    ),
    "got 2 × the likelihood + 2 × the KL.": weighing(lambda x, mu: 2, lambda x, mu: 2),
    "got 1/128 × the likelihood + 1/32 × the KL for 3 images of 4": weighing(
        lambda x, mu: 1 / 128, lambda x, mu: mu.shape[1] / 128
    ),
    "got the likelihood + the KL, and a number beside them.": (
        lambda output, x, mu, logvar: likelihood(output, x) + kl(mu, logvar).mean() + 5
    ),
    "got the likelihood + something else than the KL (exercise 2 checks it).": (
        lambda output, x, mu, logvar: likelihood(output, x) + kl(mu, logvar).clamp(min=3).mean()
    ),
    "got something else than the likelihood + the KL.": (
        lambda output, x, mu, logvar: 10 * mse_loss(output.sigmoid(), x, reduction="sum") + kl(mu, logvar).mean()
    ),
    "changes from call to call on the same inputs: nothing is drawn in it": warming_up(),
    "the loss changes from call to call on": (
        lambda output, x, mu, logvar: likelihood(output, x) + estimated_kl(mu, logvar).mean()
    ),
}


@pytest.mark.parametrize("part", VAE_LOSSES)
def test_a_vae_loss_with_other_weights_is_told_which(part):
    verdict = lesson_05.check_vae_loss.verdict(VAE_LOSSES[part])
    assert verdict.startswith("✗ vae_loss: ") and part in verdict
    assert "the mistake is in the KL" not in verdict


def penalty(critic, real, fake, mix):
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slopes,) = grad(critic(between).sum(), between, create_graph=True)
    return (slopes.norm(dim=1) - 1).square().mean()


def reversed_gradient(loss):
    def answer(*args):
        right = loss(*args)
        return 2 * right.detach() - right

    return answer


def then_backward(loss):
    def answer(*args):
        right = loss(*args)
        right.backward(retain_graph=True)
        return right

    return answer


def first_five(critic, real, fake, mix):
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slopes,) = grad(critic(between).sum(), between, create_graph=True)
    return sum((slopes[i].norm() - 1) ** 2 for i in range(5)) / 5


def mended(encoder, decoder, images, eps):
    mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)
    return likelihood(decoder(mu + torch.exp(0.5 * logvar) * eps), images.flatten(1)) + kl(mu, logvar).mean()


def mended_for_four(encoder, decoder, images, eps):
    return mended(encoder, decoder, images, eps) * len(images) / 4


def encoder_learns_nothing(encoder, decoder, images, eps):
    with torch.no_grad():
        mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)
    return likelihood(decoder(mu + torch.exp(0.5 * logvar) * eps), images.flatten(1)) + kl(mu, logvar).mean()


def two_layers_by_name(critic, c):
    with torch.no_grad():
        for p in list(critic.parameters())[:4]:
            p.clamp_(-c, c)


def four_modes(points, centres, sigma):
    distance, mode = torch.cdist(points, centres).min(1)
    counts = torch.bincount(mode[distance < 3 * sigma], minlength=4)
    share = counts / counts.sum()
    return (counts > 0).sum(), (distance < 3 * sigma).float().mean(), torch.xlogy(share, share * 4).sum()


def with_noise(draw):
    return lambda mu, logvar: mu + torch.exp(0.5 * logvar) * draw(mu)


def in_pairs(mu):
    half = torch.randn((len(mu) + 1) // 2, mu.shape[1])
    return torch.cat([half, -half])[: len(mu)]


def sixteen_rows(mu):
    return torch.randn(16, mu.shape[1]).repeat(len(mu) // 16 + 1, 1)[: len(mu)]


def aggregate_of_three(codes, mu, logvar):
    """Right for clouds of three dimensions."""
    square = ((codes[:, None] - mu) ** 2 / logvar.exp() + logvar).sum(2)
    return torch.logsumexp(-0.5 * square, 1) - math.log(len(mu)) - 1.5 * math.log(2 * math.pi)


PRAISED_BEFORE = [  # (check, answer, part of what is said now)
    (lesson_04.check_gradient_penalty, reversed_gradient(penalty), "got the opposite one."),
    (
        lesson_04.check_gradient_penalty,
        then_backward(penalty),
        "the gradients that the critic already had were changed",
    ),
    (lesson_04.check_gradient_penalty, first_five, "for 8 points"),
    (lesson_04.check_clip_weights, two_layers_by_name, "expected the weights for a critic"),
    (lesson_04.check_mode_coverage, four_modes, "a fixed number in the place of K"),
    (lesson_05.check_reparameterize, with_noise(in_pairs), "the correlation of two codes in a batch"),
    (lesson_05.check_reparameterize, with_noise(sixteen_rows), "16 different rows"),
    (
        lesson_05.check_reparameterize,
        with_noise(lambda mu: Laplace(0.0, math.sqrt(0.5)).sample(mu.shape)),
        "the share of noise within half a standard deviation",
    ),
    (lesson_05.check_reparameterize, with_noise(lambda mu: torch.randn(20_000, 3)), "two shapes do not fit"),
    (lesson_05.check_kl, estimated_kl, "this estimates the KL from drawn codes"),
    (lesson_05.check_kl, lambda mu, logvar: kl(mu, logvar).squeeze(), "right for several codes, but not for one alone"),
    (lesson_06.check_mended_loss, reversed_gradient(mended), "got the opposite one."),
    (lesson_06.check_mended_loss, then_backward(mended), "the gradients that the networks already had were changed"),
    (lesson_06.check_mended_loss, mended_for_four, "expected the loss for 6 images"),
    (lesson_06.check_mended_loss, encoder_learns_nothing, "got no gradient"),
    (lesson_06.check_log_aggregate, aggregate_of_three, "expected the log-densities of 4 codes"),
]


@pytest.mark.parametrize("check, answer, part", PRAISED_BEFORE)
def test_what_holds_for_one_size_or_in_one_number_only_is_no_right_answer(check, answer, part):
    verdict = check.verdict(answer)
    assert verdict.startswith("✗") and part in verdict


def by_the_roots_of_sums(critic, real, fake, mix):
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slopes,) = grad(critic(between).sum(), between, create_graph=True)
    return ((slopes.pow(2).sum(1) + 1e-12).sqrt() - 1).square().mean()


def by_functional_gradients(critic, real, fake, mix):
    slope = torch.func.vmap(torch.func.grad(lambda point: critic(point[None]).squeeze()))
    return (slope(mix * real + (1 - mix) * fake).norm(dim=1) - 1).square().mean()


def asleep_for_a_moment(critic, real, fake, mix):
    critic.eval()
    right = penalty(critic, real, fake, mix)
    critic.train()
    return right


@pytest.mark.parametrize("answer", [penalty, by_the_roots_of_sums, by_functional_gradients, asleep_for_a_moment])
def test_a_penalty_is_right_however_its_gradient_is_taken(answer):
    assert lesson_04.check_gradient_penalty.verdict(answer) == "✓ gradient_penalty is right."


@pytest.mark.parametrize("axis", [(0,), (1,), (0, 1)])
def test_a_mean_log_variance_is_not_taken_for_a_missing_sigma(axis):
    def shared_width(mu, logvar):
        return mu + torch.exp(0.5 * logvar.mean(axis, keepdim=True)) * torch.randn_like(mu)

    verdict = lesson_05.check_reparameterize.verdict(shared_width)
    assert "share" in verdict or "all codes get one width" in verdict
