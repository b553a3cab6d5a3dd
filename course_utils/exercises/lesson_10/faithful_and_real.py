"""Exercise of lesson 10: how faithful rebuilt pictures are, in dB, and how real, as a Fréchet distance."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, several

PROBES = {12: 4, 30: 4, 9: 18}  # pictures: features; covariances of 9 pictures have many eigenvalues that are 0


def observe_faithful_and_real(function) -> Observation:
    """Both numbers for two sets of pictures, some of which are rebuilt far worse than others."""
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for n, width in PROBES.items():
        weight = torch.randn(784, width, generator=noise).double() / 6
        real = torch.rand(n, 1, 28, 28, generator=noise) * torch.rand(n, 1, 1, 1, generator=noise)
        worse = torch.linspace(0.02, 0.6, n)[:, None, None, None]
        rebuilt = (real + worse * torch.randn(real.shape, generator=noise)).clamp(0, 1)

        def features(x, weight=weight):
            return (x.flatten(1).double() @ weight + 0.5).tanh()  # doubles: what rounds to 0 has a small root

        result = function(rebuilt, real, features)
        names = (f"the PSNR of {n} pictures", f"the Fréchet distance of {n} pictures")
        seen |= dict(zip(names, several(result, "psnr, frechet")))
    return seen


def decibels(rebuilt: Tensor, real: Tensor) -> Tensor:
    return -10 * (rebuilt - real).square().mean().log10()


def covariance(a: Tensor) -> Tensor:
    return a.T.cov()


def means_apart(a: Tensor, b: Tensor) -> Tensor:
    return (a.mean(0) - b.mean(0)).square().sum()


def trace_of_root(cov_a: Tensor, cov_b: Tensor) -> Tensor:
    return torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()


def join(apart: Tensor, trace_a: Tensor, trace_b: Tensor, cross: Tensor) -> Tensor:
    return apart + trace_a + trace_b - 2 * cross


def frechet_with(a, b, *, spread=covariance, apart=means_apart, cross=trace_of_root, join=join):
    """The distance of two Gaussians with one thing changed."""
    cov_a, cov_b = spread(a), spread(b)
    return join(apart(a, b), cov_a.trace(), cov_b.trace(), cross(cov_a, cov_b))


def pair_with(rebuilt, real, features, *, faithful=decibels, order=lambda p, f: (p, f), **change):
    """Both numbers with one thing changed."""
    return order(faithful(rebuilt, real), frechet_with(features(rebuilt), features(real), **change))


def faithful_and_real(rebuilt: Tensor, real: Tensor, features) -> tuple[Tensor, Tensor]:
    return pair_with(rebuilt, real, features)


def unclamped(cov_a: Tensor, cov_b: Tensor) -> Tensor:
    return torch.linalg.eigvals(cov_a @ cov_b).real.sqrt().sum()


def symmetric(cov_a: Tensor, cov_b: Tensor) -> Tensor:
    return torch.linalg.eigvalsh(cov_a @ cov_b).clamp(min=0).sqrt().sum()


def symmetric_unclamped(cov_a: Tensor, cov_b: Tensor) -> Tensor:
    return torch.linalg.eigvalsh(cov_a @ cov_b).sqrt().sum()


def scatter(a: Tensor) -> Tensor:
    return (a - a.mean(0)).T @ (a - a.mean(0))


def mean_of_psnrs(rebuilt: Tensor, real: Tensor) -> Tensor:
    return (-10 * (rebuilt - real).square().flatten(1).mean(1).log10()).mean()


def mse(rebuilt: Tensor, real: Tensor) -> Tensor:
    return (rebuilt - real).square().mean()


ABSOLUTE = "this is the mean absolute error: the PSNR squares errors before it averages them."
NOT_SYMMETRIC = (
    "`eigvalsh` is for symmetric matrices, and a product of covariances is not one: take "
    "`torch.linalg.eigvals(cov_a @ cov_b).real`."
)
ROWS = "`torch.cov` wants a row for each feature, and got one for each picture: transpose first, `torch.cov(a.T)`."
TWO_HERE = "return `psnr, frechet`, in this order."

check_faithful_and_real = Exercise(
    faithful_and_real,
    observe_faithful_and_real,
    {
        altered(pair_with, faithful=mean_of_psnrs): (
            "this is the mean of the PSNRs, one a picture: average the squared errors over all pictures first, then "
            "take one logarithm. The bound of 3 dB holds for that."
        ),
        altered(pair_with, faithful=lambda x, y: 10 * (255**2 / mse(x, y)).log10()): (
            "the peak is 255 here, which adds 48 dB: these pictures end at 1."
        ),
        altered(pair_with, faithful=lambda x, y: 10 * (y.max() ** 2 / mse(x, y)).log10()): (
            "the peak is the brightest pixel of this batch: take 1, the largest that a pixel may be, so that the "
            "number does not depend on the batch."
        ),
        altered(pair_with, faithful=lambda x, y: -10 * mse(x, y).sqrt().log10()): (
            "half of the PSNR: 10 goes with the squared error, 20 with its root."
        ),
        altered(pair_with, faithful=lambda x, y: -20 * mse(x, y).log10()): (
            "twice the PSNR: 20 goes with the root of the squared error, 10 with the squared error."
        ),
        altered(pair_with, faithful=lambda x, y: 10 * mse(x, y).log10()): (
            "the PSNR has the wrong sign: a smaller error is a larger PSNR."
        ),
        altered(pair_with, faithful=lambda x, y: -10 * mse(x, y).log()): (
            "this is the natural logarithm: decibels need `log10`."
        ),
        altered(pair_with, faithful=lambda x, y: -10 * (x - y).square().flatten(1).sum(1).mean().log10()): (
            "the squared error was summed over the pixels: the PSNR takes its mean."
        ),
        altered(pair_with, faithful=lambda x, y: -20 * (x - y).abs().mean().log10()): ABSOLUTE,
        altered(pair_with, faithful=lambda x, y: -10 * (x - y).abs().mean().log10()): ABSOLUTE,
        altered(pair_with, faithful=mse): "the first number is the mean squared error itself: turn it into decibels.",
        altered(pair_with, spread=lambda a: a.T.cov(correction=0)): (
            "the covariance was divided by N: divide by N − 1, as `torch.cov` does, else small sets look too narrow."
        ),
        altered(pair_with, spread=scatter): (
            "the covariance was not divided by N − 1: as it is, more pictures would mean a wider Gaussian."
        ),
        altered(pair_with, spread=lambda a: a.T @ a / (len(a) - 1)): (
            "the mean was not subtracted before the covariance: it is counted twice now."
        ),
        altered(pair_with, spread=torch.cov): ROWS,
        altered(pair_with, spread=torch.cov, cross=unclamped): ROWS,
        altered(pair_with, cross=unclamped): (
            "the distance is not a number where eigenvalues are 0: rounding makes some of them negative, and those "
            "have no root. Put `.clamp(min=0)` before the root."
        ),
        altered(pair_with, cross=lambda a, b: torch.linalg.eigvals(a @ b).clamp(min=0).sqrt().sum()): (
            "`eigvals` returns complex numbers, which have no order and cannot be clamped: take `.real` first."
        ),
        altered(pair_with, cross=symmetric): NOT_SYMMETRIC,
        altered(pair_with, cross=symmetric_unclamped): NOT_SYMMETRIC,
        altered(pair_with, cross=lambda a, b: (a.diag() * b.diag()).sqrt().sum()): (
            "only variances went in: features vary together, so multiply the whole covariances, then take eigenvalues."
        ),
        altered(pair_with, cross=lambda a, b: (a @ b).abs().sqrt().trace()): (
            "the root was taken entry by entry: the root of a matrix has the roots of its eigenvalues."
        ),
        altered(pair_with, cross=lambda a, b: (a @ b).trace()): (
            "the root of the product is missing: sum the roots of the eigenvalues, not the eigenvalues."
        ),
        altered(pair_with, join=lambda gap, a, b, cross: gap + a + b - cross): (
            "the last term counts twice: subtract 2 tr(…)."
        ),
        altered(pair_with, join=lambda gap, a, b, cross: gap + a + b + 2 * cross): (
            "the last term is subtracted: what the two Gaussians share brings them nearer."
        ),
        altered(pair_with, join=lambda gap, a, b, cross: gap): (
            "these are the means alone: a set of equal pictures can have the right mean. Compare the spread as well."
        ),
        altered(pair_with, join=lambda gap, a, b, cross: a + b - 2 * cross): "the distance of the means is missing.",
        altered(pair_with, apart=lambda a, b: (a.mean(0) - b.mean(0)).norm()): (
            "the distance of the means was not squared."
        ),
        altered(pair_with, apart=lambda a, b: (a - b).square().sum(1).mean()): (
            "each picture was compared with its own original: the Fréchet distance compares the means of the two sets, "
            "and does not know which picture belongs to which."
        ),
        altered(pair_with, join=lambda *terms: join(*terms).sqrt()): (
            "the root was taken at the end: what people call the Fréchet distance of pictures is its square."
        ),
        altered(pair_with, order=lambda psnr, frechet: (frechet, psnr)): f"the two numbers are exchanged: {TWO_HERE}",
        altered(pair_with, order=lambda psnr, frechet: psnr): f"only the PSNR came back: {TWO_HERE}",
    },
    {
        "the Fréchet distance of 9 pictures": (
            "right for many pictures, but not for 9 with 18 features, where many eigenvalues are 0: stay in the "
            "precision of the features, and clamp at 0, not above it."
        )
    },
)
