"""How good are samples? Measured in the features of a small classifier, each number beside that of real images.

metric              range     better   beside it
frechet             [0, ∞)    lower    training images against test images, at equal n
precision, recall   [0, 1]    higher   the same
density             [0, ∞)    higher   the same
coverage            [0, 1]    higher   the same
classes             count     higher   all classes; a class counts from a share of 1 % on
sharpness           [0, 4]    as real  the same; mean |Laplacian| in grey levels
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks import check_data
from course_utils.data import Images
from course_utils.networks import IMAGE
from course_utils.runtime import forked_random
from course_utils.training import fit


class Classifier(nn.Module):
    """A small convolutional classifier: images (N, 1, 28, 28) to class logits (N, classes), through 64 features."""

    def __init__(self, classes: int = 10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2),  # (N, 16, 14, 14)
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),  # (N, 32, 7, 7)
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(32 * 7 * 7, 64),  # (N, 64), the features
            nn.ReLU(),
        )
        self.head = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))  # (N, classes)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"classifier": torch.optim.Adam(self.parameters(), 3e-3)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        images, labels = batch
        loss = F.cross_entropy(self(images), labels)
        optimizers["classifier"].zero_grad()
        loss.backward()
        optimizers["classifier"].step()
        return {"loss": loss.detach()}


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Return the squared Fréchet distance of Gaussians fitted to features (N, d) and (M, d) (Heusel et al., 2017)."""
    a, b = a.double(), b.double()
    cov_a, cov_b = (x.T.cov().reshape(x.shape[1], x.shape[1]) for x in (a, b))  # (d, d), (d, d), for d = 1 too
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T  # (d, d)
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    distance = (a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross
    return max(distance.item(), 0.0)  # rounding can make it negative


def neighbourhood_metrics(real: Tensor, fake: Tensor, k: int = 5) -> dict[str, float]:
    """Return precision and recall, density and coverage from features (N, d) and (M, d).

    Kynkäänniemi et al. (2019), equations 1 and 2; Naeem et al. (2020), section 3.
    """
    radius_real, radius_fake = neighbour_distance(real, k), neighbour_distance(fake, k)  # (N,), (M,)
    real_around, recalled, covered = torch.zeros(len(fake)), [], []
    for part, radius in zip(real.split(250), radius_real.split(250)):  # in parts, for the sake of memory
        distance = torch.cdist(part, fake)  # (250, M)
        inside = distance < radius[:, None]  # (250, M)
        real_around += inside.sum(0)
        recalled.append((distance < radius_fake).any(1))
        covered.append(inside.any(1))
    return {
        "precision": (real_around > 0).float().mean().item(),
        "recall": torch.cat(recalled).float().mean().item(),
        "density": real_around.mean().item() / k,
        "coverage": torch.cat(covered).float().mean().item(),
    }


def neighbour_distance(points: Tensor, k: int) -> Tensor:
    """Return the distance of each point to its k-th nearest neighbour: (N, d) to (N,)."""
    parts = [
        torch.cdist(part, points).kthvalue(k + 1).values for part in points.split(500)
    ]  # its own nearest is itself
    return torch.cat(parts)


def sharpness(images: Tensor) -> float:
    """Return the mean absolute Laplacian of images (N, 1, 28, 28): how abruptly grey levels change."""
    x = F.pad(images, (1, 1, 1, 1))  # (N, 1, 30, 30)
    laplacian = x[..., 1:-1, 1:-1] * -4  # (N, 1, 28, 28)
    for neighbour in (x[..., 1:-1, :-2], x[..., 1:-1, 2:], x[..., :-2, 1:-1], x[..., 2:, 1:-1]):
        laplacian += neighbour
    return laplacian.abs_().mean().item()


def nearest_neighbours(images: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distance (N,) to, and the index (N,) of, the training image nearest in pixels."""
    nearest = [torch.cdist(images.flatten(1), part.flatten(1)).min(1) for part in training.split(1000)]
    distance, part = torch.stack([found.values for found in nearest]).min(0)  # (N,), (N,)
    index = torch.stack([found.indices for found in nearest]).gather(0, part[None])[0]  # (N,), within its part
    return distance, part * 1000 + index


def mode_coverage(points: Tensor, centres: Tensor, sigma: float) -> dict[str, float]:
    """Return how points (N, 2) cover the modes (K, 2) of a mixture: modes, high_quality, kl (PacGAN, Lin et al., 2018).

    A point within 3 sigma of its nearest mode is of high quality; a mode counts from one such point on; kl is that
    of the high-quality counts to uniform, in nats. Perfect samples score K, 0.989 and about (K - 1) / 2N.
    """
    distance, mode = torch.cdist(points, centres).min(1)  # (N,), (N,)
    good = distance < 3 * sigma  # (N,)
    share = torch.bincount(mode[good], minlength=len(centres)) / max(good.sum().item(), 1)  # (K,)
    kl = torch.xlogy(share, share * len(centres)).sum().item() if good.any() else float("inf")
    return {"modes": int((share > 0).sum()), "high_quality": good.float().mean().item(), "kl": kl}


class Judge:
    """Scores samples of a data set against its test (or validation) images, beside the score of real training images.

    It trains the classifier when it is first needed (seconds; a checkpoint keeps it), always from the same seed:
    one ruler for all. `accuracy` is the classifier's on the test set. `floor` is what n real training images score,
    the mean over 5 random subsets: what to aim at, not a bound, since real images vary around it.
    """

    def __init__(self, dataset: Images, n: int = 2500, against: str = "test"):
        if against not in ("test", "validation"):
            raise ValueError(f'expected against="test" or "validation", got {against!r}')
        held_out = getattr(dataset, against)
        most = min(len(held_out), len(dataset.train))
        if not 100 <= n <= most:
            raise ValueError(f"expected n from 100 to {most} images, got {n}")
        self.classes, self.n = dataset.classes, n
        with forked_random(0, torch.device("cpu")):
            self.classifier = Classifier(len(dataset.classes))
        data = (dataset.train, dataset.train_labels)
        fit(
            self.classifier, data, steps=1400, batch_size=64, schedule="linear", checkpoint=f"classifier_{dataset.name}"
        )
        self.accuracy = (self.predict(dataset.test) == dataset.test_labels).float().mean().item()
        shuffle = torch.Generator().manual_seed(0)
        self.real = self.features(held_out[torch.randperm(len(held_out), generator=shuffle)[:n]])  # (n, 64)
        subsets = [torch.randperm(len(dataset.train), generator=shuffle)[:n] for _ in range(5)]
        scores = [self.score(dataset.train[subset]) for subset in subsets]
        self.floor = {name: sum(score[name] for score in scores) / len(scores) for name in scores[0]}

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Return the 64 features of images: (N, 1, 28, 28) to (N, 64)."""
        check_data(images, IMAGE)
        return torch.cat([self.classifier.eval().body(part) for part in images.split(250)])

    @torch.no_grad()
    def predict(self, images: Tensor) -> Tensor:
        """Return the class that the classifier sees in each image: (N, 1, 28, 28) to (N,)."""
        return self.classifier.head(self.features(images)).argmax(1)

    def class_shares(self, images: Tensor) -> Tensor:
        """Return the share of each class among the images, in [0, 1]: (classes,)."""
        return torch.bincount(self.predict(images), minlength=len(self.classes)) / len(images)

    def frechet(self, images: Tensor) -> float:
        """Return the Fréchet distance of n images (n, 1, 28, 28) to the held-out ones."""
        if len(images) != self.n:
            raise ValueError(f"expected {self.n} images, as many as the floor was measured with, got {len(images)}")
        return frechet_distance(self.features(images), self.real)

    def score(self, images: Tensor) -> dict[str, float]:
        """Return every metric for n images (n, 1, 28, 28)."""
        return {
            "frechet": self.frechet(images),
            **neighbourhood_metrics(self.real, self.features(images)),
            "classes": int((self.class_shares(images) >= 0.01).sum()),
            "sharpness": sharpness(images),
        }
