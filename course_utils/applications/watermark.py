"""A mark in every sample that tells where it comes from: how it is written, found, copied and removed.

A key is a picture of random signs (1, 28, 28). A little of it is added to each sample; whoever knows the key finds it
again by correlation (after Cox et al., 1997, who spread a key over the strongest waves of a picture). Whether a
correlation is large is told by other keys on the same images: a wrong key has no reason to fit better than any other.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.metrics import nearest_neighbours
from course_utils.plumbing.checks import check_data, check_whole

Filter = Callable[[Tensor], Tensor]  # images (N, 1, H, W) to the same shape
BLOCK = 2  # pixels that share a sign: a sign for each pixel does not survive a shift or a blur


def random_keys(n: int, seed: int = 0, size: int = 28) -> Tensor:
    """Keys (n, 1, size, size) of signs that are random from block to block."""
    check_whole(n=n)
    blocks = -(-size // BLOCK)
    signs = torch.randint(2, (n, 1, blocks, blocks), generator=torch.Generator().manual_seed(seed)) * 2.0 - 1
    return signs.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)[..., :size, :size]


def mark(x: Tensor, key: Tensor, strength: float = 0.05) -> Tensor:
    """Add a key (1, H, W) to images (N, 1, H, W) in [0, 1], and cut off what leaves the range."""
    check_data(x)
    if key.shape != x.shape[1:]:
        raise ValueError(f"expected a key shaped {tuple(x.shape[1:])} as the images are, got {tuple(key.shape)}")
    return (x + strength * key).clamp(0, 1)


def residual(x: Tensor) -> Tensor:
    """What a picture has beyond the mean around each pixel: the strokes, which hide the mark, get weaker."""
    return x - F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def whitening(real: Tensor, ridge: float = 3e-3) -> Filter:
    """A filter after which the pixels of real images (N, 1, H, W) are as strong everywhere and tell nothing of others.

    Against Gaussian content it is the best that a linear detector of a mark can do; it takes real images to learn.
    """
    pixels = real.flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(pixels.T) + ridge * torch.eye(pixels.shape[1]))
    whiten = vectors / values.sqrt() @ vectors.T
    return lambda x: (x.flatten(1) @ whiten).view(x.shape)


def responses(x: Tensor, keys: Tensor, through: Filter = residual) -> Tensor:
    """The correlation of each image (N, 1, H, W) with each key (K, 1, H, W), both through a filter: (N, K)."""
    rows, columns = (F.normalize(through(part).flatten(1), dim=1) for part in (x, keys))
    return rows @ columns.T


def standard(found: Tensor) -> Tensor:
    """How many standard deviations the first key's response lies above those of the others: (..., K) to (...)."""
    others = found[..., 1:]
    return (found[..., 0] - others.mean(-1)) / others.std(-1)


def mark_score(images: Tensor, keys: Tensor) -> float:
    """The z-score of keys[0] among the other keys (K, 1, H, W), for the mean response of all images (N, 1, H, W).

    An image without the mark scores about N(0, 1), whatever it shows and whatever was done to it.
    """
    if len(keys) < 3:
        raise ValueError(f"expected a key and at least two others to compare it with, got {len(keys)}")
    return standard(responses(images, keys).mean(0)).item()


def in_groups(found: Tensor, n: int) -> Tensor:
    """The mean response of each n images in a row: (N, K) to (N // n, K); a rest is left out."""
    check_whole(n=n)
    return found[: len(found) // n * n].unflatten(0, (-1, n)).mean(1)


def beats_all(found: Tensor) -> float:
    """How often the first key's response is the largest of all: (N, K) to a share in [0, 1].

    For a key that the images do not know it is 1 / K, on average over the draw of keys: all are drawn alike.
    """
    return (found[:, 0] > found[:, 1:].amax(1)).float().mean().item()


def searched(x: Tensor, keys: Tensor, reach: int = 1) -> Tensor:
    """The largest response of each key over all shifts by up to `reach` pixels: (N, K). Wrong keys search as well."""
    moves = range(-reach, reach + 1)
    shifts = (x.roll((down, across), (2, 3)) for down in moves for across in moves)
    return torch.stack([responses(shifted, keys) for shifted in shifts]).amax(0)


def bit_keys(bits: int, seed: int = 0, size: int = 28) -> Tensor:
    """One random key shared out: each block belongs to one of the bits: (bits, 1, size, size), 0 elsewhere."""
    check_whole(bits=bits)
    blocks = -(-size // BLOCK)
    order = torch.randperm(blocks**2, generator=torch.Generator().manual_seed(seed)) % bits
    owner = order.view(1, blocks, blocks).repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2)[:, :size, :size]
    return random_keys(1, seed, size) * (owner == torch.arange(bits)[:, None, None])[:, None]


def message_key(keys: Tensor, message: Tensor) -> Tensor:
    """The key (1, H, W) that says a message: bits (B,) of 0 and 1, each the sign of its own key (B, 1, H, W)."""
    if len(message) != len(keys):
        raise ValueError(f"expected a bit for each of {len(keys)} keys, got {len(message)}")
    return ((2.0 * message - 1)[:, None, None, None] * keys).sum(0)


def read(x: Tensor, keys: Tensor, together: int = 1) -> Tensor:
    """The bits that images (N, 1, H, W) carry, each from the mean of `together` images: (N // together, B)."""
    return (in_groups(responses(x, keys), together) > 0).long()


def stolen(marked: Tensor, real: Tensor) -> Tensor:
    """What marked samples have more than real images, on average: the mark, for who does not know the key, (1, H, W).

    Content averages out, a constant mark does not.
    """
    return marked.mean(0) - real.mean(0)


def read_off(marked: Tensor, dark: float = 0.1) -> Tensor:
    """The signs of a key (1, H, W) as a thief reads them where samples are black, 0 where they are not.

    One sample may do: next to a black background the mark stands in plain sight, as a grey or as no grey.
    """
    votes = torch.where(marked > dark / 4, 1.0, -1.0) * (marked < dark)  # (N, 1, H, W)
    blocks = F.avg_pool2d(votes.sum(0), BLOCK).sign()  # (1, H / 2, W / 2)
    return blocks.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2)


def taken_off(x: Tensor, pattern: Tensor) -> Tensor:
    """Subtract a stolen mark; with a minus sign it is put on, on whatever picture."""
    return (x - pattern).clamp(0, 1)


def cut_blacks(x: Tensor, below: float = 0.15) -> Tensor:
    """Stretch grey levels so that those up to a level become black, and white stays white."""
    return ((x - below) / (1 - below)).clamp(0, 1)


def in_log(x: Tensor, log: Tensor) -> Tensor:
    """The distance of each image to the nearest one that a provider has kept: (N,). Small means: it is ours."""
    return nearest_neighbours(x, log)[0]


def regenerated(
    encode: Callable[[Tensor], Tensor], decode: Callable[[Tensor], Tensor], x: Tensor, noise: float = 0.0
) -> Tensor:
    """Draw images anew from their codes, with Gaussian noise on those if asked (compare Zhao et al., 2024)."""
    codes = encode(x)
    return decode(codes + noise * torch.randn(codes.shape, generator=torch.Generator().manual_seed(0)))
