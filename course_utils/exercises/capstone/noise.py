"""How heavy the tails of noise are."""

from torch import Tensor


def tails(noise: Tensor) -> str:
    """Say whether as many numbers lie beyond two spreads as in a Gaussian around 0, which is 4.6 % of them."""
    share = (noise.abs() > 2 * noise.std()).float().mean()
    return "those of a Gaussian" if 0.035 < share < 0.055 else f"{100 * share:.0f} % beyond two spreads, not 5 %"
