"""Rows of a few originals, and a generator and a classifier that remember what they were shown."""

import torch
from torch import Tensor

PER_ORIGINAL = {24: 2, 36: 3}  # rows of a probe: rows of one original


def probe(n: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images (n, 1, 2, 2), labels, originals, and the originals that are held out; rows of an original lie apart."""
    random = torch.Generator().manual_seed(n)
    count = n // PER_ORIGINAL[n]
    originals = torch.arange(count).repeat(PER_ORIGINAL[n])
    labels = originals % 5 % 3  # fewer of 2, among those held out as well
    images = torch.rand(n, 1, 2, 2, generator=random)
    images[:, 0, 0, 0] = torch.arange(n) / n  # by which a row is known
    order = torch.randperm(n, generator=random)
    held_out = torch.arange(count)[count // 2 :]
    return images[order], labels[order], 10 + originals[order], 10 + held_out


class Trained:
    """A generator and a classifier that remember what they were shown."""

    def __init__(self):
        self.learned: list[Tensor] = []
        self.taught: list[Tensor] = []
        self.asked: list[Tensor] = []

    def names(self, x: Tensor) -> Tensor:
        """Which images these are, as sorted numbers."""
        return x.detach().flatten(1).double().sum(1).sort().values

    def generate(self, x: Tensor, y: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Make seven images, whose labels are sometimes wrong, out of what was learned."""
        both(x, y)
        if isinstance(seed, (list, tuple)):
            raise TypeError("`generate` takes one seed, and got all of them")
        self.learned.append(self.names(x))
        random = torch.Generator().manual_seed(int(seed))
        chosen = torch.randint(len(x), (7,), generator=random)
        wrong = (torch.rand(7, generator=random) < 0.2).long()
        return (0.8 * x[chosen] + 0.1 * torch.rand(7, 1, 2, 2, generator=random)), (y[chosen] + wrong) % 3

    def classify(self, x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
        """The label of the nearest image that it was taught."""
        both(x, y)
        self.taught.append(self.names(x))
        self.asked.append(self.names(asked))
        return y[torch.cdist(asked.flatten(1), x.flatten(1)).argmin(1)]


def both(x: Tensor, y: Tensor) -> None:
    if len(x) != len(y):
        raise ValueError(f"expected a label for each of {len(x)} images, got {len(y)}")
