"""Exercise of lesson 10: one step of gradient descent on codes, with the pull of the prior."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Exercise, Observation, altered, value, weights
from course_utils.exercises.left_behind import WIPED, condition, earlier_gradients, leave_gradients

PROBES = ((3, 4, 0.1, 0.5), (5, 6, 0.02, 2.0))  # codes, their size, lr, pull
GRADIENT = "whether the new codes carry a gradient"
OWN_Z = (
    "z itself was made to require gradients, and the caller's codes stay so: leave it as it was, and begin with a "
    "copy, `z.detach().clone().requires_grad_()`."
)


def made_generator(latent_dim: int) -> nn.Module:
    """A small generator to 6×6 images, in training mode, with gradients from an earlier step."""
    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(latent_dim, 12), nn.Tanh(), nn.Linear(12, 36), nn.Unflatten(1, (1, 6, 6))
    ).requires_grad_()
    leave_gradients(generator)
    return generator


def observe_search_step(function) -> Observation:
    """New codes for two batches, and what became of the generator."""
    seen: Observation = {}
    for n, d, lr, pull in PROBES:
        noise = torch.Generator().manual_seed(n)
        generator = made_generator(d)
        target = torch.rand(n, 1, 6, 6, generator=noise)
        z = torch.randn(n, d, generator=noise)
        given = z.clone()
        z.clone = lambda given=given: given  # the copy that the function gets, to look at afterwards

        def loss(x: Tensor, target=target) -> Tensor:
            return 3 * (x - target).square().flatten(1).sum(1)

        result = function(generator, loss, z, lr, pull)
        seen[f"the {n} new codes"] = value(result)
        seen[f"the generator's weights after a step of {n} codes"] = weights(generator)
        seen[f"the generator's own gradients after a step of {n} codes"] = earlier_gradients(generator)
        seen[f"the generator after a step of {n} codes"] = condition(generator)
        learns = isinstance(result, Tensor) and result.requires_grad
        seen[GRADIENT] = "a gradient" if learns else "no gradient"
        if given.requires_grad:
            function.traces.append(OWN_Z)
    return seen


def half_square(z: Tensor) -> Tensor:
    return z.square().sum(1) / 2


def joined(losses: Tensor, pull: float, z: Tensor) -> Tensor:
    return losses + pull * half_square(z)


def move(z: Tensor, lr: float, grad: Tensor) -> Tensor:
    return z - lr * grad


def step_with(
    generator, loss, z, lr, pull, *, image=torch.sigmoid, total=joined, reduce=torch.sum, go=move, around=lambda g: None
):
    """A step with one thing changed."""
    z = z.detach().clone().requires_grad_()
    everything = reduce(total(loss(image(generator(z))), pull, z))
    (grad,) = torch.autograd.grad(everything, z)
    around(generator)
    return go(z, lr, grad).detach()


def still_a_tuple(generator, loss, z, lr, pull):
    z = z.detach().clone().requires_grad_()
    grad = torch.autograd.grad(joined(loss(generator(z).sigmoid()), pull, z).sum(), z)
    return (z - lr * grad).detach()


def a_tuple_added(generator, loss, z, lr, pull):
    z = z.detach().clone().requires_grad_()
    grad = torch.autograd.grad(loss(generator(z).sigmoid()).sum(), z)
    return (z - lr * (grad + pull * z)).detach()


def search_step(generator, loss, z: Tensor, lr: float, pull: float) -> Tensor:
    return step_with(generator, loss, z, lr, pull)


def backwards(generator, loss, z, lr, pull, wipe=lambda g: None):
    z = z.detach().clone().requires_grad_()
    joined(loss(generator(z).sigmoid()), pull, z).sum().backward()
    wipe(generator)
    return (z - lr * z.grad).detach()


def both_learn(generator, loss, z, lr, pull):
    z = z.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([z, *generator.parameters()], lr)
    optimizer.zero_grad()
    joined(loss(generator(z).sigmoid()), pull, z).sum().backward()
    optimizer.step()
    return z.detach()


def generator_learns(generator, loss, z, lr, pull):
    optimizer = torch.optim.SGD(generator.parameters(), lr)
    optimizer.zero_grad()
    joined(loss(generator(z).sigmoid()), pull, z).sum().backward()
    optimizer.step()
    return z.detach()


def with_graph(generator, loss, z, lr, pull):
    z = z.detach().clone().requires_grad_()
    (grad,) = torch.autograd.grad(joined(loss(generator(z).sigmoid()), pull, z).sum(), z)
    return z - lr * grad


def not_asked(generator, loss, z, lr, pull):
    (grad,) = torch.autograd.grad(joined(loss(generator(z).sigmoid()), pull, z).sum(), z)
    return z - lr * grad


def no_graph(generator, loss, z, lr, pull):
    z = z.detach().clone().requires_grad_()
    with torch.no_grad():
        total = joined(loss(generator(z).sigmoid()), pull, z).sum()
    return torch.autograd.grad(total, z)[0]


def freeze(generator: nn.Module) -> None:
    generator.requires_grad_(False)


def no_sum(generator, loss, z, lr, pull):
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(joined(loss(generator(z).sigmoid()), pull, z), z)[0]


HALF = "the pull is twice too strong: the prior's −log density is |z|² / 2, whose gradient is z itself."
LEFT_GRADIENTS = (
    "`backward()` also adds to the gradients of the generator, and its next optimizer step would use them: ask for the "
    "gradient of z alone, `torch.autograd.grad(total, z)`."
)
NOT_SQUARED = "the pull is that of |z|, equally strong everywhere: the prior's is |z|² / 2, stronger far out."
ABSOLUTE = "the pull adds up absolute values of the coordinates: |z|² is the sum of their squares."
MEAN_PULL = (
    "the pull is a mean over all entries of z: |z|² of a code is the sum of its squared coordinates, `.sum(1)`, and "
    "the pulls of all codes are added up, as their losses are."
)
MEAN_LOSS = (
    "the loss is a mean over the batch: then a code moves less in larger batches; take the sum, for each row is a "
    "search of its own."
)
TUPLE = (
    "`torch.autograd.grad` returns a tuple, even for one tensor: unpack it, "
    "`(gradient,) = torch.autograd.grad(total, z)`."
)
NO_PATH = "no gradient reaches z: begin with `z = z.detach().clone().requires_grad_()`."

check_search_step = Exercise(
    search_step,
    observe_search_step,
    {
        both_learn: (
            "the generator was updated along with the codes: it stands still, or all that it drew before would change."
        ),
        generator_learns: (
            "the generator was trained towards the wish and z stayed: here the codes move and the generator stands "
            "still."
        ),
        backwards: LEFT_GRADIENTS,
        altered(backwards, wipe=nn.Module.zero_grad): (
            f"the gradients that the generator had are {WIPED}: a search has no business with them, so leave out "
            "`zero_grad` and use `torch.autograd.grad(total, z)`."
        ),
        altered(step_with, around=freeze): (
            "the generator stays frozen after the step, and could not train on: `torch.autograd.grad(total, z)` needs "
            "no freezing."
        ),
        altered(step_with, around=nn.Module.eval): (
            "the generator is left in evaluation mode: leave it as it came, or put it back."
        ),
        altered(step_with, total=lambda losses, pull, z: losses): (
            "the pull is missing: add `pull * |z|² / 2` of each code to its loss."
        ),
        altered(step_with, total=lambda losses, pull, z: pull * half_square(z)): (
            "only the pull is left: the loss of the image is missing, so every code just shrinks."
        ),
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.square().sum(1)): HALF,
        altered(step_with, total=lambda losses, pull, z: losses - pull * half_square(z)): (
            "the pull has the wrong sign: it drives codes away from the prior; add it to the loss."
        ),
        altered(step_with, total=lambda losses, pull, z: pull * losses + half_square(z)): (
            "`pull` multiplies the loss of the image: it is the weight of |z|² / 2."
        ),
        altered(step_with, total=lambda losses, pull, z: losses + half_square(z)): (
            "the pull has weight 1 whatever `pull` says: multiply |z|² / 2 by it."
        ),
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.norm(dim=1)): NOT_SQUARED,
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.norm(dim=1) / 2): NOT_SQUARED,
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.abs().sum(1)): ABSOLUTE,
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.abs().sum(1) / 2): ABSOLUTE,
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.square().mean(1) / 2): (
            "the pull is a mean over the coordinates of z: it is their sum, or it weakens as codes grow longer."
        ),
        altered(step_with, total=lambda losses, pull, z: losses.sum() + pull * z.square().mean() / 2): MEAN_PULL,
        altered(step_with, total=lambda losses, pull, z: losses.sum() + pull * half_square(z).mean()): (
            "the pull is a mean over the codes, and the loss a sum: sum both, for each row is a search of its own."
        ),
        altered(step_with, total=lambda losses, pull, z: losses + pull * z.square().sum() / 2): (
            "every code is pulled once for each code of the batch: sum |z|² over the coordinates of each row, "
            "`.sum(1)`, not over all."
        ),
        altered(step_with, total=lambda losses, pull, z: losses.sum() + pull * z.square().mean()): MEAN_PULL,
        altered(step_with, reduce=torch.mean): MEAN_LOSS,
        altered(step_with, total=lambda losses, pull, z: losses.mean() + pull * half_square(z).sum()): MEAN_LOSS,
        altered(step_with, total=lambda losses, pull, z: losses.mean() + pull * z.square().mean() / 2): MEAN_LOSS,
        altered(step_with, go=lambda z, lr, grad: z + lr * grad): (
            "the step goes uphill: subtract `lr` times the gradient."
        ),
        altered(step_with, go=lambda z, lr, grad: z - grad): "the step size `lr` is missing.",
        altered(step_with, go=lambda z, lr, grad: grad): "this is the gradient: return the codes after the step.",
        altered(step_with, go=lambda z, lr, grad: -lr * grad): "this is the step alone: add it to z.",
        altered(step_with, go=lambda z, lr, grad: z): "the codes did not move.",
        altered(step_with, go=lambda z, lr, grad: z - lr * grad.sign()): (
            "this step takes the gradient's sign only: gradient descent uses its size as well."
        ),
        altered(step_with, go=lambda z, lr, grad: z - lr * grad / grad.norm(dim=1, keepdim=True)): (
            "the gradient was scaled to length 1: gradient descent uses it as it is."
        ),
        altered(step_with, image=lambda output: output): (
            "the loss saw the generator's raw output: a sigmoid turns it into an image first."
        ),
        altered(step_with, image=lambda output: output.sigmoid().sigmoid()): (
            "the image went through two sigmoids: one turns raw output into an image."
        ),
        with_graph: (
            "the new codes carry a gradient, and a hundred steps would carry a graph through all of them: return "
            "`(...).detach()`."
        ),
        still_a_tuple: TUPLE,
        a_tuple_added: TUPLE,
        not_asked: NO_PATH,
        no_graph: "inside `torch.no_grad()` nothing can be differentiated: the step is needed outside of it.",
        no_sum: "the losses are one number a code: sum them before `torch.autograd.grad`.",
    },
)
