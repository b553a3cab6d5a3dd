"""Answers to lesson 10 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch

from course_utils.exercises import lesson_10


def stepped(
    image=torch.sigmoid,
    prior=lambda z, pull: 0.5 * pull * (z**2).sum(dim=1),
    weigh=lambda losses: losses,
    after=lambda generator: None,
    step=lambda z, lr, g: z - lr * g,
    total=torch.sum,
):
    """A step as a learner writes it, with one thing changed."""

    def answer(generator, loss, z, lr, pull):
        code = z.clone().requires_grad_(True)
        value = total(weigh(loss(image(generator(code)))) + prior(code, pull))
        g = torch.autograd.grad(value, [code])[0]
        after(generator)
        with torch.no_grad():
            return step(code, lr, g)

    return answer


def one_optimizer_for_all(generator, loss, z, lr, pull):
    code = torch.nn.Parameter(z.clone())
    sgd = torch.optim.SGD([code] + list(generator.parameters()), lr=lr)
    sgd.zero_grad()
    (loss(torch.sigmoid(generator(code))) + pull / 2 * code.pow(2).sum(1)).sum().backward()
    sgd.step()
    return code.detach()


def the_wrong_optimizer(generator, loss, z, lr, pull):
    sgd = torch.optim.SGD(generator.parameters(), lr=lr)
    sgd.zero_grad()
    (loss(torch.sigmoid(generator(z))) + pull / 2 * z.pow(2).sum(1)).sum().backward()
    sgd.step()
    return z


def with_backward(generator, loss, z, lr, pull):
    code = z.clone().requires_grad_()
    (loss(generator(code).sigmoid()).sum() + pull / 2 * (code * code).sum()).backward()
    with torch.no_grad():
        return code - lr * code.grad


def backward_and_zero_grad(generator, loss, z, lr, pull):
    moved = with_backward(generator, loss, z, lr, pull)
    generator.zero_grad()
    return moved


def graph_kept(generator, loss, z, lr, pull):
    code = z.clone().requires_grad_()
    value = (loss(generator(code).sigmoid()) + pull / 2 * code.square().sum(1)).sum()
    return code - lr * torch.autograd.grad(value, code)[0]


def z_as_it_came(generator, loss, z, lr, pull):
    value = (loss(generator(z).sigmoid()) + pull / 2 * z.square().sum(1)).sum()
    return z - lr * torch.autograd.grad(value, z)[0]


@torch.no_grad()
def under_no_grad(generator, loss, z, lr, pull):
    z = z.clone().requires_grad_()
    value = (loss(generator(z).sigmoid()) + pull / 2 * z.square().sum(1)).sum()
    return z - lr * torch.autograd.grad(value, z)[0]


def not_summed(generator, loss, z, lr, pull):
    z = z.clone().requires_grad_()
    return z - lr * torch.autograd.grad(loss(generator(z).sigmoid()) + pull / 2 * z.square().sum(1), z)[0]


def z_itself(generator, loss, z, lr, pull):
    z.requires_grad_(True)
    value = loss(generator(z).sigmoid()).sum() + pull * z.pow(2).sum() / 2
    return z.detach() - lr * torch.autograd.grad(value, z)[0]


def a_tuple(generator, loss, z, lr, pull):
    code = z.clone().requires_grad_()
    total = loss(generator(code).sigmoid()).sum() + pull * code.pow(2).sum() / 2
    g = torch.autograd.grad(total, code)
    return code.detach() - g * lr


def pulled_by(term):
    """A step that adds one term for all codes to the sum of their losses."""
    return stepped(prior=lambda z, pull: pull * term(z) / len(z))


SEARCH_STEP = {
    "updated along with the codes": one_optimizer_for_all,
    "trained towards the wish": the_wrong_optimizer,
    "adds to the gradients of the generator": with_backward,
    "a search has no business with them": backward_and_zero_grad,
    "stays frozen": stepped(after=lambda g: [p.requires_grad_(False) for p in g.parameters()]),
    "left in evaluation mode": stepped(after=lambda g: g.eval()),
    "the pull is missing": stepped(prior=lambda z, pull: 0),
    "only the pull is left": stepped(weigh=lambda losses: 0 * losses),
    "twice too strong": stepped(prior=lambda z, pull: pull * z.norm(dim=1) ** 2),
    "the pull has the wrong sign": stepped(prior=lambda z, pull: -pull / 2 * (z * z).sum(1)),
    "`pull` multiplies the loss": lambda generator, loss, z, lr, pull: stepped(
        weigh=lambda losses: losses * pull, prior=lambda z, pull: z.pow(2).sum(1) / 2
    )(generator, loss, z, lr, pull),
    "whatever `pull` says": stepped(prior=lambda z, pull: z.pow(2).sum(1) / 2),
    "that of |z|, equally strong": stepped(prior=lambda z, pull: pull * z.pow(2).sum(1).sqrt()),
    "a mean over the coordinates": stepped(prior=lambda z, pull: 0.5 * pull * z.pow(2).mean(1)),
    "absolute values of the coordinates": stepped(prior=lambda z, pull: pull / 2 * z.abs().sum(dim=1)),
    "a mean over all entries": pulled_by(lambda z: (z**2).mean() / 2),
    "a mean over the codes": pulled_by(lambda z: 0.5 * (z**2).sum(1).mean()),
    "once for each code of the batch": stepped(prior=lambda z, pull: 0.5 * pull * (z * z).sum()),
    "a mean over the batch": stepped(total=lambda rows: rows.sum() / len(rows)),
    "goes uphill": stepped(step=lambda z, lr, g: z + g * lr),
    "`lr` is missing": stepped(step=lambda z, lr, g: z - g),
    "this is the gradient": stepped(step=lambda z, lr, g: 1.0 * g),
    "the step alone": stepped(step=lambda z, lr, g: -g * lr),
    "did not move": stepped(step=lambda z, lr, g: z * 1),
    "the gradient's sign only": stepped(step=lambda z, lr, g: z - lr * torch.sign(g)),
    "scaled to length 1": stepped(step=lambda z, lr, g: z - lr * torch.nn.functional.normalize(g)),
    "the loss saw the generator": stepped(image=lambda output: output),
    "two sigmoids": stepped(image=lambda output: torch.sigmoid(torch.sigmoid(output))),
    "the new codes carry a gradient": graph_kept,
    "returns a tuple, even": a_tuple,
    "no gradient reaches z": z_as_it_came,
    "nothing can be differentiated": under_no_grad,
    "sum them before": not_summed,
}


def with_a_vector(generator, loss, z, lr, pull):
    code = z.detach().requires_grad_()
    losses = loss(torch.sigmoid(generator(code)))
    (g,) = torch.autograd.grad(losses, code, torch.ones_like(losses))
    return (code - lr * (g + pull * code)).detach()


def backward_for_z_alone(generator, loss, z, lr, pull):
    code = z.clone().requires_grad_()
    total = loss(generator(code).sigmoid()).sum() + pull * code.square().sum() / 2
    total.backward(inputs=[code])
    return code.detach() - lr * code.grad


def by_an_optimizer(generator, loss, z, lr, pull):
    code = z.clone().requires_grad_()
    sgd = torch.optim.SGD([code], lr, weight_decay=pull)
    loss(generator(code).sigmoid()).sum().backward(inputs=[code])
    sgd.step()
    return code.detach()


EXERCISES = lesson_10
WRONG = {"search_step": SEARCH_STEP}
RIGHT = [
    ("search_step", stepped()),
    ("search_step", with_a_vector),
    ("search_step", backward_for_z_alone),
    ("search_step", by_an_optimizer),
]
