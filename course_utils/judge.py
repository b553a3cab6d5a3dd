"""The judge of images: a classifier, and what is measured in its features beside what real images score."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data import Images
from course_utils.metrics import frechet_distance, neighbourhood_metrics, sharpness
from course_utils.networks import IMAGE
from course_utils.plumbing.checks import check_data
from course_utils.plumbing.device import forked_random, in_parts, pick_device, torch_defaults
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


class Judge:
    """Scores samples of a data set against its test (or validation) images, beside the score of real training images.

    It trains the classifier when it is first needed (seconds; a checkpoint keeps it), always from the same seed:
    one ruler for all. `accuracy` is the classifier's on the test set. `floor` is what n real training images score,
    the mean over 5 random subsets: what to aim at, not a bound, since real images vary around it.

    Raises ValueError for a data set that is too small, or whose images are not 28×28.
    """

    @torch_defaults()
    def __init__(self, dataset: Images, n: int = 2500, against: str = "test"):
        if against not in ("test", "validation"):
            raise ValueError(f'expected against="test" or "validation", got {against!r}')
        held_out = getattr(dataset, against)
        check_dataset(dataset, held_out, n)
        self.classes = dataset.classes
        self.n = n
        self.classifier = trained_classifier(dataset)
        self.accuracy = (self.predict(dataset.test) == dataset.test_labels).float().mean().item()
        shuffle = torch.Generator().manual_seed(0)
        self.real = self.features(held_out[torch.randperm(len(held_out), generator=shuffle)[:n]])  # (n, 64)
        subsets = [torch.randperm(len(dataset.train), generator=shuffle)[:n] for _ in range(5)]
        scores = [self.score(dataset.train[subset]) for subset in subsets]
        self.floor = {name: sum(score[name] for score in scores) / len(scores) for name in scores[0]}

    def features(self, images: Tensor) -> Tensor:
        """Return the 64 features of images, on the CPU: (N, 1, 28, 28) to (N, 64)."""
        check_data(images, IMAGE, torch.float32)
        return in_parts(self.classifier, self.classifier.body, images)

    def predict(self, images: Tensor) -> Tensor:
        """Return the class that the classifier sees in each image: (N, 1, 28, 28) to (N,)."""
        return in_parts(self.classifier, self.classifier.head, self.features(images)).argmax(1)

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


def check_dataset(dataset: Images, held_out: Tensor, n: int) -> None:
    """Raise ValueError for a data set that no judge can be made of, or for a number of images that it has not."""
    if tuple(dataset.train.shape[1:]) != IMAGE:
        got = tuple(dataset.train.shape[1:])
        raise ValueError(f"expected images of shape {IMAGE}, got {got}: load_folder(path, size=28) scales them")
    if len(dataset.classes) < 2:
        raise ValueError("expected at least 2 classes to learn to tell apart, got 1: give each kind its own sub-folder")
    most = min(len(held_out), len(dataset.train))
    if most < 100:
        expected = "expected at least 100 held-out images, a tenth of a folder of 1,000"
        raise ValueError(f"{expected}, got {len(held_out)}: a judge needs more pictures")
    if not 100 <= n <= most:
        raise ValueError(f"expected n from 100 to {most} images, got {n}: pass n={most}, or fewer")


def trained_classifier(dataset: Images) -> Classifier:
    """Return the data set's classifier, on the accelerator if there is one; a checkpoint keeps it."""
    with forked_random(0, torch.device("cpu")):
        classifier = Classifier(len(dataset.classes))
    data = (dataset.train, dataset.train_labels)
    fit(classifier, data, steps=1400, batch_size=64, schedule="linear", checkpoint=f"classifier_{dataset.name}")
    return classifier.to(pick_device())
