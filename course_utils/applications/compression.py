"""Lossless compression of black and white images: a coder whose stack of bits is one whole number, and three models.

Bits back with a VAE (Townsend et al., 2019, arXiv:1901.04866), a context model that counts neighbours (the idea of
JBIG), and ordinary files. All sizes are in bits. Images are (N, 1, H, W) of zeros and ones, binarised before.
"""

import bz2
import io
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy.stats import norm
from torch import Tensor
from torch.nn import functional as F

from course_utils.plumbing.checks import check_whole
from course_utils.vae import VAE

PRECISION = 24  # a probability is a whole number of 2 ** -24
NEIGHBOURS = ((0, -1), (0, -2), (0, -3), (-1, -2), (-1, -1), (-1, 0), (-1, 1), (-1, 2), (-2, -1), (-2, 0), (-2, 1))
NEIGHBOURS = (*NEIGHBOURS, (-3, 0), (-2, -2), (-2, 2), (-3, -1), (-3, 1))  # the nearest first, (rows, columns) away
TWELVE = 12  # of these sixteen pixels above and to the left a context model looks at the first twelve
CONTEXTS = 2**TWELVE
Find = Callable[[int], tuple[int, int, int]]  # a slot to the symbol that owns it, its start and its width


def push(state: int, start: int, width: int, precision: int = PRECISION) -> int:
    """Put a symbol on the stack: it owns the `width` slots from `start` on, of 2 ** precision (rANS: Duda, 2013)."""
    return (state // width << precision) + state % width + start


def pop(state: int, find: Find, precision: int = PRECISION) -> tuple[int, int]:
    """Take the last symbol off the stack, and return it with the stack as it was before its `push`."""
    slot = state & ((1 << precision) - 1)
    symbol, start, width = find(slot)
    return symbol, width * (state >> precision) + slot - start


def push_bits(state: int, bits: Sequence[int], ones: Sequence[int], precision: int = PRECISION) -> int:
    """Put bits on the stack, the last one first; `ones` has each one's probability to be 1, as a number of slots."""
    for bit, one in zip(reversed(bits), reversed(ones)):
        state = push(state, 0, one, precision) if bit else push(state, one, (1 << precision) - one, precision)
    return state


def pop_bit(state: int, one: int, precision: int = PRECISION) -> tuple[int, int]:
    """Take one bit off the stack, which is 1 with a probability of `one` slots."""
    return pop(state, lambda slot: (1, 0, one) if slot < one else (0, one, (1 << precision) - one), precision)


def slots(p: Tensor, precision: int = PRECISION) -> list[int]:
    """Probabilities as numbers of slots, neither none nor all of them: in order, a flat list."""
    whole = 1 << precision
    return p.double().flatten().mul(whole).round().clamp(1, whole - 1).long().tolist()


def bits_that_wait(n: int, seed: int = 0) -> int:
    """A stack of n random bits, as something else that is to be sent anyway: the first image borrows from it."""
    check_whole(1, n=n)
    return (1 << n) + int.from_bytes(np.random.default_rng(seed).bytes(-(-n // 8)), "big") % (1 << n)


def check_binary(x: Tensor) -> None:
    """Raise ValueError for images with greys, for which a Bernoulli is no code."""
    if not torch.equal(x, (x > 0.5).to(x.dtype)):
        raise ValueError("expected pixels of 0 and 1, got greys: a Bernoulli codes no greys; binarise with x > 0.5")


@dataclass(frozen=True)
class BitsBack:
    """Codes images with a VAE: take a code off the stack, put the image on, put the code on (Townsend et al., 2019).

    Each latent dimension has `bins` that are equally likely under N(0, 1), and a probability has `precision` bits.
    Decoding needs the networks' outputs to the last bit: same machine, same number of threads, one image at a time.
    """

    vae: VAE
    bins: int = 1024
    precision: int = PRECISION

    def __post_init__(self):
        if self.bins < 2 or self.bins & (self.bins - 1) or self.bins >= 1 << self.precision:
            expected = f"a power of two from 2 to less than 2 ** precision = {1 << self.precision}"
            raise ValueError(f"expected bins to be {expected}, got {self.bins}")
        if self.vae.likelihood != "bernoulli":
            raise ValueError(f'expected a VAE with likelihood="bernoulli", got {self.vae.likelihood!r}')

    @property
    def width(self) -> int:
        """The slots that a bin owns under the prior."""
        return (1 << self.precision) // self.bins

    def middles(self) -> Tensor:
        """The value that stands for each bin, half of its probability on each side: (bins,)."""
        return torch.tensor(norm.ppf((np.arange(self.bins) + 0.5) / self.bins), dtype=torch.float32)

    def starts(self, x: Tensor) -> np.ndarray:
        """Where the slots of each bin begin under q(z | x), x (1, H, W): (latent_dim, bins + 1), each bin has one."""
        mu, logvar = (each[0].double().numpy() for each in self.vae.encode(x[None]))  # (latent_dim,) each
        edges = norm.ppf(np.arange(self.bins + 1) / self.bins)
        below = norm.cdf((edges - mu[:, None]) / np.exp(logvar / 2)[:, None])  # (latent_dim, bins + 1)
        return (below * ((1 << self.precision) - self.bins)).astype(np.int64) + np.arange(self.bins + 1)

    def ones(self, code: list[int]) -> list[int]:
        """The slots of a 1 for each pixel of p(x | z)."""
        z = self.middles()[torch.tensor(code)][None]  # (1, latent_dim)
        return slots(self.vae.decoder(z).sigmoid(), self.precision)

    def take_code(self, state: int, x: Tensor) -> tuple[list[int], int]:
        """Draw a code, one bin a dimension, with bits of the stack: pop it by q(z | x)."""
        code = []
        for row in self.starts(x):

            def find(slot: int, row=row) -> tuple[int, int, int]:
                k = int(np.searchsorted(row, slot, side="right")) - 1
                return k, int(row[k]), int(row[k + 1] - row[k])

            k, state = pop(state, find, self.precision)
            code.append(k)
        return code, state

    def give_back(self, state: int, x: Tensor, code: list[int]) -> int:
        """Undo `take_code`."""
        for k, row in zip(reversed(code), self.starts(x)[::-1]):
            state = push(state, int(row[k]), int(row[k + 1] - row[k]), self.precision)
        return state

    def put(self, state: int, x: Tensor, code: list[int]) -> int:
        """Push an image (1, H, W) by p(x | z), then its code by the prior."""
        state = push_bits(state, x.flatten().int().tolist(), self.ones(code), self.precision)
        for k in code:
            state = push(state, k * self.width, self.width, self.precision)
        return state

    @torch.no_grad()
    def encode(self, images: Tensor, state: int) -> int:
        """Put images (N, 1, H, W) on a stack."""
        check_binary(images)
        self.vae.eval()
        for x in images:
            code, state = self.take_code(state, x)
            state = self.put(state, x, code)
        return state

    @torch.no_grad()
    def decode(self, n: int, state: int, shape: tuple[int, ...] = (1, 28, 28)) -> tuple[Tensor, int]:
        """Take n images off the stack, the last one first: images (n, 1, H, W) and the bits that waited."""
        check_whole(1, n=n)
        self.vae.eval()
        images, width = [], self.width
        for _ in range(n):
            code = []
            for _ in range(self.vae.decoder.latent_dim):
                k, state = pop(state, lambda slot: (slot // width, slot // width * width, width), self.precision)
                code.insert(0, k)
            pixels = []
            for one in self.ones(code):
                bit, state = pop_bit(state, one, self.precision)
                pixels.append(bit)
            x = torch.tensor(pixels, dtype=torch.float32).view(shape)
            state = self.give_back(state, x, code)
            images.insert(0, x)
        return torch.stack(images), state

    @torch.no_grad()
    def alone(self, x: Tensor, waiting: int) -> int:
        """The bits of one image (1, H, W) that gives none back: its pixels and its code, beyond those that waited."""
        code, state = self.take_code(waiting, x)
        return self.put(state, x, code).bit_length() - state.bit_length()


def contexts(x: Tensor, neighbours: int = TWELVE) -> Tensor:
    """The number, below 4,096, that the twelve neighbours of each pixel spell: (N, 1, H, W) to (N, H, W).

    With up to sixteen `neighbours` it is below 2 to that power.
    """
    check_binary(x)
    check_whole(1, neighbours=neighbours)
    check_whole(neighbours, known=len(NEIGHBOURS))
    _, _, height, width = x.shape
    around = F.pad(x[:, 0], (3, 3, 3, 0)).int()  # outside all is 0
    number = torch.zeros_like(x[:, 0], dtype=torch.int32)
    for i, (dy, dx) in enumerate(NEIGHBOURS[:neighbours]):
        number += around[:, 3 + dy : 3 + dy + height, 3 + dx : 3 + dx + width] << i
    return number.long()


def counts(context: Tensor, x: Tensor, n: int = CONTEXTS) -> Tensor:
    """How often a pixel was 0 and 1 in each context: context and x of equally many pixels, to (n, 2)."""
    return torch.bincount(2 * context.flatten() + x.flatten().long(), minlength=2 * n).view(n, 2).double()


def shares(counted: Tensor) -> Tensor:
    """The probability of a 1 in each context, with half a pixel more of each kind (Krichevsky and Trofimov): (n,)."""
    return (counted[:, 1] + 0.5) / (counted.sum(1) + 1)


def bits_of(p: Tensor, x: Tensor) -> Tensor:
    """What each pixel costs if a 1 has probability p: -log2 of the probability of what it is; the shape of x."""
    return -torch.where(x > 0.5, p, 1 - p).log2()


def adaptive_bits(counted: Tensor) -> float:
    """What all pixels cost if the shares are learned while coding, from nothing: the order does not matter.

    The product of the Krichevsky-Trofimov probabilities is a Beta function of the final counts (n, 2).
    """
    zeros, ones = counted.unbind(1)
    log_p = torch.lgamma(zeros + 0.5) + torch.lgamma(ones + 0.5) - torch.lgamma(zeros + ones + 1) - math.log(math.pi)
    return -log_p.sum().item() / math.log(2)


def encode_contexts(images: Tensor, p: Tensor, state: int) -> int:
    """Put images on a stack by a context model, p (4096,): the last pixel first, so that decoding goes forward."""
    for x, context in zip(images, contexts(images)):
        state = push_bits(state, x.flatten().int().tolist(), slots(p[context]))
    return state


def decode_contexts(n: int, p: Tensor, state: int, size: int = 28) -> tuple[Tensor, int]:
    """Take n images of size × size off the stack, the last one first; each pixel's context is known before it."""
    ones, images = slots(p), []
    for _ in range(n):
        x = np.zeros((size + 3, size + 6), dtype=int).tolist()
        for row in range(3, size + 3):
            for column in range(3, size + 3):
                context = sum(x[row + dy][column + dx] << i for i, (dy, dx) in enumerate(NEIGHBOURS[:TWELVE]))
                x[row][column], state = pop_bit(state, ones[context])
        images.insert(0, torch.tensor(x, dtype=torch.float32)[None, 3:, 3:-3])
    return torch.stack(images), state


def picture(x: Tensor, format: str, **settings) -> bytes:
    """One image file of all images (N, 1, H, W), below one another."""
    file = io.BytesIO()
    sheet = x[:, 0].flatten(0, 1).bool().numpy()
    Image.fromarray(np.where(sheet, 255, 0).astype(np.uint8)).convert("1", dither=0).save(file, format, **settings)
    return file.getvalue()


def packed(x: Tensor) -> bytes:
    """Eight pixels in a byte, image by image: 98 bytes for 28 × 28."""
    return np.packbits(x.flatten(1).bool().numpy(), axis=1).tobytes()


def spread(x: Tensor) -> bytes:
    """A byte for each pixel, so that coders of bytes see the pixels themselves."""
    return x.flatten().byte().numpy().tobytes()


FILES: dict[str, Callable[[Tensor], bytes]] = {
    "png": lambda x: picture(x, "PNG", optimize=True),
    "zlib": lambda x: min((zlib.compress(pixels, 9) for pixels in (packed(x), spread(x))), key=len),
    "tiff": lambda x: picture(x, "TIFF", compression="group4"),
    "bz2": lambda x: min((bz2.compress(pixels, 9) for pixels in (packed(x), spread(x))), key=len),
}


def file_bits(x: Tensor, kind: str) -> float:
    """Bits per image of one file with all images, of a kind in FILES; zlib and bz2 take the smaller of two layouts."""
    if kind not in FILES:
        raise ValueError(f"expected one of {', '.join(FILES)}, got {kind!r}")
    check_binary(x)
    return 8 * len(FILES[kind](x)) / len(x)
