"""What β does a VAE's loss really use? Its slope against the true KL over its slope against the true likelihood."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.exercises.watched import known_state
from course_utils.losses import LIKELIHOODS, bernoulli_nll, kl_divergence
from course_utils.plumbing.checks import check_whole

POINTS = 12  # random outputs, and as many random codes
DRAWS = 16  # over which a random loss is averaged
STANDARD_ERRORS = 6  # by which such an average may be off

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class WeightedELBO:
    """The answer of `effective_beta`; β is NaN for a loss that is no weighted ELBO, or that could not be asked."""

    beta: float
    sigma: float | None = None  # with a Gaussian likelihood: that with which the loss is an ELBO with β = 1
    error: float = 0.0  # the standard error of β, for a loss that is random
    remark: str = ""

    def __str__(self) -> str:
        if math.isnan(self.beta):
            return f"β cannot be told: {self.remark}" if self.remark else "not a weighted ELBO"
        text = f"β = {self.beta:.3g} ± {self.error:.1g}" if self.error else f"β = {self.beta:.4g}"
        if self.sigma is not None:
            text += f" at σ = 1, which is β = 1 at σ = {self.sigma:.4g}"
        return f"{text} ({self.remark})" if self.remark else text


@dataclass(frozen=True)
class Probes:
    """Images, random outputs and codes for a loss, and the true terms of the ELBO at each output and code."""

    x: Tensor  # (N, *shape)
    outputs: list[Tensor]  # POINTS of (N, *shape)
    codes: list[tuple[Tensor, Tensor]]  # POINTS of mu and logvar, (N, d) each
    nll: Tensor  # (POINTS,) in nats per image
    kl: Tensor  # (POINTS,)


def effective_beta(
    loss: Loss,
    likelihood: str = "bernoulli",
    logits: bool = False,
    batch_size: int = 64,
    latent_dim: int = 20,
    shape: tuple[int, ...] = (1, 28, 28),
) -> WeightedELBO:
    """Measure the β with which a loss is a β-weighted ELBO, up to a factor and a constant, or say that it is none.

    Parameters
    ----------
    loss : of (output, x, mu, logvar), written by anyone; returns one number, or a dict that holds it as "loss". Shapes
        (N, *shape) twice, or flat where the loss wants them so, and (N, latent_dim) twice.
    likelihood : "bernoulli", or "gaussian" for squared errors, whose β is stated at σ = 1 together with the σ that
        β = 1 would mean: only β · σ² can be told from such a loss.
    logits : whether a Bernoulli loss takes logits; otherwise `output` holds probabilities (means for a Gaussian).
    batch_size, latent_dim, shape : of the data that the loss is meant for; means instead of sums make β depend on them.

    The slopes are measured at random points: with mu and logvar fixed against the negative log-likelihood, then with
    the output fixed against the KL divergence. Where either is no straight line, or the two do not simply add up, the
    loss is no weighted ELBO. A loss that takes only images of 0 and 1, or makes its targets so, is measured on such
    images, and a random one is averaged over draws; the answer says so. Values are compared, not gradients: a
    detached term counts as if it were learned from.
    """
    if likelihood not in LIKELIHOODS:
        raise ValueError(f"expected a likelihood among {', '.join(LIKELIHOODS)}, got {likelihood!r}")
    check_whole(batch_size=batch_size, latent_dim=latent_dim)
    answers = []
    with known_state():
        for binary in (False, True) if likelihood == "bernoulli" else (False,):
            probes = make_probes(likelihood, logits, binary, batch_size, latent_dim, shape)
            try:
                answers.append(summed_up(measure(loss, probes), likelihood, binary))
            except Exception as error:  # of any kind: the loss is somebody else's
                problem = (str(error) or type(error).__name__).splitlines()[0]
                answers.append(WeightedELBO(math.nan, remark=problem))
    return min(answers, key=lambda found: (math.isnan(found.beta), found.error > 0, bool(found.remark)))


def summed_up(betas: Tensor, likelihood: str, binary: bool) -> WeightedELBO:
    """Make one answer of the β of all draws, (draws,)."""
    beta = betas.mean().item()
    if math.isnan(beta):
        return WeightedELBO(beta)
    if betas.dtype == torch.float32:
        beta = float(f"{beta:.3g}")  # a small difference of large sums tells no more digits
    remarks = []
    if binary:
        remarks.append("with targets of 0 and 1")
    if len(betas) > 1:
        remarks.append(f"the loss is random: mean of {len(betas)} draws")
    sigma = math.sqrt(beta) if likelihood == "gaussian" and beta > 0 else None
    error = betas.std(correction=0).item() / math.sqrt(len(betas))
    return WeightedELBO(beta, sigma, error, "; ".join(remarks))


def make_probes(likelihood: str, logits: bool, binary: bool, n: int, latent_dim: int, shape: tuple[int, ...]) -> Probes:
    """Draw n images, outputs and codes in double precision, the same ones each time."""
    random = torch.Generator().manual_seed(0)

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, generator=random, dtype=torch.float64)

    def normal(*size: int) -> Tensor:
        # Widths differ from point to point and from row to row: sums that agree by chance would deceive.
        row_width = 0.2 + 2 * uniform(n, *[1] * (len(size) - 1))
        point_width = 0.3 + uniform()
        return row_width * point_width * torch.randn(size, generator=random, dtype=torch.float64)

    x = uniform(n, *shape)
    if binary:
        x = x.round()
    raw = [normal(n, *shape) for _ in range(POINTS)]
    # Log-variances stay near 0, or their exponentials would drown everything else.
    codes = [(2 * normal(n, latent_dim), 0.5 * normal(n, latent_dim)) for _ in range(POINTS)]
    outputs = [output.sigmoid() for output in raw]
    if likelihood == "bernoulli":
        nll = [bernoulli_nll(output, x).mean() for output in raw]
    else:
        nll = [0.5 * (x - output).square().flatten(1).sum(1).mean() for output in outputs]
    kl = [kl_divergence(mu, logvar).sum(1).mean() for mu, logvar in codes]
    return Probes(x, raw if logits else outputs, codes, torch.stack(nll), torch.stack(kl))


def measure(loss: Loss, probes: Probes) -> Tensor:
    """The β of each draw, (draws,), of which there is one unless the loss is random; NaN for no weighted ELBO."""
    form = suited(loss, probes)
    outputs, codes = probes.outputs, probes.codes
    pairs = [(output, codes[0]) for output in outputs] + [(outputs[0], code) for code in codes]
    pairs += zip(outputs, codes)

    def ask(output: Tensor, code: tuple[Tensor, Tensor]) -> Tensor:
        return form.ask(loss, output, probes.x, *code)

    is_random = bool(ask(*pairs[0]) != ask(*pairs[0]))
    losses = []
    for seed in range(DRAWS if is_random else 1):
        for pair in pairs:
            torch.manual_seed(seed)  # the same noise for all pairs cancels in their differences
            losses.append(ask(*pair))
    of_output, of_code, together = torch.stack(losses).view(-1, 3, POINTS).unbind(1)  # (draws, POINTS) each
    sums = of_output + of_code - of_output[:, :1]  # what an ELBO, a sum of two terms, would give
    per_nll = slope(probes.nll, of_output)  # (draws,)
    per_kl = slope(probes.kl, of_code)
    additive = slope(sums, together).sub(1).abs().mean() < 1e-2
    return per_kl / per_nll if per_nll.mean() > 0 and additive else torch.full_like(per_kl, math.nan)


def slope(x: Tensor, y: Tensor) -> Tensor:
    """The slope of y (draws, POINTS) over x, for each draw, (draws,).

    NaN unless the points lie on one straight line, up to the rounding of y and to what chance does to a mean of draws.
    Raises ValueError where y varies by no more than its rounding.
    """
    precision = y.dtype
    relative = 1e-6 if precision == torch.float64 else 1e-3
    rounding = 8 * torch.finfo(precision).eps * y.abs().max()
    if 0 < (y.amax(-1) - y.amin(-1)).max() < rounding:
        name = str(precision).removeprefix("torch.")
        raise ValueError(f"one of its two terms is lost in the rounding of {name}: compute the loss in float64")
    x = x.double() - x.double().mean(-1, keepdim=True)
    y = y.double() - y.double().mean(-1, keepdim=True)
    slopes = (x * y).sum(-1) / x.square().sum(-1)  # (draws,)
    off = y - slopes[:, None] * x  # (draws, POINTS)
    chance = STANDARD_ERRORS * off.std(0, correction=0) / math.sqrt(len(y))  # (POINTS,)
    straight = off.mean(0).abs() <= relative * y.abs().max() + rounding + chance
    return (slopes if straight.all() else torch.full_like(slopes, math.nan)).to(precision)


@dataclass(frozen=True)
class Form:
    """How a loss wants its inputs: as images (N, *shape) or flat (N, pixels), in double or in single precision."""

    dtype: torch.dtype
    flat_output: bool
    flat_x: bool

    def ask(self, loss: Loss, output: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        """Call the loss on copies, which it may change."""
        output = output.flatten(1) if self.flat_output else output
        x = x.flatten(1) if self.flat_x else x
        return one_number(loss(*(tensor.to(self.dtype, copy=True) for tensor in (output, x, mu, logvar))))


FORMS = [
    Form(dtype, flat_output, flat_x)
    for dtype in (torch.float64, torch.float32)
    for flat_output, flat_x in ((False, False), (True, False), (True, True))
]


class NotOneNumber(TypeError):
    """A loss returned something else than one number."""


def suited(loss: Loss, probes: Probes) -> Form:
    """Find the first form in which a loss can be called; where there is none, its first error is raised."""
    errors = []
    for form in FORMS:
        try:
            form.ask(loss, probes.outputs[0], probes.x, *probes.codes[0])
            return form
        except NotOneNumber:
            raise
        except Exception as error:
            errors.append(error)
    raise errors[0]


def one_number(result) -> Tensor:
    """What a loss returned, as a tensor without dimensions."""
    if isinstance(result, Mapping) and "loss" in result:
        result = result["loss"]
    if isinstance(result, (int, float)):
        result = torch.tensor(float(result))
    if isinstance(result, Tensor) and result.numel() == 1 and result.dtype in (torch.float32, torch.float64):
        return result.detach().cpu().reshape(())
    if isinstance(result, Tensor):
        got = f"a {str(result.dtype).removeprefix('torch.')} tensor of shape {tuple(result.shape)}"
    elif isinstance(result, Mapping):
        got = f"a dict of {', '.join(map(str, result))}: pass a function that returns their total"
    elif isinstance(result, (tuple, list)):
        got = f"a {type(result).__name__} of {len(result)}: pass a function that returns the total alone"
    else:
        got = "nothing: does it end in `return`?" if result is None else f"a {type(result).__name__}"
    raise NotOneNumber(f"expected one number in float32 or float64 from the loss, got {got}")
