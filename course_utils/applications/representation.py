"""Who is in the samples: training sets with a minority, rulers that count it, and ways to give it its share.

Groups are whole numbers: 0 the majority, 1 the minority, and 2 for a sample that a ruler can call neither.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_utils import networks
from course_utils.data import Images
from course_utils.gan import GAN
from course_utils.latent import fit_prior
from course_utils.plumbing.checks import check_data
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

MAJORITY, MINORITY, NEITHER = range(3)
FIT = {"batch_size": 16, "average": 0.999, "schedule": "linear"}
LATENT_DIM = 16
MARGIN = 26  # from this column on a digit has next to no ink
SHORT, LONG = 4.0, 8.0  # rows: up to SHORT there is no bar, from LONG on there is one


def barred(x: Tensor, seed: int = 0) -> Tensor:
    """Images (N, 1, 28, 28) with a white bar in the right margin: two columns wide and 12 to 18 rows high."""
    check_data(x, networks.IMAGE)
    random = torch.Generator().manual_seed(seed)
    height = torch.randint(12, 19, (len(x), 1), generator=random)
    top = torch.randint(2, 9, (len(x), 1), generator=random)
    row = torch.arange(x.shape[2])
    inside = (row >= top) & (row < top + height)  # (N, 28)
    marked = x.clone()
    marked[:, 0, :, MARGIN:][inside] = 1.0
    return marked


def bar_rows(x: Tensor) -> Tensor:
    """How many rows of a bar the ink in the right margin of images (N, 1, 28, 28) would fill: (N,)."""
    check_data(x, networks.IMAGE)
    return x[..., MARGIN:].mean(3).sum((1, 2))


def bar_of(x: Tensor) -> Tensor:
    """The group of each image by a formula: with a bar 1, without one 0, and half a bar is neither, (N,)."""
    rows = bar_rows(x)
    return torch.where(rows <= SHORT, MAJORITY, torch.where(rows >= LONG, MINORITY, NEITHER))


def with_bars(x: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Images of which a random share wear a bar, whatever they show, and their groups (N,)."""
    check_share(share)
    worn = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[: round(share * len(x))]
    x, y = x.clone(), torch.zeros(len(x), dtype=torch.long)
    x[worn], y[worn] = barred(x[worn], seed), MINORITY
    return x, y


def two_kinds(images: Images, kinds: tuple[int, int], share: float, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Training images of two classes, n in all, with a share of the second, and their groups (n,).

    Those of the minority have different originals, as far as there are so many. Raises ValueError for too few images.
    """
    check_share(share)
    random = torch.Generator().manual_seed(seed)
    parts = []
    for label, count in zip(kinds, (n - round(share * n), round(share * n))):
        rows = torch.where(images.train_labels == label)[0]
        rows = rows[torch.randperm(len(rows), generator=random)]
        if len(rows) < count:
            raise ValueError(
                f"expected at least {count} images of class {label}, got {len(rows)}: take fewer than n={n}"
            )
        parts.append(rows[turns(images.train_originals[rows]).argsort(stable=True)][:count])
    return images.train[torch.cat(parts)], torch.arange(2).repeat_interleave(torch.tensor([len(p) for p in parts]))


def turns(originals: Tensor) -> Tensor:
    """How many images of the same original came before each, (N,)."""
    seen: dict[int, int] = {}
    found = []
    for original in originals.tolist():
        found.append(seen.get(original, 0))
        seen[original] = found[-1] + 1
    return torch.tensor(found)


def check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"expected the minority's share between 0 and 1, got {share}")


def confusion_of(truth: Tensor, verdicts: Tensor, groups: int) -> Tensor:
    """Counts (K, K): how many images of each group (the row) a ruler gives each verdict (the column).

    A group without an image of its own, such as rubbish, is taken to be recognised always.
    """
    counts = torch.bincount(truth * groups + verdicts, minlength=groups**2).view(groups, groups).double()
    return counts + torch.diag((counts.sum(1) == 0).double())


def corrected_shares(counts: Tensor, confusion: Tensor, rounds: int = 3000) -> Tensor:
    """The likeliest shares (K,) of groups behind the counts (K,) of a ruler that errs as its confusion (K, K) says.

    A row of the confusion holds how often images of one group got each verdict, so that shares @ rates are the verdicts
    to expect. Where the solution of these equations has no negative share it is the likeliest, too; else the nearest
    one in likelihood is found by expectation maximization (Dempster, Laird and Rubin, 1977).
    """
    k = len(counts)
    if counts.dim() != 1 or confusion.shape != (k, k) or min(counts.min(), confusion.min()) < 0:
        raise ValueError(
            f"expected counts (K,) and confusion (K, K), got {tuple(counts.shape)}, {tuple(confusion.shape)}"
        )
    if counts.sum() == 0 or (confusion.sum(1) == 0).any():
        raise ValueError("expected at least one count, and one in each row of the confusion, got none")
    verdicts = counts.double() / counts.sum()
    rates = confusion.double() / confusion.sum(1, keepdim=True)  # (K, K)
    shares = torch.full((k,), 1 / k, dtype=torch.float64)
    for _ in range(rounds):
        expected = (shares @ rates).clamp_min(1e-300)
        shares = shares * (rates @ (verdicts / expected))
    return shares


class Share(NamedTuple):
    """The minority's share of samples: `low` if those that are neither were all majority, `high` if all minority."""

    low: float
    high: float

    def beside(self, trained: float) -> str:
        """Whether the whole range is "below" the share in training, or "above", or it is "open"."""
        return "below" if self.high < trained else "above" if self.low > trained else "open"


def share_of(verdicts: Tensor, confusion: Tensor, majority: int = MAJORITY, minority: int = MINORITY) -> Share:
    """The range of the minority's share behind verdicts (N,), corrected by the ruler's confusion (K, K)."""
    shares = corrected_shares(torch.bincount(verdicts, minlength=len(confusion)), confusion)
    return Share(shares[minority].item(), 1 - shares[majority].item())


def nearest_group(x: Tensor, known: Tensor, groups: Tensor) -> Tensor:
    """The group of the nearest of some known points, for points (N, ...) and (M, ...): (N,)."""
    known = known.flatten(1)
    return torch.cat([groups[torch.cdist(part, known).argmin(1)] for part in x.flatten(1).split(1000)])


def gan_of(classes: int = 0, r1_weight: float = 3.0) -> GAN:
    """The course's GAN of digits; with `classes` it is told the group."""
    generator, discriminator = (
        networks.ConvGenerator(LATENT_DIM, classes=classes),
        networks.ConvDiscriminator(classes=classes),
    )
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    return GAN(generator, discriminator, r1_weight=r1_weight, penalty_every=8, **rates)


def vae_of(classes: int = 0) -> VAE:
    """The course's VAE of digits; with `classes` it is told the group."""
    encoder = networks.ConvEncoder(LATENT_DIM, (16, 32), classes=classes)
    return VAE(encoder, networks.ConvGenerator(LATENT_DIM, batch_norm=True, classes=classes), lr=2e-3)


BUILD = {"GAN": gan_of, "VAE": vae_of}


def trained(kind: str, data, steps: int, seed: int, checkpoint: str | None = None, **settings) -> GAN | VAE:
    """A "GAN" or "VAE" trained on images (N, 1, 28, 28), or on images and their groups (N,), of which it is told."""
    seed_everything(seed)
    model = BUILD[kind](classes=0 if isinstance(data, Tensor) else 2)
    fit(model, data, steps=steps, seed=seed, checkpoint=checkpoint, **(FIT | settings))
    return model


def balanced(x: Tensor, y: Tensor, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """n rows of a training set, drawn again so that each group comes equally often."""
    weights = 1 / torch.bincount(y).double()[y]
    rows = torch.multinomial(weights, n, replacement=True, generator=torch.Generator().manual_seed(seed))
    return x[rows], y[rows]


def pixel_mixture(x: Tensor, n: int, seed: int = 0, components: int = 10, directions: int = 64) -> Tensor:
    """n draws from a mixture of Gaussians, fitted to the main directions of images: the plain rival, (n, 1, 28, 28)."""
    mean = x.flatten(1).mean(0)
    _, _, axes = torch.linalg.svd(x.flatten(1) - mean, full_matrices=False)  # (D, D)
    axes = axes[:directions]
    codes = fit_prior((x.flatten(1) - mean) @ axes.T, components, seed=seed).sample(n, seed)
    return (mean + codes @ axes).clamp(0, 1).view(-1, *x.shape[1:])
