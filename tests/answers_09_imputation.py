"""Answers to lesson 09 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch

from course_utils.exercises import lesson_09


def swept(
    code=lambda mu, logvar, eps: torch.addcmul(mu, torch.exp(logvar / 2), eps),
    fill=lambda x, mask, p: torch.where(mask.bool(), x, p),
    look=lambda x, mask: x,
    after=lambda p: p,
):
    """A sweep as a learner writes it, with one thing changed."""

    @torch.no_grad()
    def answer(x, mask, encoder, decoder, eps):
        mu, logvar = encoder(look(x, mask))
        return fill(x, mask, after(decoder(code(mu, logvar, eps))))

    return answer


def learning(x, mask, encoder, decoder, eps):
    mu, logvar = encoder(x)
    return x * mask + decoder(mu + torch.exp(0.5 * logvar) * eps) * (1 - mask)


def with_new_noise(mu, logvar, eps):
    return mu + torch.exp(logvar / 2) * torch.randn(mu.shape)


def chunked(x, mask, encoder, decoder, eps):
    with torch.no_grad():
        mu, logvar = encoder(x).chunk(2, dim=1)
        return x * mask + decoder(mu + (logvar / 2).exp() * eps) * (1 - mask)


GIBBS_SWEEP = {
    "leave out `chunk`": chunked,
    "the seen pixels were overwritten": swept(fill=lambda x, mask, p: p),
    "the mask is inverted": swept(fill=lambda x, mask, p: torch.where(mask == 1, p, x)),
    "the seen pixels are 0 now": swept(fill=lambda x, mask, p: p * (mask == 0)),
    "on top of the old one": swept(fill=lambda x, mask, p: x + p * (1 - mask)),
    "decoded pixels were added to seen ones": swept(fill=lambda x, mask, p: p + x * mask),
    "halfway between x and what was decoded": swept(fill=lambda x, mask, p: 0.5 * x + 0.5 * p),
    "nothing changed": swept(fill=lambda x, mask, p: x.clone()),
    "the gap is black": swept(fill=lambda x, mask, p: x * mask),
    "this is the mean code, not a draw": swept(lambda mu, logvar, eps: mu),
    "the log of the variance": swept(lambda mu, logvar, eps: mu + torch.exp(logvar) * eps),
    "noise of standard deviation 1": swept(lambda mu, logvar, eps: eps + mu),
    "this code is pure noise": swept(lambda mu, logvar, eps: eps),
    "the mean `mu` is missing": swept(lambda mu, logvar, eps: torch.exp(logvar / 2) * eps),
    "the noise is subtracted": swept(lambda mu, logvar, eps: mu - torch.exp(logvar / 2) * eps),
    "the noise is drawn anew": swept(with_new_noise),
    "mean and log-variance are exchanged": swept(lambda mu, logvar, eps: logvar + torch.exp(mu / 2) * eps),
    "the gap was emptied before encoding": swept(look=lambda x, mask: x.where(mask == 1, torch.tensor(0.0))),
    "the encoder saw the old fill-in alone": swept(look=lambda x, mask: x - x * mask),
    "the encoder was given the mask": swept(look=lambda x, mask: mask.clone()),
    "a second sigmoid": swept(after=lambda p: 1 / (1 + torch.exp(-p))),
    "the pixels were rounded": swept(after=lambda p: (p > 0.5).float()),
    "the pixels were drawn as 0 or 1": swept(after=torch.bernoulli),
    "the fill-in carries a gradient": learning,
}


def detached_at_the_end(x, mask, encoder, decoder, eps):
    return learning(x, mask, encoder, decoder, eps).detach()


def written_into_a_copy(x, mask, encoder, decoder, eps):
    with torch.inference_mode():
        mu, logvar = encoder(x)
        p = decoder(mu + logvar.exp().sqrt() * eps)
        filled = x.clone()
        filled[mask == 0] = p[mask == 0]
    return filled


EXERCISES = lesson_09
WRONG = {"gibbs_sweep": GIBBS_SWEEP}
RIGHT = [
    ("gibbs_sweep", swept()),
    ("gibbs_sweep", swept(fill=lambda x, mask, p: p + mask * (x - p))),
    (
        "gibbs_sweep",
        swept(
            lambda mu, logvar, eps: torch.distributions.Normal(mu, (logvar / 2).exp()).loc + eps * (logvar / 2).exp()
        ),
    ),
    ("gibbs_sweep", detached_at_the_end),
    ("gibbs_sweep", written_into_a_copy),
]
