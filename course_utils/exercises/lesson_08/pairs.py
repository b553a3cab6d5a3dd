"""Exercise 3 of lesson 08: one step of the discriminator of a BiGAN, which judges pairs."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, Observation, altered, value, weights
from course_utils.exercises.left_behind import condition
from course_utils.exercises.lesson_03.players import BATCHES, STEPS, added, leave_gradients
from course_utils.exercises.other_losses import OTHER_D
from course_utils.exercises.sentences import SUM
from course_utils.losses import non_saturating_d

SHOWN = "the pairs that the discriminator was shown in the {}"
TWO_INPUTS = "the discriminator takes points (N, 2) and their codes (N, 3)"


class Pairs(nn.Module):
    """A small discriminator of points x (N, 2) with codes z (N, 3), which keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
        self.shown: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        if z is None:
            raise ValueError(f"{TWO_INPUTS}, got one tensor")
        if x.shape[1:] != (2,) or z.shape[1:] != (3,):
            raise ValueError(f"{TWO_INPUTS}, got {tuple(x.shape)} and {tuple(z.shape)}")
        self.shown.append((x.detach().clone(), z.detach().clone()))
        return self.layers(torch.cat([x, z], 1))


@dataclass
class Game:
    """Three networks and an optimizer whose rate nobody guesses and that has momentum."""

    encoder: nn.Module
    generator: nn.Module
    discriminator: Pairs
    optimizer: torch.optim.Optimizer
    steps: list[str] = field(default_factory=list)  # one entry for each step of the optimizer


def game() -> Game:
    """Small networks for points (N, 2) and codes (N, 3)."""
    encoder = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))
    generator = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    discriminator = Pairs()
    with torch.no_grad():
        for p in discriminator.parameters():
            p *= 4  # outputs beyond 1 and -1, where the hinge loss bends
        discriminator.layers[-2].bias += 1.3
    made = Game(encoder, generator, discriminator, torch.optim.SGD(discriminator.parameters(), 0.237, momentum=0.7))
    made.optimizer.register_step_post_hook(lambda *_: made.steps.append("one more"))
    return made


def observe_pairs_step(function) -> Observation:
    """The pairs that were shown, and what two steps did to three networks with old gradients."""
    played = game()
    others = {"encoder": played.encoder, "generator": played.generator}
    networks = others | {"discriminator": played.discriminator}
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for step, n in zip(STEPS, BATCHES):
        x = torch.randn(n, 2, generator=noise) + 1
        z = torch.randn(n, 3, generator=noise)
        for network in networks.values():
            leave_gradients(network)
        before = {name: weights(network) for name, network in networks.items()}
        played.steps.clear()
        played.discriminator.shown.clear()
        function(played.encoder, played.generator, played.discriminator, played.optimizer, x, z)
        seen[SHOWN.format(step)] = shown_in_words(played.discriminator.shown, played.encoder, played.generator, x, z)
        for name, network in others.items():
            seen[reached(name, step)] = added(network)
            moved = "moved" if (weights(network) != before[name]).any() else "where it was"
            seen[f"the {name} after the {step}"] = moved if moved == "moved" else condition(network)
        move = weights(played.discriminator) - before["discriminator"]
        seen[mover(step)] = "something else" if move.any() and not played.steps else "`optimizer`"
        seen[f"the number of steps of `optimizer` in the {step}"] = value(len(played.steps))
        seen[moves(step)] = move
        seen[f"the discriminator after the {step}"] = condition(played.discriminator)
    return seen


def reached(name: str, step: str) -> str:
    return f"what the {step} added to the {name}'s gradients"


def mover(step: str) -> str:
    return f"what moves the discriminator in the {step}"


def moves(step: str) -> str:
    return f"the discriminator's move in the {step}"


@torch.no_grad()
def shown_in_words(shown: list[tuple[Tensor, Tensor]], encoder: nn.Module, generator: nn.Module, x, z) -> str:
    """Say which points came with which codes, row by row."""
    found, drawn = encoder(x), generator(z)
    images = {"real images": x, "samples": drawn, "reconstructions": generator(found)}
    codes = {"codes of real images": found, "drawn codes": z, "codes of samples": encoder(drawn)}
    kinds = set()
    for points, latents in shown:
        for point, latent in zip(points, latents):
            image, i = first_like(images, point) or ("other images", 0)
            code, j = first_like(codes, latent) or ("other codes", i)
            kinds.add(f"{image} with {code}" + ("" if i == j or "other" in image else " in another order"))
    return " and ".join(sorted(kinds)) or "none"


def first_like(known: dict[str, Tensor], row: Tensor) -> tuple[str, int] | None:
    """The name of the first tensor (N, d) that has this row (d,), and the row's number."""
    for name, rows in known.items():
        alike = torch.isclose(rows, row, atol=1e-6).all(1)
        if alike.any():
            return name, int(alike.float().argmax())
    return None


def right_pairs(encoder, generator, x, z) -> tuple[tuple, tuple]:
    """The pair that stands for real, and the pair that stands for generated."""
    return (x, encoder(x)), (generator(z), z)


def hidden(network):
    """A network as a function through which no gradient passes."""
    return lambda inputs: network(inputs).detach()


def d_step(encoder, generator, discriminator, optimizer, x, z, *, pairs=right_pairs, hide=("encoder", "generator"),
           order=("zero_grad", "backward", "step"), loss=non_saturating_d) -> None:  # fmt: skip
    """The discriminator's step with one thing changed; gradients are cut off from the networks in `hide`."""
    encode = hidden(encoder) if "encoder" in hide else encoder
    generate = hidden(generator) if "generator" in hide else generator
    real, fake = pairs(encode, generate, x, z)
    total = loss(discriminator(*real), discriminator(*fake))
    calls = {"zero_grad": optimizer.zero_grad, "backward": total.backward, "step": optimizer.step}
    for call in order:
        calls[call]()


def pairs_step(
    encoder: nn.Module, generator: nn.Module, discriminator: nn.Module, optimizer, x: Tensor, z: Tensor
) -> None:
    d_step(encoder, generator, discriminator, optimizer, x, z)


def two_steps(encoder, generator, discriminator, optimizer, x, z) -> None:
    """A step for each kind of pair."""
    optimizer.zero_grad()
    softplus(-discriminator(x, encoder(x).detach())).mean().backward()
    optimizer.step()
    optimizer.zero_grad()
    softplus(discriminator(generator(z).detach(), z)).mean().backward()
    optimizer.step()


def only_real(encoder, generator, discriminator, optimizer, x, z) -> None:
    optimizer.zero_grad()
    softplus(-discriminator(x, encoder(x).detach())).mean().backward()
    optimizer.step()


def only_generated(encoder, generator, discriminator, optimizer, x, z) -> None:
    optimizer.zero_grad()
    softplus(discriminator(generator(z).detach(), z)).mean().backward()
    optimizer.step()


def drawn_anew(encoder, generator, x, z) -> tuple[tuple, tuple]:
    codes = torch.randn_like(z)
    return (x, encoder(x)), (generator(codes), codes)


OTHER_CODES = "the codes are others than the argument `z`: leave out the `torch.randn`."
OTHER_PAIRS = {  # instead of `right_pairs`
    lambda E, G, x, z: ((x, z), (G(z), E(x))): (
        "the pairs are torn apart: an image comes with its own code, and a code with its own image."
    ),
    lambda E, G, x, z: ((x, E(x)), (G(z), E(G(z)))): (
        "the second pair has a code that the encoder found for the sample: it must be the `z` that the sample was made "
        "from. Else nothing would tie the encoder's codes to the drawn ones."
    ),
    lambda E, G, x, z: ((x, E(x)), (G(E(x)), E(x))): (
        "the second pair is a reconstruction here: in a BiGAN it begins with a drawn `z`, and nothing is rebuilt."
    ),
    lambda E, G, x, z: ((x, E(x)), (G(E(x)), z)): (
        "the second pair is a reconstruction beside a drawn code, which was not made from it: the sample is made from "
        "`z`."
    ),
    lambda E, G, x, z: ((x, z), (G(z), z)): (
        "the real images come with drawn codes, which are not theirs: use `encoder(x)`."
    ),
    lambda E, G, x, z: ((x, E(x)), (G(z), E(x))): (
        "the sample comes with the code of a real image: it must be the `z` that the sample was made from."
    ),
    lambda E, G, x, z: ((x, E(x)), (x, z)): (
        "the generator has no part in this: the second pair is the sample `generator(z)` with its `z`."
    ),
    lambda E, G, x, z: ((x, E(x)), (G(z).sigmoid(), z)): "`generator(z)` is a sample already: no sigmoid.",
    drawn_anew: OTHER_CODES,
    lambda E, G, x, z: ((x, E(x)), (G(z), torch.randn_like(z))): OTHER_CODES,
    lambda E, G, x, z: ((x, E(x)), (G(torch.randn_like(z)), z)): OTHER_CODES,
}
REACHED = ("encoder", "generator"), ("encoder",), ("generator",), ()  # the networks that are cut off
NO_GRADIENT = (
    "its optimizer took a step and the discriminator stayed where it was: no gradient was there. The order is "
    "`zero_grad()`, `backward()`, `step()`."
)
ONLY_REAL = (
    "the discriminator learned from real pairs only: it must see generated ones too, and `.detach()` belongs on the "
    "sample, not on the logits."
)
ONLY_GENERATED = (
    "the discriminator learned from generated pairs only: it must see real ones too, and `.detach()` belongs on the "
    "code, not on the logits."
)

check_pairs_step = Exercise(
    pairs_step,
    observe_pairs_step,
    {altered(d_step, loss=loss): sentence for loss, sentence in OTHER_D.items()}
    | {altered(d_step, pairs=pairs, hide=hide): sentence for pairs, sentence in OTHER_PAIRS.items() for hide in REACHED}
    | {
        altered(d_step, loss=lambda real, fake: non_saturating_d(fake, real)): (
            "the two sides are exchanged: (x, E(x)) is the real pair, (G(z), z) the generated one."
        ),
        altered(d_step, hide=("encoder",)): "gradients reached the generator: call `.detach()` on the sample.",
        altered(d_step, hide=("generator",)): (
            "gradients reached the encoder: the code is to be judged only, so call `.detach()` on it too."
        ),
        altered(d_step, hide=()): (
            "gradients reached encoder and generator: call `.detach()` on the code and on the sample."
        ),
        altered(d_step, order=("backward", "step")): (
            "gradients of an earlier step were still there and were added: call `zero_grad()`, with its parentheses, "
            "before `backward()`."
        ),
        altered(d_step, order=("zero_grad", "backward")): (
            "the discriminator did not move: after `zero_grad()` and `backward()` comes `optimizer.step()`."
        ),
        altered(d_step, order=("backward", "zero_grad", "step")): NO_GRADIENT,
        altered(d_step, order=("zero_grad", "step")): NO_GRADIENT,
        altered(d_step, order=("zero_grad", "step", "backward")): NO_GRADIENT,
        two_steps: "the optimizer took a step for each kind of pair: add the two terms, and take one step.",
        only_real: ONLY_REAL,
        altered(d_step, loss=lambda real, fake: non_saturating_d(real, fake.detach())): ONLY_REAL,
        only_generated: ONLY_GENERATED,
        altered(d_step, loss=lambda real, fake: non_saturating_d(real.detach(), fake)): ONLY_GENERATED,
        altered(d_step, loss=lambda real, fake: softplus(-real).sum() + softplus(fake).sum()): SUM,
        altered(d_step, loss=lambda real, fake: -non_saturating_d(real, fake)): (
            "the discriminator climbed its loss instead of descending it: the sign is wrong."
        ),
        altered(d_step, loss=lambda real, fake: non_saturating_d(real.sigmoid(), fake.sigmoid())): (
            "the loss takes logits: leave out the sigmoid."
        ),
        altered(d_step, loss=lambda real, fake: softplus(-real).mean() + softplus(-fake).mean()): (
            "this trains the discriminator to call both kinds of pairs real: look at the sign of the second term."
        ),
        altered(d_step, pairs=lambda E, G, x, z: ((E(x), x), (z, G(z)))): (
            "the image comes first, its code second: D(x, z)."
        ),
        altered(d_step, pairs=lambda E, G, x, z: ((x,), (G(z),))): (
            "the discriminator judges pairs: give it an image and its code, as two arguments."
        ),
    },
    hints={
        mover(step): "something else than `optimizer` moved the discriminator: use the `optimizer` you are given."
        for step in STEPS
    }
    | {
        moves(step): (
            "the discriminator was shown the right pairs and moved, but not down the slope of its loss: look at both "
            "terms and at their signs."
        )
        for step in STEPS
    }
    | {
        reached(name, step): (
            f"gradients reached the {name}: the discriminator alone learns in this step, so call `.detach()` on what "
            f"the {name} gives."
        )
        for name in ("encoder", "generator")
        for step in STEPS
    },
)
