"""Softness taken out of a comparison: the sharper images are blurred until they are as soft as the others."""

import torch
from torch import Tensor

from course_utils.metrics import sharpness


def equally_sharp(real: Tensor, fake: Tensor, *held_out: Tensor) -> tuple[Tensor, ...]:
    """Blur real images and fake ones, and held-out ones of both, to the sharpness of the softer kind.

    What a detector tells apart then is not softness.
    """
    softest = min(sharpness(real), sharpness(fake))
    widths = [blur_to(images, softest) for images in (real, fake)]
    return tuple(blurred(images, width) for images, width in zip((real, fake, *held_out), widths + widths))


def blurred(images: Tensor, width: float) -> Tensor:
    """Blur images (N, 1, 28, 28) with a Gaussian whose standard deviation is a width in pixels."""
    from scipy.ndimage import gaussian_filter  # imported here, for it takes a second

    return torch.from_numpy(gaussian_filter(images.numpy(), (0, 0, width, width))) if width else images


def blur_to(images: Tensor, softness: float) -> float:
    """The width of the blur after which images (N, 1, 28, 28) have a given sharpness, 0 for softer ones; in pixels."""
    some = images[:1000]
    low = 0.0
    high = 4.0
    if sharpness(some) <= softness:
        return low
    for _ in range(20):
        middle = (low + high) / 2
        if sharpness(blurred(some, middle)) > softness:
            low = middle
        else:
            high = middle
    return high
