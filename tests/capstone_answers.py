"""Right answers to the capstone as learners write them."""

import copy

import torch
from scipy import stats
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from course_utils.claims import interval


def split(originals, seed):
    families = torch.unique(originals)
    noise = torch.Generator()
    noise.manual_seed(seed)
    families = families[torch.randperm(len(families), generator=noise)]
    seventh = len(families) // 7
    test, validation, train = families.split([seventh, seventh, len(families) - 2 * seventh])
    return [(originals[:, None] == part).any(1) for part in (train, validation, test)]  # masks


def split_too_as_lists(originals, seed):
    return [part.nonzero().flatten().tolist() for part in split(originals, seed)]


def split_too_as_arrays(originals, seed):
    return [part.numpy() for part in split(originals, seed)]


def split_too(originals, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        families = sorted(set(originals.tolist()))
        order = [families[i] for i in torch.randperm(len(families))]
    n = len(order) // 7
    names = set(order[:n]), set(order[-n:])
    rows = enumerate(originals.tolist())
    where = [0 if original in names[0] else 1 if original in names[1] else 2 for _, original in rows]
    validation, test, train = (torch.tensor([i for i, w in enumerate(where) if w == part]) for part in range(3))
    return train, validation, test


def discriminator_loss(real_logits, fake_logits):
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def discriminator_loss_too(real_logits, fake_logits):
    labels = torch.cat([torch.ones_like(real_logits), torch.zeros_like(fake_logits)])
    return 2 * F.binary_cross_entropy_with_logits(torch.cat([real_logits, fake_logits]), labels)


def r1_penalty(discriminator, real):
    real = real.clone().requires_grad_(True)
    slope = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)[0]
    return slope.view(len(real), -1).norm(dim=1).pow(2).mean() / 2


def discriminator_step(generator, discriminator, optimizer, d_loss, penalty, real, z):
    optimizer.zero_grad()
    with torch.no_grad():
        fake = torch.sigmoid(generator(z))
    loss = d_loss(discriminator(real), discriminator(fake))
    loss = loss + penalty(discriminator, real)
    loss.backward()
    optimizer.step()
    return loss.detach()


def discriminator_step_too(generator, discriminator, optimizer, d_loss, penalty, real, z):
    on_fake = discriminator(generator(z).sigmoid().detach())
    loss = d_loss(discriminator(real), on_fake) + penalty(discriminator, real)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def discriminator_step_too_penalty_first(generator, discriminator, optimizer, d_loss, penalty, real, z):
    loss = penalty(discriminator, real)
    loss = loss + d_loss(discriminator(real), discriminator(generator(z).sigmoid().detach()))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def generator_step(generator, discriminator, optimizers, z):
    optimizer = optimizers["generator"]
    logits = discriminator(generator(z).sigmoid())
    loss = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.item()


def reparameterize(mu, logvar):
    return Normal(mu, (logvar / 2).exp()).rsample()


def reparameterize_too(mu, logvar):
    return mu + torch.exp(logvar).sqrt() * torch.randn_like(mu)


def vae_loss(output, x, mu, logvar, beta):
    cloud = Normal(mu, (0.5 * logvar).exp())
    kl = kl_divergence(cloud, Normal(0.0, 1.0)).sum(1)
    nll = -Bernoulli(logits=output, validate_args=False).log_prob(x).sum((1, 2, 3))
    return (nll + beta * kl).mean()


def vae_loss_too(output, x, mu, logvar, beta):
    nll = F.binary_cross_entropy_with_logits(output, x, reduction="sum")
    return (nll + beta * 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum()) / len(x)


def vae_step(encoder, decoder, optimizer, reparameterize, vae_loss, x, beta):
    optimizer.zero_grad()
    code = encoder(x)
    mu, logvar = code[:, : code.shape[1] // 2], code[:, code.shape[1] // 2 :]
    loss = vae_loss(decoder(reparameterize(mu, logvar)), x, mu, logvar, beta)
    loss.backward()
    optimizer.step()
    return loss


def draw(decoder, n, seed):
    z = torch.randn((n, decoder.latent_dim), generator=torch.Generator("cpu").manual_seed(seed))
    training = decoder.training
    decoder.eval()
    with torch.no_grad():
        images = torch.sigmoid(decoder(z))
    decoder.train(training)
    return images


def draw_too(decoder, n, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        z = torch.randn(n, decoder.latent_dim)
    before = decoder.training
    pictures = decoder.eval()(z).sigmoid().detach()
    decoder.train(before)
    return pictures


def draw_too_on_a_copy(decoder, n, seed):
    codes = torch.randn(n, decoder.latent_dim, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return copy.deepcopy(decoder).eval()(codes).sigmoid()


def score(generator, encoder, decoder, draw, distance, parts, seed):
    _, validation, test = parts
    floor = distance(validation, test)
    return [distance(draw(network, len(test), seed), test) / floor for network in (generator, decoder)]


def choose(validation, test):
    best = int(torch.argmin(validation.mean(dim=0)))
    return best, test.mean(0)[best].item()


def compare(gan, vae, least):
    mean, low, high = interval(gan - vae)
    if low > least:
        return low, high, "VAE"
    return low, high, "GAN" if high < -least else "undecided"


def compare_too(gan, vae, least):
    lead = (gan - vae).double().numpy()
    low, high = stats.t.interval(0.95, len(lead) - 1, loc=lead.mean(), scale=stats.sem(lead))
    winners = {(True, False): "VAE", (False, True): "GAN"}
    return low, high, winners.get((low > least, high < -least), "undecided")


RIGHT = [
    split,
    split_too,
    split_too_as_lists,
    split_too_as_arrays,
    discriminator_loss,
    discriminator_loss_too,
    r1_penalty,
    discriminator_step,
    discriminator_step_too,
    discriminator_step_too_penalty_first,
    generator_step,
    reparameterize,
    reparameterize_too,
    vae_loss,
    vae_loss_too,
    vae_step,
    draw,
    draw_too,
    draw_too_on_a_copy,
    score,
    choose,
    compare,
    compare_too,
]
