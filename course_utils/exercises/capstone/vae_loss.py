"""The capstone's `vae_loss`, with the tutorial's defects."""

import torch
from torch.nn import functional as F

from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, gradient, value

BETA = 0.3


def vae_loss(output, x, mu, logvar, beta):
    """Logits, pictures (N, 1, H, W), means, log-variances (N, d), β in; nats per picture of Bernoulli pixels out."""
    p = output.sigmoid()
    nll = -(x * (p + 1e-8).log() + (1 - x) * (1 - p + 1e-8).log())
    kl = 0.5 * (mu**2 + (0.5 * logvar).exp() - 1 - logvar)
    return nll.sum() / 64 + beta * kl.mean()


def observe_vae_loss(function) -> Observation:
    """The loss and its gradients for two sizes, each with and without its KL."""
    seen = {}
    for n, d, side in ((4, 3, 5), (6, 2, 7)):
        noise = torch.Generator().manual_seed(n)
        x = torch.rand(n, 1, side, side, generator=noise)
        output = (3 * torch.randn(n, 1, side, side, generator=noise)).requires_grad_()
        mu = (2 * torch.randn(n, d, generator=noise)).requires_grad_()
        logvar = torch.randn(n, d, generator=noise).requires_grad_()
        for beta, how in ((0.0, "without its KL"), (BETA, f"with β = {BETA}")):
            seen[f"the loss for {n} pictures {how}"] = value(function(output, x, mu, logvar, beta))
        loss = function(output, x, mu, logvar, BETA)
        sure = function(100 * output, x, mu, logvar, BETA)
        seen[f"its gradient at logits of some hundreds for {n} pictures"] = gradient(sure, output)
        for name, tensor in (("output", output), ("mu", mu), ("logvar", logvar)):
            seen[f"its gradient at `{name}` for {n} pictures"] = gradient(loss, tensor)
    return seen


check_vae_loss = Repair(
    vae_loss,
    observe_vae_loss,
    {
        "probabilities": Defect(
            5,
            {
                "    p = output.sigmoid()\n    nll = -(x * (p + 1e-8).log() + (1 - x) * (1 - p + 1e-8).log())\n": (
                    '    nll = F.binary_cross_entropy_with_logits(output, x, reduction="none")\n'
                )
            },
            "the likelihood goes through probabilities, with a small number inside the logarithm: where the decoder is "
            "sure of a pixel, and wrong, the gradient is gone.",
            {
                '    nll = F.binary_cross_entropy(output.sigmoid(), x, reduction="none")\n': (
                    "the likelihood still goes through probabilities, whose logarithm is cut off at -100: "
                    "`binary_cross_entropy_with_logits` takes the output as it is."
                ),
                '    nll = F.binary_cross_entropy_with_logits(output.sigmoid(), x, reduction="none")\n': (
                    "the sigmoid is applied twice now: `binary_cross_entropy_with_logits` takes the output as it is."
                ),
                "    nll = (output.sigmoid() - x) ** 2\n": (
                    "this is a squared error, which is not in nats: Bernoulli pixels are asked for."
                ),
            },
        ),
        "sigma": Defect(
            6,
            {"(0.5 * logvar).exp()": "logvar.exp()"},
            "the KL takes sigma where its closed form has sigma²: it is below 0 for some codes, and a KL never is.",
            {
                "logvar": "the exponential in the KL is gone: it is mu² + exp(logvar) - 1 - logvar, times the half.",
                "(2 * logvar).exp()": "the KL takes the square of the variance now: sigma² is exp(logvar).",
            },
        ),
        "mean": Defect(
            6,
            {"kl.mean()": "kl.sum(1).mean()"},
            "the KL is a mean over the latent dimensions, so that it weighs as many times too little as a code has "
            "numbers: a hidden β.",
            {
                "kl.sum()": "the KL is a sum over the batch now, and the likelihood is none: average over pictures.",
                "kl.sum(1).mean() / 784": "β already says what the KL weighs: both terms are nats per picture.",
            },
        ),
        "batch": Defect(
            6,
            {"nll.sum() / 64": "nll.flatten(1).sum(1).mean()"},
            "the likelihood is divided by 64, whatever the size of the batch: with another one β changes behind your "
            "back.",
            {
                "nll.mean()": "the likelihood is a mean over the pixels now, so that the KL weighs as many times too "
                "much as a picture has pixels: sum over all axes but the first, then average over pictures.",
                "nll.sum()": "the likelihood is a sum over the batch now, and the KL is none: average over pictures.",
            },
        ),
    },
)
