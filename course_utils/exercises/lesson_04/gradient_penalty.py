"""An exercise of lesson 04: the gradient penalty of WGAN-GP."""

import warnings

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Exercise, Observation, alike, altered, value
from course_utils.exercises.left_behind import (
    compared,
    condition,
    earlier_gradients,
    gradient_at_weights,
    leave_gradients,
)
from course_utils.networks import MLPDiscriminator

PROBES = {"for 5 points and a critic of 2 layers": (5, (16,)), "for 8 points and a critic of 4 layers": (8, (9, 6, 4))}
FLAT = "the gradient at the weights of a critic that is flat in places"
EARLIER = "the gradients that the critic already had"


def critics() -> list[nn.Module]:
    """Two smooth critics of different depth, with slopes on both sides of 1."""
    torch.manual_seed(0)
    critics = [MLPDiscriminator(hidden, (2,), "tanh") for _, hidden in PROBES.values()]
    with torch.no_grad():
        for critic in critics:
            for p in critic.parameters():
                p *= 1.6
    return critics


def observe_gradient_penalty(function) -> Observation:
    """Value, gradient at the critic's weights and what is left behind, and whether a flat critic can learn."""
    seen = {}
    all_right = True
    for critic, (name, (n, _)) in zip(critics(), PROBES.items()):
        noise = torch.Generator().manual_seed(n)
        real = 2 * torch.randn(n, 2, generator=noise)
        fake = torch.randn(n, 2, generator=noise) + 1
        mix = torch.rand(n, 1, generator=noise)
        right = gradient_penalty(critic, real, fake, mix)
        to_learn = gradient_at_weights(right, critic)
        leave_gradients(critic)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's on `backward(create_graph=True)`, which the verdict explains
            penalty = function(critic, real, fake, mix)
        seen |= {
            f"the penalty {name}": value(penalty),
            f"{EARLIER}, {name},": earlier_gradients(critic),
            f"the critic {name}": condition(critic),
        }
        seen |= compared(gradient_at_weights(penalty, critic), to_learn, f"its gradient at the critic's weights {name}")
        all_right = all_right and alike(value(penalty), value(right))
    return seen | {FLAT: where_it_is_flat(function)} if all_right else seen  # elsewhere it would hide the mistake


def where_it_is_flat(function) -> str:
    """Say whether the penalty of a critic without a slope at some of the points has a finite gradient."""
    critic = nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Flatten(0))
    with torch.no_grad():
        critic[0].weight.copy_(torch.tensor([[2.0, 1.0]]))
        critic[0].bias.zero_()
    points = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [2.0, 0.0], [-2.0, 0.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = gradient_at_weights(function(critic, points, 2 * points, torch.full((4, 1), 0.5)), critic)
    if isinstance(found, str):
        return found
    return "finite" if found.isfinite().all() else "not a number"


def midway(real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    return mix * real + (1 - mix) * fake


def squares(gradients: Tensor) -> Tensor:
    """The squared length of each gradient: (N, 2) to (N,)."""
    return gradients.square().sum(1)


def lengths(gradients: Tensor) -> Tensor:
    return (squares(gradients) + 1e-12).sqrt()


def to_one(lengths: Tensor) -> Tensor:
    return (lengths - 1).square().mean()


def penalty_of(critic, real, fake, mix, *, place=midway, output=torch.sum, size=lengths, penalty=to_one) -> Tensor:
    """The penalty with one thing changed."""
    between = place(real, fake, mix).requires_grad_()
    (gradients,) = torch.autograd.grad(output(critic(between)), between, create_graph=True)  # (N, 2)
    return penalty(size(gradients))


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    return penalty_of(critic, real, fake, mix)


def at_an_end(which: str):
    """The penalty with the gradient taken at one end of the mixture, which the chain rule makes shorter."""

    def answer(critic, real, fake, mix):
        ends = {"real": real.requires_grad_(), "fake": fake.requires_grad_()}
        outputs = critic(midway(real, fake, mix)).sum()
        return to_one(lengths(torch.autograd.grad(outputs, ends[which], create_graph=True)[0]))

    return answer


def at_the_weights(critic, real, fake, mix):
    outputs = critic(midway(real, fake, mix)).sum()
    found = torch.autograd.grad(outputs, list(critic.parameters()), create_graph=True)
    return (torch.cat([part.flatten() for part in found]).norm() - 1) ** 2


def without_grad(critic, real, fake, mix):
    between = midway(real, fake, mix)
    return to_one(lengths(torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]))


def by_backward(critic, real, fake, mix):
    between = midway(real, fake, mix).requires_grad_()
    critic(between).sum().backward(create_graph=True)
    return to_one(lengths(between.grad))


def several_outputs(critic, real, fake, mix):
    between = midway(real, fake, mix).requires_grad_()
    return to_one(lengths(torch.autograd.grad(critic(between), between, create_graph=True)[0]))


def wiped(critic, real, fake, mix):
    critic.zero_grad()
    return gradient_penalty(critic, real, fake, mix)


def in_evaluation_mode(critic, real, fake, mix):
    return gradient_penalty(critic.eval(), real, fake, mix)


def frozen(critic, real, fake, mix):
    return gradient_penalty(critic.requires_grad_(False), real, fake, mix)


ONE_END = "the gradient is taken at the {} samples, through the mixture, which shortens it; take it at `between`."
check_gradient_penalty = Exercise(
    gradient_penalty,
    observe_gradient_penalty,
    {
        lambda *args: gradient_penalty(*args).detach(): (
            "the value is right, but the critic cannot learn from it: the gradient itself must stay differentiable, "
            "with `create_graph=True`, and nothing may cut it off afterwards (`detach`, `item`)."
        ),
        altered(penalty_of, size=lambda g: lengths(g.flatten()[None])): (
            "this is one norm over the whole batch; each point has its own norm, over `dim=1`."
        ),
        altered(penalty_of, size=lambda g: lengths(g.T)): (
            "the norm runs over the batch, for each coordinate; it should run over the coordinates of each point, "
            "`dim=1`."
        ),
        altered(penalty_of, output=torch.mean): (
            "this is the gradient of the mean output, N times too small for each point: sum over the batch instead."
        ),
        altered(penalty_of, size=squares): "the root is missing: this is (norm² - 1)², and it should be (norm - 1)².",
        altered(penalty_of, size=squares, penalty=torch.mean): (
            "this is the mean of norm², which pulls slopes to 0, as R1 does; here they are pulled to 1: (norm - 1)²."
        ),
        altered(penalty_of, penalty=torch.mean): "this is the mean norm; what costs is (norm - 1)².",
        altered(penalty_of, penalty=lambda norm: (norm.mean() - 1) ** 2): (
            "the mean was taken before the square: a norm of 0 and one of 2 would cost nothing. Square first."
        ),
        altered(penalty_of, place=lambda real, fake, mix: real.clone()): (
            "the slope is measured at the real points only; measure it at mix * real + (1 - mix) * fake."
        ),
        altered(penalty_of, place=lambda real, fake, mix: fake.clone()): (
            "the slope is measured at the generated points only; measure it at mix * real + (1 - mix) * fake."
        ),
        altered(penalty_of, place=lambda real, fake, mix: (real + fake) / 2): (
            "the slope is measured half-way everywhere: use `mix`, so that every place between can be met."
        ),
        altered(penalty_of, place=lambda real, fake, mix: midway(real, fake, torch.rand_like(mix))): (
            "the mixture is drawn anew: use `mix`, which is passed so that the penalty can be compared."
        ),
        altered(penalty_of, place=lambda real, fake, mix: midway(fake, real, mix)): (
            "real and generated have changed places. Drawn at random that makes no difference, since 1 - mix is as "
            "likely as mix; here it is compared with mix * real + (1 - mix) * fake."
        ),
        altered(penalty_of, place=lambda real, fake, mix: real + mix * fake): (
            "this is real + mix * fake, which does not lie between the two: the real points are weighed by 1 - mix or "
            "mix too."
        ),
        altered(penalty_of, penalty=lambda norm: (norm - 1).relu().square().mean()): (
            "this is the one-sided penalty, which lets slopes below 1 pass; (norm - 1)² pulls them up too."
        ),
        altered(penalty_of, penalty=lambda norm: (norm - 1).abs().mean()): "this is |norm - 1|; square it.",
        altered(penalty_of, penalty=lambda norm: (norm - 1).square().sum()): (
            "this is the sum over the batch; with the mean, the penalty does not grow with the batch size."
        ),
        altered(penalty_of, penalty=lambda norm: (norm - 1).square()): (
            "this is one number for each point; take the mean."
        ),
        altered(penalty_of, penalty=lambda norm: 10 * to_one(norm)): (
            "this is 10 times the penalty: its weight belongs where it is added to the loss."
        ),
        altered(penalty_of, penalty=lambda norm: -to_one(norm)): "the sign is wrong: a penalty is added to the loss.",
        altered(penalty_of, size=lambda g: (g.square().mean(1) + 1e-12).sqrt()): (
            "a mean over the coordinates stands where the norm has their sum."
        ),
        altered(penalty_of, size=lambda g: g.abs().sum(1)): (
            "this norm adds absolute values; the penalty uses the Euclidean one, the root of the sum of squares."
        ),
        at_the_weights: (
            "this is the gradient at the critic's weights; the slope is the gradient at its input, `between`."
        ),
        at_an_end("real"): ONE_END.format("real"),
        at_an_end("fake"): ONE_END.format("generated"),
        without_grad: "autograd was not told to follow `between`: call `between.requires_grad_()` before the critic.",
        by_backward: (
            "the value is right, but `backward()` left gradients on the critic's weights, which would join the next "
            "step: `torch.autograd.grad` returns the gradient and leaves nothing behind."
        ),
        several_outputs: (
            "`autograd.grad` starts from one number: take the sum of the outputs, or pass `grad_outputs` of ones."
        ),
        altered(penalty_of, output=lambda outputs: outputs.sigmoid().sum()): (
            "a sigmoid is applied to the critic's outputs: the slope is that of the outputs themselves, which may be "
            "any number."
        ),
        wiped: (
            "the value is right, but the critic's gradients were wiped: those of the rest of the loss may be waiting "
            "there. `zero_grad()` belongs into the step, before its `backward()`."
        ),
        in_evaluation_mode: "the value is right, but the critic was left in evaluation mode: leave out `.eval()`.",
        frozen: "the critic's weights were frozen, so that it can no longer learn: leave out `requires_grad_(False)`.",
        altered(penalty_of, size=lambda g: g.square().sum(1).sqrt()): (
            "right as long as the critic has a slope everywhere: where it is flat, the root of 0 has an infinite slope "
            "and the gradient is not a number. `norm(dim=1)` knows about 0, or add 1e-12 under the root."
        ),
        altered(penalty_of, penalty=lambda norm: (norm + 1).square().mean()): (
            "this is (norm + 1)²: what costs is the distance from 1, norm - 1."
        ),
        altered(penalty_of, penalty=lambda norm: (norm - 1).square().mean() / 2): (
            "this is half the penalty: leave out the factor 1/2."
        ),
        altered(penalty_of, size=lambda g: g.abs().amax(1)): (
            "this norm is the largest coordinate; the penalty uses the Euclidean one, the root of the sum of squares."
        ),
    },
    hints={
        f"{EARLIER}, {name},": (
            "the value is right, but the gradients that the critic already had were changed: `torch.autograd.grad` "
            "returns a gradient and touches no `.grad`."
        )
        for name in PROBES
    }
    | {
        FLAT: (
            "right as long as the critic has a slope everywhere, but not a number where it is flat: the root of 0 has "
            "an infinite slope. `norm(dim=1)` knows about 0, or add 1e-12 under the root."
        )
    },
)
