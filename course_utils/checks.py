"""What counts as data: floats, finite, images in [0, 1]."""

from torch import Tensor


def check_data(x: Tensor, shape: tuple[int, ...] | None = None) -> None:
    """Raise TypeError or ValueError, in one sentence, unless x is data of the given shape: floats, images in [0, 1]."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"expected a tensor of floats, got {x.dtype if isinstance(x, Tensor) else type(x).__name__}")
    if len(x) == 0:
        raise ValueError("expected at least one sample, got none")
    if shape and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"expected data of shape (N, {', '.join(map(str, shape))}), got {tuple(x.shape)}")
    low, high = x.aminmax()
    if not (low.isfinite() and high.isfinite()):
        raise ValueError("expected finite values, got NaN or infinity in the data")
    if x.dim() == 4 and (low < 0 or high > 1):
        raise ValueError(f"expected images in [0, 1], got values from {low:.3g} to {high:.3g}: rescale them first")
