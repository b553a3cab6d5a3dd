"""Learning from few labels and many images: features, spreading, and a VAE whose label is a code, M2."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import networks
from course_utils.losses import kl_divergence
from course_utils.plumbing.device import in_parts
from course_utils.plumbing.labels import x_and_y
from course_utils.vae import mu_and_logvar, reparameterize


def hidden_layer(encoder: nn.Sequential, x: Tensor) -> Tensor:
    """What the last layer of an encoder reads: images (N, 1, 28, 28) to features (N, d)."""
    layers = list(encoder)
    if len(layers) < 2 or not isinstance(layers[-1], nn.Linear):
        raise ValueError(f"expected an encoder that ends in a linear layer, got {type(encoder).__name__}")
    body = nn.Sequential(*layers[:-1])
    return in_parts(encoder, body, x)


def scaled(train: Tensor, *others: Tensor) -> list[Tensor]:
    """Features (N, d) less the mean of the unlabelled `train`, over one number for all dimensions: the mean deviation.

    A dimension that hardly varies says hardly anything, so it is not blown up.
    """
    mean, deviation = train.mean(0), train.std(0).mean()
    if not deviation > 0:
        raise ValueError("expected features that vary, got the same row everywhere")
    return [(features - mean) / deviation for features in (train, *others)]


def logistic(known: Tensor, labels: Tensor, c: float = 1.0):
    """Logistic regression on labelled features (n, d); `c` is scikit-learn's C: the smaller, the simpler."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=1000).fit(known.numpy(), labels.numpy())


def spreading(known: Tensor, labels: Tensor, unlabelled: Tensor, neighbours: int = 10, alpha: float = 0.8):
    """Let labels spread from features (n, d) to unlabelled ones (N, d), by neighbours (Zhou et al., 2004).

    Each pass, a point takes the share `alpha` of its label from its nearest `neighbours` and keeps the rest of what it
    was told at first. The result has scikit-learn's `predict` and `score`: a new point asks its neighbours.
    """
    from sklearn.semi_supervised import LabelSpreading

    if len(known) != len(labels) or known.shape[1:] != unlabelled.shape[1:]:
        shapes = f"{tuple(known.shape)}, {tuple(labels.shape)} and {tuple(unlabelled.shape)}"
        raise ValueError(f"expected features (n, d), labels (n,) and features (N, d), got {shapes}")
    features = torch.cat([known, unlabelled]).numpy()
    told = torch.cat([labels, torch.full((len(unlabelled),), -1)]).numpy()  # -1: no label
    graph = LabelSpreading(kernel="knn", n_neighbors=neighbours, alpha=alpha, max_iter=1000)
    return graph.fit(features, told)


def unknown(n: int, classes: int = 10) -> Tensor:
    """Labels of n images of which nobody knows the class, (n, classes): an equal share of each."""
    return torch.full((n, classes), 1 / classes)


class M2(nn.Module):
    """A VAE with two codes, z and the label y; where y is unknown, it sums over all classes (Kingma et al., 2014).

    `training_step` takes images whose labels it leaves aside, and draws as many of the labelled ones that the model
    holds, `x` (n, 1, 28, 28) and `y` (n,). Its loss is the sum of both bounds, negative, plus `alpha` times the
    classifier's cross-entropy. `fit(m2, (images, unknown(len(images))), ...)` trains it.
    """

    def __init__(self, x: Tensor, y: Tensor, classes: int = 10, latent_dim: int = 16, alpha: float = 100, lr=2e-3):
        super().__init__()
        if len(x) != len(y) or not 0 <= int(y.min()) <= int(y.max()) < classes:
            raise ValueError(f"expected a label from 0 to {classes - 1} for each of {len(x)} images, got {len(y)}")
        self.register_buffer("x", x)
        self.register_buffer("y", y)
        self.classifier = nn.Sequential(*networks.halving(1, (32, 64), classes, "silu"))  # q(y | x)
        self.encoder = networks.ConvEncoder(latent_dim, (16, 32), classes=classes)  # q(z | x, y)
        self.decoder = networks.ConvGenerator(latent_dim, classes=classes)  # p(x | z, y)
        self.classes, self.alpha, self.lr = classes, alpha, lr

    def labelled_bound(self, x: Tensor, y: Tensor) -> Tensor:
        """A bound on log p(x, y) in nats, (N,): that of a conditional VAE, plus log p(y), the same for all classes."""
        mu, logvar = mu_and_logvar(self.encoder(x, y), self.decoder.latent_dim)
        output = self.decoder(reparameterize(mu, logvar), y)
        log_p = -F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)  # (N,)
        return log_p - kl_divergence(mu, logvar).sum(1) - math.log(self.classes)

    def unlabelled_bound(self, x: Tensor) -> Tensor:
        """A bound on log p(x), (N,): the labelled ones, weighed by q(y | x), plus the entropy of q (equation 7)."""
        log_q = self.classifier(x).log_softmax(1)  # (N, classes)
        y = torch.arange(self.classes, device=x.device).repeat(len(x))  # each image with each label in turn
        each = self.labelled_bound(x.repeat_interleave(self.classes, 0), y).view_as(log_q)
        return (log_q.exp() * (each - log_q)).sum(1)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"m2": torch.optim.Adam(self.parameters(), lr=self.lr)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """One step up both bounds, and down the cross-entropy of the labelled images (equation 9)."""
        images, _ = x_and_y(batch)
        rows = torch.randint(len(self.x), (len(images),), device=images.device)
        x, y = self.x[rows], self.y[rows]
        unlabelled, labelled = self.unlabelled_bound(images).mean(), self.labelled_bound(x, y).mean()
        cross_entropy = F.cross_entropy(self.classifier(x), y)
        loss = self.alpha * cross_entropy - unlabelled - labelled
        optimizers["m2"].zero_grad(set_to_none=True)
        loss.backward()
        optimizers["m2"].step()
        found = {"loss": loss, "unlabelled": unlabelled, "labelled": labelled, "cross_entropy": cross_entropy}
        return {name: value.detach() for name, value in found.items()}

    def predict(self, x: Tensor) -> Tensor:
        """The likeliest label of each image, (N,)."""
        return in_parts(self.classifier, self.classifier, x).argmax(1)
