"""Exercise 2 of lesson 08: the losses of a conditional GAN with four bugs; what is left of them is told.

Here are what is observed, the answer, and what can be changed in it; `mended_mistakes.py` names the mistakes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.functional import softplus

from course_utils.exercises.checker import Observation, several
from course_utils.exercises.left_behind import (
    compared,
    condition,
    earlier_gradients,
    gradient_at_weights,
    leave_gradients,
)
from course_utils.losses import non_saturating_d, non_saturating_g

SIZES = ((4, 3), (6, 2))  # images, numbers of a code
CLASSES = 10
SHAPES = {"generator": "(N, d + 10)", "discriminator": "(N, 11, 28, 28)"}
GIVEN = "what the generator was given for {} images"
SHOWN = "what the discriminator was shown for {} images"
EARLIER = "the gradients that the {} already had, after {} images,"
COUNT = ("", "one bug is left", "two bugs are left", "three bugs are left", "all four bugs are left")
BUGS = {  # in the order in which they are named; what gives them away, not the code that mends them
    "planes": "the plane of the own class is not 1 everywhere; look at two pixels of it",
    "labels": "the discriminator is told another label than the one that the sample was made for",
    "squash": "the discriminator sees raw output, and real images lie in [0, 1]",
    "cut": "the generator's loss does not reach the generator; follow its gradient",
}


def networks() -> list[tuple[nn.Module, nn.Module]]:
    """Two pairs of generator and discriminator: one convolves its planes, the other reads all pixels at once."""
    torch.manual_seed(0)
    convolving = [nn.Conv2d(11, 4, 5, stride=4), nn.Tanh(), nn.Flatten(), nn.Linear(144, 1), nn.Flatten(0)]
    reading = [nn.Flatten(), nn.Linear(11 * 784, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0)]
    made = []
    for (_, d), layers in zip(SIZES, (convolving, reading)):
        generator = nn.Sequential(nn.Linear(d + CLASSES, 784), nn.Unflatten(1, (1, 28, 28)))
        discriminator = nn.Sequential(*layers)
        with torch.no_grad():
            for p in [*generator.parameters(), *discriminator.parameters()]:
                p *= 3  # so that no bug hides behind rounding
        made.append((generator, discriminator))
    return made


def observe_mended_losses(function) -> Observation:
    """What both networks were given, both losses, what each teaches its network, and what is left in the networks."""
    seen = {}
    for (n, d), (generator, discriminator) in zip(SIZES, networks()):
        noise = torch.Generator().manual_seed(n)
        x = torch.rand(n, 1, 28, 28, generator=noise)
        y = torch.randperm(CLASSES, generator=noise)[:n]  # no label twice, so that each wrong one is seen
        z = torch.randn(n, d, generator=noise)
        right_d, right_g = mended_losses(generator, discriminator, x, y, z)
        given = watch(generator, "generator", (d + CLASSES,))
        shown = watch(discriminator, "discriminator", (CLASSES + 1, 28, 28))
        leave_gradients(generator)
        leave_gradients(discriminator)
        result = function(generator, discriminator, x, y, z)
        seen[GIVEN.format(n)] = given_in_words(given, torch.cat([z, F.one_hot(y, CLASSES)], 1))
        seen[SHOWN.format(n)] = shown_in_words(torch.cat(shown or [x[:0]]), generator, x, y, z)
        d_loss, g_loss = both(result)
        for name, number in zip(("d_loss", "g_loss"), several(result, "d_loss, g_loss")):
            seen[f"{name} for {n} images"] = number
        reaches = not isinstance(gradient_at_weights(d_loss, generator), str)
        seen[f"what d_loss gives the generator's weights for {n} images"] = "a gradient" if reaches else "no gradient"
        seen |= compared(
            gradient_at_weights(d_loss, discriminator),
            gradient_at_weights(right_d, discriminator),
            f"the gradient of d_loss at the discriminator's weights for {n} images",
        )
        seen |= compared(
            gradient_at_weights(g_loss, generator),
            gradient_at_weights(right_g, generator),
            f"the gradient of g_loss at the generator's weights for {n} images",
        )
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            seen[f"the {name} after {n} images"] = condition(network)
            seen[EARLIER.format(name, n)] = earlier_gradients(network)
    return seen


def watch(network: nn.Module, name: str, shape: tuple[int, ...]) -> list[Tensor]:
    """Keep what a network is given from now on; other inputs than one batch of this shape raise an error."""
    kept = []

    def keep(network, args, kwargs):
        inputs = [*args, *kwargs.values()]
        if len(inputs) > 1:
            raise ValueError(f"the {name} takes one tensor, {SHAPES[name]}, got {len(inputs)}")
        (batch,) = inputs
        if batch.shape[1:] != shape:
            raise ValueError(f"the {name} takes {SHAPES[name]}, got {tuple(batch.shape)}")
        kept.append(batch.detach().clone())

    network.register_forward_pre_hook(keep, with_kwargs=True)
    return kept


def given_in_words(given: list[Tensor], right: Tensor) -> str:
    if not given:
        return "none"
    fits = all(inputs.shape == right.shape and torch.allclose(inputs, right) for inputs in given)
    return "`z` and the one-hot labels `y`" if fits else "something else"


@torch.no_grad()
def shown_in_words(shown: Tensor, generator: nn.Module, x: Tensor, y: Tensor, z: Tensor) -> str:
    """Say which images came with which planes: (M, 11, 28, 28)."""
    one_hot = F.one_hot(y, CLASSES).float()
    raw = generator(torch.cat([z, one_hot], 1))
    names = ("real images", "samples", "raw output")
    known = torch.cat([x, raw.sigmoid(), raw]).flatten(1)  # (3N, 784)
    kinds = set()
    for image, planes in zip(shown[:, 0].flatten(1), shown[:, 1:]):
        distance, place = (known - image).abs().amax(1).min(0)
        name = names[place // len(y)] if distance < 1e-5 else "other images"
        kinds.add(f"{name} with {labels_in_words(planes, one_hot[place % len(y)])}")
    return " and ".join(sorted(kinds)) or "none"


def labels_in_words(planes: Tensor, own: Tensor) -> str:
    """Say which label ten planes (10, 28, 28) tell."""
    label = planes[:, 0, 0]
    if not (planes == label[:, None, None]).all():
        return "uneven planes"
    return "their labels" if torch.equal(label, own) else "other labels"


def both(result) -> tuple:
    """The two losses as they came, None where they did not."""
    if isinstance(result, dict):
        return result.get("d_loss"), result.get("g_loss")
    pair = isinstance(result, (tuple, list)) or (isinstance(result, Tensor) and result.dim() == 1)
    return tuple(result) if pair and len(result) == 2 else (None, None)


def filled(one_hot: Tensor) -> Tensor:
    """One-hot labels as planes: (N, 10) to (N, 10, 28, 28)."""
    return one_hot[:, :, None, None].expand(-1, -1, 28, 28)


def scrambled(one_hot: Tensor) -> Tensor:
    return one_hot.repeat(1, 28 * 28).view(-1, CLASSES, 28, 28)


def as_it_is(images: Tensor) -> Tensor:
    return images


RAW = (as_it_is, as_it_is)


def shuffled(planes: Tensor) -> Tensor:
    """Planes in another order, the same at every call."""
    with torch.random.fork_rng():
        return planes[torch.randperm(len(planes))]


def image_first(image: Tensor, planes: Tensor) -> Tensor:
    return torch.cat([image, planes], 1)


def both_losses(d_loss: Tensor, g_loss: Tensor) -> tuple[Tensor, Tensor]:
    return d_loss, g_loss


def losses_with(generator, discriminator, x, y, z, *, bugs=(), planes=filled, real=as_it_is, real_label=as_it_is,
                fake_label=as_it_is, g_label=as_it_is, squash=(torch.sigmoid, torch.sigmoid), hide=torch.detach,
                hide_g=as_it_is, pair=image_first, d=non_saturating_d, g=non_saturating_g,
                give=both_losses):  # fmt: skip
    """Both losses with some of the bugs, or with one thing changed."""
    if "planes" in bugs:
        planes = scrambled
    if "labels" in bugs:
        fake_label = shuffled
    if "squash" in bugs:
        squash = RAW
    if "cut" in bugs:
        hide_g = torch.detach
    one_hot = F.one_hot(y, CLASSES).float()
    told = planes(one_hot)
    raw = generator(torch.cat([z, one_hot], 1))
    for_d, for_g = (squashed(raw) for squashed in squash)
    real_logits = discriminator(pair(real(x), real_label(told)))
    d_loss = d(real_logits, discriminator(pair(hide(for_d), fake_label(told))))
    return give(d_loss, g(discriminator(pair(hide_g(for_g), g_label(told)))))


def mended_losses(
    generator: nn.Module, discriminator: nn.Module, x: Tensor, y: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    return losses_with(generator, discriminator, x, y, z)


def left(bugs: tuple[str, ...]) -> str:
    """Name the first of the bugs that are left, and how many there are."""
    return f"{COUNT[len(bugs)]}{': ' if len(bugs) == 1 else '; one of them: '}{BUGS[bugs[0]]}."


def with_a_third_term(weight: float):
    """Both losses, where real images with labels of others are to be called generated too, by this weight."""

    def answer(generator, discriminator, x, y, z):
        d_loss, g_loss = mended_losses(generator, discriminator, x, y, z)
        torn = discriminator(image_first(x, shuffled(filled(F.one_hot(y, CLASSES).float()))))
        return d_loss + weight * softplus(torn).mean(), g_loss

    return answer


def wiped(generator, discriminator, x, y, z):
    generator.zero_grad()
    discriminator.zero_grad()
    return mended_losses(generator, discriminator, x, y, z)


def in_evaluation_mode(generator, discriminator, x, y, z):
    return mended_losses(generator.eval(), discriminator.eval(), x, y, z)


def summed_d(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).sum() + softplus(fake).sum()


def summed_g(fake: Tensor) -> Tensor:
    return softplus(-fake).sum()


def each_d(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real) + softplus(fake)


def each_g(fake: Tensor) -> Tensor:
    return softplus(-fake)
