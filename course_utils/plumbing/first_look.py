"""What a model asks once, before its first step: do its networks take its data, and do they end as they should?

A network that ends in a sigmoid trains without an error and learns nearly nothing. How it ends is read from the graph
that autograd records, so that `nn.Sigmoid` and `torch.sigmoid` are both seen.
"""

from math import prod

import torch
from torch import Tensor, nn

from course_utils.plumbing.device import forked_random, looking_at

SQUASHES = {"Sigmoid": "a sigmoid", "Tanh": "a tanh", "Softmax": "a softmax", "LogSigmoid": "a log-sigmoid"}
RESHAPES = ("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Clone", "Transpose", "Permute", "T")
REMEDY = "leave it out, since the losses work on raw outputs"


def look_at_generator(generator: nn.Module, x: Tensor, role: str = "generator") -> None:
    """Raise ValueError for a generator (or decoder) that takes no z (N, latent_dim), or makes no data like x.

    Images get their sigmoid from the model, so that a generator must not squash them; points may end as they like.
    """
    z = torch.zeros(len(x), latent_dim_of(generator, role))  # (N, latent_dim)
    d = z.shape[1]
    output = answer(
        generator, z, role, f"begin with nn.Unflatten(1, ({d}, 1, 1)) if it wants z of shape (N, {d}, 1, 1)"
    )
    if output.shape != x.shape:
        shape = tuple(x.shape[1:])
        raise ValueError(
            f"expected data shaped like what the {role} makes, {tuple(output.shape)}, got {tuple(x.shape)}: "
            f"end the {role} with nn.Unflatten(1, {shape}) if it makes {prod(shape)} numbers for each sample"
        )
    if output.dim() == 4 and (end := squash_at_the_end(output)):
        raise ValueError(f"expected a {role} that gives logits of pixels, got {end} at its end: {REMEDY}")


def look_at_discriminator(discriminator: nn.Module, x: Tensor) -> None:
    """Raise ValueError for a discriminator that does not take x (N, ...), or that gives probabilities."""
    output = answer(discriminator, x, "discriminator", "build it for data of this shape")
    if end := squash_at_the_end(output):
        raise ValueError(f"expected a discriminator that gives logits, got {end} at its end: {REMEDY}")


def look_at_encoder(encoder: nn.Module, x: Tensor) -> None:
    """Raise ValueError for an encoder that does not take x (N, ...), or whose means and log-variances are squashed."""
    output = answer(encoder, x, "encoder", "build it for data of this shape")
    if end := squash_at_the_end(output):
        raise ValueError(f"expected an encoder that gives means and log-variances, got {end} at its end: {REMEDY}")


def latent_dim_of(generator: nn.Module, role: str) -> int:
    """Return the size of a generator's codes; raises ValueError for one that does not say."""
    if not isinstance(getattr(generator, "latent_dim", None), int):
        kind = type(generator).__name__
        raise ValueError(f"expected a {role} that has the size of z as an attribute latent_dim, got {kind} without it")
    return generator.latent_dim


def answer(network: nn.Module, x: Tensor, role: str, remedy: str) -> Tensor:
    """Return what a network makes of x, with the graph behind it, and change neither it nor any random numbers."""
    with looking_at(network) as device, forked_random(0, device), torch.enable_grad():
        x = x.detach().to(device, next(network.parameters()).dtype).requires_grad_()
        try:
            return network(x)
        except RuntimeError as error:
            first_line, *_ = str(error).splitlines()
            shape = tuple(x.shape)
            raise ValueError(
                f"expected a {role} that takes {shape}, got one that says {first_line!r}: {remedy}"
            ) from None


def squash_at_the_end(output: Tensor) -> str | None:
    """Return the squashing function that an output went through last, in words, or None."""
    node = output.grad_fn
    while node and node.name().split("Backward")[0] in RESHAPES:
        node = node.next_functions[0][0]
    name = node.name().split("Backward")[0] if node else ""
    return SQUASHES.get(name)
