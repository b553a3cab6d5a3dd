"""A space of codes: walks through it, and densities to draw from instead of the prior.

scikit-learn is imported where it is needed, for it takes a second and a lot of memory.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, MultivariateNormal

from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import forked_random


def slerp(a: Tensor, b: Tensor, position: float) -> Tensor:
    """Walk from codes a (N, d) to codes b (N, d) along arcs, up to a position in [0, 1]: codes (N, d).

    The direction turns evenly (Shoemake, 1985) and the length changes evenly, so that no code on the way is shorter
    or longer than both of its ends. A straight line between two codes of the prior would pass nearer to the origin.
    """
    small = torch.finfo(a.dtype).eps  # the least length, for codes of zeros; a smaller one would divide to infinity
    length_a = a.norm(dim=1, keepdim=True).clamp_min(small)  # (N, 1)
    length_b = b.norm(dim=1, keepdim=True).clamp_min(small)  # (N, 1)
    cosine = (a / length_a * (b / length_b)).sum(1, keepdim=True)  # (N, 1)
    # Codes on one line through the origin have no single arc between them, and the formula would divide by 0.
    angle = cosine.clamp(-1, 1).acos().clamp(1e-3, math.pi - 1e-3)  # (N, 1)
    share_a = ((1 - position) * angle).sin() / angle.sin()  # (N, 1)
    share_b = (position * angle).sin() / angle.sin()  # (N, 1)
    length = torch.lerp(length_a, length_b, position)  # (N, 1)
    return share_a * (length / length_a) * a + share_b * (length / length_b) * b  # (N, d)


def arcs(latent_dim: int, n: int, points: int = 17, seed: int = 0) -> Tensor:
    """Codes along n arcs between pairs of codes of the prior N(0, I): (points, n, latent_dim)."""
    check_whole(latent_dim=latent_dim, n=n)
    check_whole(2, points=points)
    start, end = torch.randn(2, n, latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim) each
    return torch.stack([slerp(start, end, i / (points - 1)) for i in range(points)])


def truncated(latent_dim: int, n: int, limit: float, seed: int = 0) -> Tensor:
    """Codes of the prior N(0, I) whose coordinates all lie within ±limit: (n, latent_dim).

    The truncation trick (Brock et al., 2019, section 3.1): samples of a GAN become better, and less diverse.
    """
    check_whole(latent_dim=latent_dim, n=n)
    if not limit > 0:
        raise ValueError(f"expected a limit above 0, got {limit}")
    share = math.erf(limit / math.sqrt(2))  # of N(0, 1) within the limit
    uniform = torch.rand(n, latent_dim, generator=torch.Generator().manual_seed(seed))
    return math.sqrt(2) * torch.erfinv(share * (2 * uniform - 1))  # the quantiles of N(0, 1), within the limit


class FittedPrior:
    """A mixture of Gaussians to draw codes from: `components` many, made by `fit_prior`."""

    def __init__(self, mixture: Distribution, components: int):
        self.mixture = mixture
        self.components = components

    def sample(self, n: int = 64, seed: int = 0) -> Tensor:
        """Draw codes (n, d) for a decoder: the same n and seed give the same codes."""
        check_whole(n=n)
        with forked_random(seed, torch.device("cpu")):
            return self.mixture.sample((n,)).float()

    def log_density(self, codes: Tensor) -> Tensor:
        """The log-density of codes (N, d), in nats: (N,)."""
        return self.mixture.log_prob(codes.detach().cpu().double()).float()


def fit_prior(
    codes: Tensor, components: int | Sequence[int] = 10, held_out: Tensor | None = None, seed: int = 0
) -> FittedPrior:
    """Fit a mixture of Gaussians to the codes (N, d) of training data, to draw from in place of N(0, I).

    Of several numbers of components the one is taken under which held-out codes (M, d) are densest. It serves every
    model with an encoder (Ghosh et al., 2020, section 4, for autoencoders; Tomczak and Welling, 2018, on the prior).
    Raises ValueError for fewer codes than components, or several numbers without held-out codes.
    """
    from sklearn.mixture import GaussianMixture

    numbers = [components] if isinstance(components, int) else list(components)
    if not numbers or (len(numbers) > 1 and held_out is None):
        raise ValueError(f"expected one number of components, or several and held_out codes, got {components}")
    check_whole(components=min(numbers))
    if codes.dim() != 2 or len(codes) < max(numbers):
        raise ValueError(f"expected codes (N, d), N at least {max(numbers)}, got the shape {tuple(codes.shape)}")
    rows = codes.detach().cpu().double().numpy()
    priors = []
    for number in numbers:
        found = GaussianMixture(number, reg_covar=1e-4 * rows.var(), random_state=seed).fit(rows)
        means, covariances, shares = map(torch.from_numpy, (found.means_, found.covariances_, found.weights_))
        gaussians = MultivariateNormal(means, covariances)
        priors.append(FittedPrior(MixtureSameFamily(Categorical(shares), gaussians), number))
    return max(priors, key=lambda prior: prior.log_density(codes if held_out is None else held_out).mean())
