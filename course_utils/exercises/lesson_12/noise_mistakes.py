"""What goes wrong in the loss of a diffusion model, with a sentence each, and the check."""

import torch
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, altered
from course_utils.exercises.lesson_12.noise_loss import (
    EARLIER,
    PROBES,
    TOLD,
    as_it_is,
    at_one_time,
    backward_inside,
    blend,
    drawn_anew,
    everyone,
    loss_with,
    noise_loss,
    observe_noise_loss,
    scaled,
    scaled_after,
    times_anew,
    to_pictures,
    weighted,
    without_gradients,
)

RANGE = (
    "the pictures go in as they are, in [0, 1]: scale them to [-1, 1] first, 2x - 1, so that signal and noise have the "
    "same size and mean."
)
ONE_TIME = "all pictures are noised for one time: each picture has a time of its own, so alpha(t) has N entries."
SAME_TIME = "`t` was replaced by one time for all: each picture has its own, and the network has to hear which."
WRONG_AXIS = (
    "alpha(t) has the shape (N,), and meets the *width* of pictures (N, 1, H, W): where N happens to be W nobody "
    "notices. Give it three more axes, `[:, None, None, None]`."
)
TOO_FEW_AXES = (
    "alpha(t) has too few axes, so that N meets the wrong one of (N, 1, H, W): three are missing, "
    "`[:, None, None, None]`."
)
SQUARES = (
    "the levels are squared: alpha² + sigma² = 1 already holds, so multiply by alpha and sigma themselves (the paper's "
    "ᾱ is alpha²)."
)
ROOTS = (
    "a root is taken of alpha or sigma: the paper's formula has √ᾱ because its ᾱ is alpha²; here the roots are taken "
    "already."
)
LINEAR_REST = (
    "the noise is multiplied by 1 - alpha: squares add up to 1, not the levels themselves, so take `sigma(t)`."
)
NO_SIGMA = "the noise is not multiplied by sigma(t): as time goes on the signal fades *and* the noise grows."
NO_ALPHA = "the picture is not multiplied by alpha(t): as time goes on the signal fades *and* the noise grows."
EXCHANGED = "alpha and sigma are exchanged: alpha is what is left of the *picture*, sigma how much noise there is."
FRESH = "noise is drawn anew: use `noise`, the one that is to be guessed."
NO_T = "the network is not told the time, and noise looks different early and late: `network(noisy, t)`."
LEVEL_TOLD = "the network is told alpha or sigma: tell it the time itself, `network(noisy, t)`."
SUM = "the squared errors are added up: take their mean, so that the loss does not grow with pictures and pixels."
HALF = "this is half the loss: the mean square has no factor in equation 14."
NOISY_SCALED = "it is the noisy picture that is scaled: scale the clean one, 2x - 1, *before* noise is added."
CUT = "the value is right but nothing learns from it: leave out `.detach()`, `.item()` and `no_grad`."
CENTRED = "pictures are scaled to another range: [0, 1] becomes [-1, 1] by 2x - 1."

TIMES_ANEW = "times are drawn anew: use `t`, the times that are passed."
NOT_CALLED = "alpha and sigma are functions: call them, `alpha(t)` and `sigma(t)`."
CLEAN = "the network is asked for the clean picture: this loss asks for the noise that was added."
CUT_OFF = "the noisy picture is cut off: noise goes beyond the range of the pictures, and has to."
WEIGHTED = "the errors are weighed by their time: equation 14 leaves such weights out, all times count alike."

OTHERS = {  # by the part that is changed; both with pictures in [-1, 1], and with pictures as they are on top
    "at": {
        at_one_time: ONE_TIME,
        lambda t: t.mean().expand(len(t)): ONE_TIME,
        lambda t: 1 - t: "time runs backwards: at t = 0 the picture is whole, so take alpha(t), not alpha(1 - t).",
    },
    "level": {
        lambda alpha, sigma, t: (alpha(t) ** 2, sigma(t) ** 2): SQUARES,
        lambda alpha, sigma, t: (alpha(t) ** 2, sigma(t)): SQUARES,
        lambda alpha, sigma, t: (alpha(t), sigma(t) ** 2): SQUARES,
        lambda alpha, sigma, t: (alpha(t), 1 - alpha(t) ** 2): SQUARES,
        lambda alpha, sigma, t: (alpha(t).sqrt(), sigma(t).sqrt()): ROOTS,
        lambda alpha, sigma, t: (alpha(t).sqrt(), (1 - alpha(t)).sqrt()): ROOTS,
        lambda alpha, sigma, t: (alpha(t).sqrt(), sigma(t)): ROOTS,
        lambda alpha, sigma, t: (alpha(t), sigma(t).sqrt()): ROOTS,
        lambda alpha, sigma, t: (alpha(t), (1 - alpha(t)).sqrt()): ROOTS,
        lambda alpha, sigma, t: (alpha(t), 1 - alpha(t)): LINEAR_REST,
        lambda alpha, sigma, t: (1 - sigma(t), sigma(t)): LINEAR_REST,
        lambda alpha, sigma, t: (sigma(t), alpha(t)): EXCHANGED,
        lambda alpha, sigma, t: (alpha(t), torch.ones_like(t)): NO_SIGMA,
        lambda alpha, sigma, t: (torch.ones_like(t), sigma(t)): NO_ALPHA,
        lambda alpha, sigma, t: (torch.ones_like(t), torch.ones_like(t)): (
            "picture and noise are just added: multiply them by alpha(t) and sigma(t)."
        ),
        lambda alpha, sigma, t: (1 - t, t): (
            "the levels are 1 - t and t, a straight line as in flow matching: take alpha(t) and sigma(t)."
        ),
    },
    "mix": {
        lambda x, noise, a, s: a * x - s * noise: "the noise is subtracted from the picture: add it.",
        lambda x, noise, a, s: a * (x + s * noise): (
            "alpha multiplies the noise as well: alpha · x + sigma · noise, without parentheses."
        ),
        lambda x, noise, a, s: x: "the network sees the clean picture: add the noise first.",
        lambda x, noise, a, s: noise: "the network sees the noise alone: mix it into the picture first.",
        lambda x, noise, a, s: blend(x, noise, a, s).clamp(-1, 1): CUT_OFF,
        lambda x, noise, a, s: blend(x, noise, a, s).clamp(0, 1): CUT_OFF,
        lambda x, noise, a, s: blend(x, 2 * noise - 1, a, s): (
            "the noise is scaled like a picture: it has mean 0 already, so scale `x` alone."
        ),
        lambda x, noise, a, s: a * x + s * torch.rand_like(x): FRESH,
        lambda x, noise, a, s: a * x + s * torch.randn_like(x): FRESH,
    },
    "target": {
        lambda x, noise, noisy, a, s: x: CLEAN,
        lambda x, noise, noisy, a, s: noisy: (
            "the answer is compared with the noisy picture, which the network sees: compare it with the noise."
        ),
        lambda x, noise, noisy, a, s: s * noise: (
            "the answer is compared with sigma · noise: compare it with `noise` itself, which has the same size at "
            "all times."
        ),
        lambda x, noise, noisy, a, s: noisy - x: (
            "the answer is compared with noisy minus clean picture, in which the faded signal is too: compare it with "
            "`noise`."
        ),
        lambda x, noise, noisy, a, s: a * noise - s * x: (
            "this asks for v = alpha · noise - sigma · x (Salimans and Ho, 2022): asked here is the noise."
        ),
        lambda x, noise, noisy, a, s: noise - x: (
            "this asks for noise minus picture, as flow matching does: asked here is the noise."
        ),
        lambda x, noise, noisy, a, s: -noise: "the sign of the noise is turned: compare the answer with `noise`.",
        lambda x, noise, noisy, a, s: -noise / s: (
            "this asks for the score, -noise / sigma: the noise itself is asked for."
        ),
        lambda x, noise, noisy, a, s: torch.randn_like(noise): FRESH,
    },
    "ask": {
        lambda network, noisy, t: (
            noisy
        ): "the network is not asked: its answer to the noisy picture belongs in the loss.",
        scaled_after: NOISY_SCALED,
        lambda network, noisy, t: noisy - network(noisy, t): (
            "the answer is subtracted from the noisy picture: it is a guess at the noise, so compare it with that as "
            "it is."
        ),
        lambda network, noisy, t: network(noisy, t).tanh(): (
            "the answer goes through a tanh, and noise goes beyond -1 and 1: leave it as it is."
        ),
        lambda network, noisy, t: network(noisy, t).sigmoid(): (
            "the answer goes through a sigmoid, and noise has both signs: leave it as it is."
        ),
    },
    "end": {
        lambda guess, noise: (guess - noise).square().sum(): SUM,
        lambda guess, noise: (guess - noise).square().flatten(1).sum(1).mean(): SUM,
        lambda guess, noise: (guess - noise).square().sum(0).mean(): SUM,
        lambda guess, noise: (guess - noise).square().sum() / noise.shape[-1]: SUM,
        lambda guess, noise: (guess - noise).abs().mean(): "the errors are not squared: this is their mean size.",
        lambda guess, noise: (guess - noise).square().mean().sqrt(): (
            "this is the root of the mean square: leave the root out."
        ),
        lambda guess, noise: (guess - noise).flatten(1).norm(dim=1).mean(): (
            "this is the mean length of the errors: the *squares* are averaged, over pictures and pixels."
        ),
        lambda guess, noise: (guess - noise).mean(): "errors of both signs cancel: square them before the mean.",
        lambda guess, noise: (
            (guess - noise).mean().square()
        ): "errors of both signs cancel: square first, then average.",
        lambda guess, noise: 0.5 * F.mse_loss(guess, noise): HALF,
        lambda guess, noise: (
            -F.mse_loss(guess, noise)
        ): "the sign is turned: the smaller the error, the smaller the loss.",
        F.binary_cross_entropy_with_logits: (
            "this is a cross-entropy, for pixels between 0 and 1: noise is a real number, so take the mean square."
        ),
        lambda guess, noise: F.smooth_l1_loss(guess, noise): "this is the Huber loss: asked is the mean square.",
        lambda guess, noise: (guess - noise).square(): "this is the square of each error: return their mean.",
        lambda guess, noise: (guess - noise).square().flatten(1).mean(1): (
            "this is a loss for each picture: return the mean over the pictures as well."
        ),
        lambda guess, noise: guess: "this is the network's answer: return how far it is from the noise.",
    },
}
OTHER_SCALES = {
    as_it_is: RANGE,
    lambda x: x - 0.5: CENTRED,
    lambda x: x / 127.5 - 1: CENTRED,
    lambda x: 2 * x: CENTRED,
    lambda x: 2 * (x - 1): CENTRED,
    lambda x: 1 - 2 * x: "black and white are exchanged: [0, 1] becomes [-1, 1] by 2x - 1.",
    lambda x: (x + 1) / 2: "this is the way back, from [-1, 1] to [0, 1]: forth it is 2x - 1.",
    lambda x: (x - x.mean()) / x.std(): (
        "pictures are scaled by the batch's own mean and deviation: a fixed 2x - 1 is the same for every batch."
    ),
}
AXES = {  # how (N,) may be given too few axes; the errors that follow depend on the order of a product
    lambda level: level: WRONG_AXIS,
    lambda level: level[:, None]: TOO_FEW_AXES,
    lambda level: level[:, None, None]: TOO_FEW_AXES,
}
ORDERS = (
    lambda x, noise, a, s: a * x + s * noise,
    lambda x, noise, a, s: x * a + noise * s,
)

check_noise_loss = Exercise(
    noise_loss,
    observe_noise_loss,
    {altered(loss_with, scale=scale): sentence for scale, sentence in OTHER_SCALES.items()}
    | {
        altered(loss_with, scale=as_it_is, ask=scaled_after): NOISY_SCALED,
        altered(loss_with, scale=as_it_is, mix=lambda x, noise, a, s: scaled(a * x + s * noise)): NOISY_SCALED,
        times_anew: TIMES_ANEW,
        altered(loss_with, scale=lambda x: 2 * x, mix=lambda x, noise, a, s: a * x - 1 + s * noise): (
            "a pair of parentheses is missing: `*` is computed before `-`, so write `alpha * (2 * x - 1)`."
        ),
        drawn_anew: FRESH,
        altered(loss_with, ask=lambda network, noisy, t: network(noisy)): NO_T,
        altered(loss_with, ask=lambda network, noisy, t: network(noisy, 0 * t)): NO_T,
        altered(loss_with, ask=lambda network, noisy, t: network(t, noisy)): (
            "the network's two arguments are exchanged: first the noisy picture, then the time."
        ),
        lambda network, x, t, noise, alpha, sigma: loss_with(
            network, x, t, noise, alpha, sigma, ask=lambda network, noisy, t: network(noisy, alpha(t))
        ): LEVEL_TOLD,
        lambda network, x, t, noise, alpha, sigma: loss_with(
            network, x, t, noise, alpha, sigma, ask=lambda network, noisy, t: network(noisy, sigma(t))
        ): LEVEL_TOLD,
        lambda *args: noise_loss(*args).detach(): CUT,
        lambda *args: noise_loss(*args).item(): CUT,
        without_gradients: CUT,
        backward_inside: (
            "`backward()` is called inside: return the loss, with its graph, and whoever wants gradients asks for them."
        ),
        altered(loss_with, end=lambda guess, noise: F.mse_loss(guess.detach(), noise)): CUT,
    }
    | {
        everyone(time, told, scale): SAME_TIME
        for time in (lambda t: t[0], lambda t: t[-1], lambda t: t.mean(), lambda t: t[:1])
        for told in (lambda one, n: one.expand(n), lambda one, n: one)
        for scale in (scaled, as_it_is)
    }
    | {
        everyone(time, told): TIMES_ANEW
        for time in (lambda t: torch.rand(1), lambda t: torch.rand(()))
        for told in (lambda one, n: one.expand(n), lambda one, n: one)
    }
    | {
        lambda network, x, t, noise, alpha, sigma: F.mse_loss(x * alpha + noise * sigma, noise): NOT_CALLED,
        lambda network, x, t, noise, alpha, sigma: F.mse_loss(alpha * x + sigma * noise, noise): NOT_CALLED,
        weighted(lambda a, s: (a / s).square()): WEIGHTED,
        weighted(lambda a, s: s.square()): WEIGHTED,
        weighted(lambda a, s: a.square()): WEIGHTED,
        to_pictures: CLEAN,
    }
    | {
        altered(loss_with, shape=shape, mix=mix, scale=scale): sentence
        for shape, sentence in AXES.items()
        for mix in ORDERS
        for scale in (scaled, as_it_is)
    }
    | {
        altered(loss_with, scale=scale, **{part: other}): sentence
        for scale in (scaled, as_it_is)
        for part, others in OTHERS.items()
        for other, sentence in others.items()
    },
    {
        **{
            f"{TOLD} {name}": (
                "the network is not asked, or hears another time than `t` (N,) as it came: give alpha and "
                "sigma their axes under another name, and call `network(noisy, t)`."
            )
            for name in PROBES
        },
        **{
            f"{EARLIER}, {name},": (
                "the value is right, but the gradients that the network already had were changed: a loss calls neither "
                "`backward()` nor `zero_grad()`."
            )
            for name in PROBES
        },
        "the loss of 4 pictures of 4 × 3 pixels": (
            "right for one schedule, wrong for another or for pictures whose height is N: take alpha and sigma from "
            "the arguments, and give each `[:, None, None, None]`."
        ),
        "the loss of 6 pictures of 5 × 6 pixels": (
            "right in general, wrong where N is the width of the pictures: look at the shapes of alpha(t) and of the "
            "error."
        ),
    },
)
