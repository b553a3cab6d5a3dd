"""Design by search: look for the code whose image is what was asked for, and rivals that look elsewhere.

A generator maps codes z (N, d) to raw output, `to_data` that to images x (N, 1, 28, 28) in [0, 1]. A critic, any
classifier, gives class logits (N, classes). A wish asks for N designs; a loss maps images to one number each, (N,).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.applications.imputation import Fills, equal, put_back
from course_utils.applications.torn_images import nats
from course_utils.comparison.measures import ink, slant
from course_utils.data import vary
from course_utils.networks import to_data
from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import in_parts, looking_at

Loss = Callable[[Tensor], Tensor]


class Wish(NamedTuple):
    """What is asked of N designs: labels (N,), ink and slant `looks` (N, 2), and their `unit` (2,), one sd of each."""

    labels: Tensor
    looks: Tensor
    unit: Tensor

    def repeat(self, times: int) -> "Wish":
        """The same wishes several times in a row, for several designs of each: (times * N,)."""
        return Wish(self.labels.repeat(times), self.looks.repeat(times, 1), self.unit)


def looks(x: Tensor) -> Tensor:
    """Ink and slant of images (N, 1, 28, 28): (N, 2). Gradients pass."""
    return torch.stack([ink(x), slant(x)], 1)


def wishes(x: Tensor, labels: Tensor, share: float) -> Wish:
    """Four wishes for each class: ink and slant at the quantiles `share` and 1 - share of its images, each with each.

    share=0.03 asks for digits as thin or bold, and as tilted, as three in a hundred are.
    """
    if not 0 < share < 0.5:
        raise ValueError(f"expected a share between 0 and 0.5, such as 0.03, got {share}")
    seen = looks(x)
    classes = labels.unique()
    ends = torch.stack([seen[labels == c].quantile(torch.tensor([share, 1 - share]), 0) for c in classes])  # (C, 2, 2)
    corners = [torch.stack([ends[:, i, 0], ends[:, j, 1]], 1) for i in (0, 1) for j in (0, 1)]
    return Wish(classes.repeat(4), torch.cat(corners), seen.std(0))


def misses(x: Tensor, wish: Wish) -> Tensor:
    """By how many sd images (N, 1, 28, 28) miss the ink and slant that were asked for: (N, 2)."""
    return (looks(x) - wish.looks) / wish.unit


def cost(critic: nn.Module, wish: Wish) -> Loss:
    """The loss of images (N, 1, 28, 28): nats that the critic lacks for the class, and squared misses."""
    return lambda x: F.cross_entropy(critic(x), wish.labels, reduction="none") + misses(x, wish).square().sum(1)


def costs_of_all(critic: nn.Module, x: Tensor, wish: Wish) -> Tensor:
    """The same loss of each of M images for each of N wishes: (N, M)."""
    logits = in_parts(critic, critic, x)
    far = (looks(x) - wish.looks[:, None]) / wish.unit  # (N, M, 2)
    return far.square().sum(2) - logits.log_softmax(1).T[wish.labels]


def prior_codes(generator: nn.Module, n: int, seed: int = 0) -> Tensor:
    """Codes z of the prior: (n, d)."""
    check_whole(n=n)
    return torch.randn(n, generator.latent_dim, generator=torch.Generator().manual_seed(seed))


def descend(
    generator: nn.Module,
    loss: Loss,
    z: Tensor,
    steps: int = 100,
    lr: float = 0.1,
    pull: float = 0.0,
    shell: bool = False,
) -> Tensor:
    """Move codes z (N, d) by Adam to where loss(image) + pull * |z|² / 2 is low; return the path (steps + 1, N, d).

    The codes move, the networks stand still. With pull=1 and a loss of -log p(wish | x) it seeks the likeliest code.
    With `shell` every code keeps the length √d that draws of the prior have (S. Menon et al., 2020).
    """
    check_whole(steps=steps)
    if not pull >= 0:
        raise ValueError(f"expected a pull of at least 0, got {pull}")
    kept = (lambda z: math.sqrt(z.shape[1]) * F.normalize(z)) if shell else (lambda z: z)
    z = kept(z.detach().clone()).requires_grad_()
    adam, path = torch.optim.Adam([z], lr), [z.detach().clone()]
    with looking_at(generator), torch.enable_grad():
        for _ in range(steps):
            total = loss(to_data(generator(z))) + pull * z.square().sum(1) / 2
            (z.grad,) = torch.autograd.grad(total.sum(), z)  # of z alone: the networks' gradients stay as they were
            adam.step()
            z.data = kept(z.data)
            path.append(z.detach().clone())
    return torch.stack(path)


def draw(generator: nn.Module, z: Tensor) -> Tensor:
    """The images of codes (N, d), without gradients: (N, 1, 28, 28)."""
    return in_parts(generator, lambda z: to_data(generator(z)), z)


def best_codes(
    generator: nn.Module, critic: nn.Module, wish: Wish, tries: int, keep: int = 1, seed: int = 0, part: int = 10_000
) -> Tensor:
    """The cheapest of `tries` random codes for each of N wishes, the `keep` best of them: (keep * N, d).

    All wishes look at the same codes.
    """
    if not 1 <= keep <= tries:
        raise ValueError(f"expected to keep from 1 to {tries} of {tries} codes, got {keep}")
    z = prior_codes(generator, tries, seed)
    costs = torch.cat([costs_of_all(critic, draw(generator, some), wish) for some in z.split(part)], 1)
    return z[costs.topk(keep, largest=False).indices.T.flatten()]


def good_starts(generator: nn.Module, critic: nn.Module, wish: Wish, tries: int, designs: int, seed: int = 0) -> Tensor:
    """The best of `tries` random codes, drawn anew for every design of N wishes: (designs * N, d)."""
    seeds = [1000 * seed + turn for turn in range(designs)]
    return torch.cat([best_codes(generator, critic, wish, tries, seed=each) for each in seeds])


@torch.no_grad()
def climb(generator: nn.Module, loss: Loss, z: Tensor, tries: int = 300, width: float = 0.5, seed: int = 0) -> Tensor:
    """Hill climbing from codes z (N, d): try a random step, keep it if it is better, without a gradient: (N, d).

    Steps grow after a success and shrink after failures, so that one in five succeeds (Rechenberg, 1973).
    """
    noise = torch.Generator().manual_seed(seed)
    best, wide = loss(draw(generator, z)), torch.full((len(z), 1), width)
    for _ in range(tries - 1):
        new = z + wide * torch.randn(z.shape, generator=noise)
        found = loss(draw(generator, new))
        better = (found < best)[:, None]
        z, best = torch.where(better, new, z), torch.minimum(found, best)
        wide = wide * torch.where(better, math.exp(0.2), math.exp(-0.05))
    return z


def retrieve(x: Tensor, labels: Tensor, originals: Tensor, wish: Wish, designs: int) -> Tensor:
    """The real images of the class that miss least, each of another original: (designs * N, 1, 28, 28)."""
    far = ((looks(x) - wish.looks[:, None]) / wish.unit).square().sum(2)  # (N, M)
    far = far.masked_fill(labels != wish.labels[:, None], torch.inf)
    rows = []
    for order in far.argsort(1):  # of one wish
        first: dict[int, int] = {}  # of each original its best image; a dict keeps the order
        for row in order.tolist():
            first.setdefault(int(originals[row]), row)
            if len(first) == designs:
                break
        rows.append(list(first.values()))
    return x[torch.tensor(rows).T.flatten()]


def varied(x: Tensor, labels: Tensor, originals: Tensor, tries: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Real images, `tries` drawn at random and turned, sheared, scaled and shifted a little; labels and originals."""
    noise = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(x), (tries,), generator=noise)
    return vary(x[rows], noise), labels[rows], originals[rows]


def edited(loss: Loss, x: Tensor, steps: int = 50, lr: float = 0.02) -> Tensor:
    """Real images (N, 1, 28, 28), sheared and stretched by Adam to where the loss is low: no generator."""

    def warped(p: Tensor) -> Tensor:  # shear and two log-scales, (N, 3)
        shear, across, down = p.T
        theta = x.new_zeros(len(x), 2, 3)
        theta[:, 0, 0], theta[:, 0, 1], theta[:, 1, 1] = (-across).exp(), shear * (-down).exp(), (-down).exp()
        return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)

    p = by_adam(lambda p: loss(warped(p)), x.new_zeros(len(x), 3), steps, lr)
    return warped(p).clamp(0, 1)


def in_pixels(loss: Loss, start: Tensor, steps: int = 100, lr: float = 0.1) -> Tensor:
    """The same search without a generator: Adam on the logits of pixels, from images (N, 1, 28, 28)."""
    return by_adam(lambda logits: loss(logits.sigmoid()), start.clamp(0.01, 0.99).logit(), steps, lr).sigmoid()


def by_adam(cost: Loss, start: Tensor, steps: int, lr: float) -> Tensor:
    """Move rows to where `cost`, one number a row, is low."""
    p = start.clone().requires_grad_()
    adam = torch.optim.Adam([p], lr)
    for _ in range(steps):
        (p.grad,) = torch.autograd.grad(cost(p).sum(), p)
        adam.step()
    return p.detach()


def variety(x: Tensor, designs: int) -> float:
    """The mean distance in pixels between two designs of one wish, of (designs * N, 1, 28, 28)."""
    if designs < 2 or len(x) % designs:
        raise ValueError(f"expected several designs of each wish, {designs} times as many images, got {len(x)}")
    rows = x.flatten(1).unflatten(0, (designs, -1)).transpose(0, 1)  # (N, designs, pixels)
    apart = torch.cdist(rows, rows)
    return (apart.sum() / (len(rows) * designs * (designs - 1))).item()


def complete(
    generator: nn.Module,
    x: Tensor,
    mask: Tensor,
    starts: int = 8,
    steps: int = 100,
    lr: float = 0.1,
    pull: float = 1.0,
    seed: int = 0,
) -> Fills:
    """Fill the gaps of x (N, 1, 28, 28), where mask is 0, by codes whose images agree where it is 1.

    Each of several random starts gives one completion, all of equal weight (after Yeh et al., 2017, with the prior's
    pull in place of their discriminator's term).
    """
    check_whole(starts=starts)
    z = prior_codes(generator, starts * len(x), seed)
    many, masks = x.repeat(starts, 1, 1, 1), mask.repeat(starts, 1, 1, 1)
    agree = lambda images: nats(images.clamp(1e-4, 1 - 1e-4).logit(), many, masks)  # noqa: E731
    z = descend(generator, agree, z, steps, lr, pull)[-1]
    return equal(put_back(draw(generator, z), many, masks).unflatten(0, (starts, -1)))
