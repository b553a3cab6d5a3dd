"""The judge of images: a classifier, and what is measured in its features beside what other real images score."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data import Images
from course_utils.metrics import frechet_distance, kernel_distance, neighbourhood_metrics, sharpness
from course_utils.networks import IMAGE, he_weights
from course_utils.plumbing.checks import check_data, check_picture_shape
from course_utils.plumbing.device import forked_random, in_parts, pick_device, torch_defaults
from course_utils.training import fit

Embed = Callable[[Tensor], Tensor]


class Classifier(nn.Module):
    """A small convolutional classifier: images (N, *shape) to class logits (N, classes), through 64 features.

    A convolution halves the picture until it has at most 8 pixels a side: two of them for 28×28, three for 64×64.
    """

    def __init__(self, classes: int = 10, shape: Sequence[int] = IMAGE):
        super().__init__()
        check_picture_shape(shape)
        narrow, height, width = shape
        layers = []
        while max(height, width) > 8:
            wide = 2 * narrow if layers else 16
            layers += [nn.Conv2d(narrow, wide, 5, stride=2, padding=2), nn.ReLU()]  # (N, 16, 14, 14), (N, 32, 7, 7)
            narrow, height, width = wide, (height + 1) // 2, (width + 1) // 2
        self.body = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(narrow * height * width, 64),  # (N, 64), the features
            nn.ReLU(),
        )
        self.head = nn.Linear(64, classes)
        if tuple(shape) != IMAGE:  # the judge of the lessons stays as it was
            he_weights(self.body)

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
    """Scores samples of a data set against its test (or validation) images, beside the score of other real images.

    It trains the classifier when it is first needed (seconds; a checkpoint keeps it), always from the same seed: one
    ruler for all. Another `seed` makes another ruler, and `embed` (N, C, H, W) to (N, d) replaces the features in
    which distances are taken. The images have any shape (C, H, W), the same in all parts. `accuracy` is the
    classifier's on the test set. `floor` is what n real images score which the classifier did not learn from, those of
    the other held-out part, the mean over 5 random subsets: what to aim at, not a bound, since real images vary
    around it.

    Raises ValueError for a data set that is too small, or without classes: the classifier learns from the labels, which
    in a folder of pictures are its sub-folders.
    """

    @torch_defaults()
    def __init__(
        self, dataset: Images, n: int = 2500, against: str = "test", seed: int = 0, embed: Embed | None = None
    ):
        if against not in ("test", "validation"):
            raise ValueError(f'expected against="test" or "validation", got {against!r}')
        check_dataset(dataset, n)
        self.shape = tuple(dataset.train.shape[1:])
        self.classes = dataset.classes
        self.n = n
        self.embed = embed
        self.classifier = trained_classifier(dataset, seed)
        self.accuracy = (self.predict(dataset.test) == dataset.test_labels).float().mean().item()
        shuffle = torch.Generator().manual_seed(0)
        images, self.originals = self.subset(dataset, against, shuffle)
        self.real = self.features(images)  # (n, 64)
        self.scale = self.real.square().mean().sqrt()  # gives the kernel distance a unit
        other = "validation" if against == "test" else "test"
        scores = [self.score(*self.subset(dataset, other, shuffle)) for _ in range(5)]
        self.floor = {name: sum(score[name] for score in scores) / len(scores) for name in scores[0]}

    def subset(self, dataset: Images, part: str, shuffle: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return n random images of a part (n, C, H, W), and their originals (n,)."""
        images = getattr(dataset, part)
        rows = torch.randperm(len(images), generator=shuffle)[: self.n]
        return images[rows], getattr(dataset, f"{part}_originals")[rows]

    def features(self, images: Tensor) -> Tensor:
        """Return the features of images, on the CPU: (N, C, H, W) to (N, 64), the classifier's unless told."""
        check_data(images, self.shape, torch.float32)
        return self.embed(images) if self.embed else in_parts(self.classifier, self.classifier.body, images)

    def predict(self, images: Tensor) -> Tensor:
        """Return the class that the classifier sees in each image: (N, C, H, W) to (N,)."""
        check_data(images, self.shape, torch.float32)
        return in_parts(self.classifier, self.classifier, images).argmax(1)

    def class_shares(self, images: Tensor) -> Tensor:
        """Return the share of each class among the images, in [0, 1]: (classes,)."""
        return torch.bincount(self.predict(images), minlength=len(self.classes)) / len(images)

    def frechet(self, images: Tensor) -> float:
        """Return the Fréchet distance of n images (n, C, H, W) to the held-out ones."""
        return frechet_distance(self.features_of_n(images), self.real)

    def features_of_n(self, images: Tensor) -> Tensor:
        """Return the features of exactly n images, for distances of few images are larger: (n, 64)."""
        if len(images) != self.n:
            raise ValueError(f"expected {self.n} images, as many as the floor was measured with, got {len(images)}")
        return self.features(images)

    def score(self, images: Tensor, originals: Tensor | None = None) -> dict[str, float]:
        """Return every metric for n images (n, C, H, W); real ones say from which originals (n,) they come."""
        features = self.features_of_n(images)
        return {
            "frechet": frechet_distance(features, self.real),
            "kid": kernel_distance(features / self.scale, self.real / self.scale),
            **neighbourhood_metrics(self.real, features, real_originals=self.originals, fake_originals=originals),
            "classes": int((self.class_shares(images) >= 0.01).sum()),
            "sharpness": sharpness(images),
        }


def check_dataset(dataset: Images, n: int) -> None:
    """Raise ValueError for a data set that no judge can be made of, or for a number of images that it has not."""
    shapes = {part: tuple(getattr(dataset, part).shape[1:]) for part in ("train", "validation", "test")}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"expected images of one shape in all parts, got {shapes}")
    check_picture_shape(shapes["train"])
    if len(dataset.classes) < 2:
        raise ValueError("expected at least 2 classes to learn to tell apart, got 1: give each kind its own sub-folder")
    most = min(len(dataset.test), len(dataset.validation))
    if most < 100:
        expected = "expected at least 100 held-out images, a tenth of a folder of 1,000"
        raise ValueError(f"{expected}, got {most}: a judge needs more pictures")
    if not 100 <= n <= most:
        raise ValueError(f"expected n from 100 to {most} images, got {n}: pass n={most}, or fewer")


def trained_classifier(dataset: Images, seed: int = 0) -> Classifier:
    """Return the data set's classifier, on the accelerator if there is one; a checkpoint keeps it."""
    with forked_random(seed, torch.device("cpu")):
        classifier = Classifier(len(dataset.classes), dataset.train.shape[1:])
    data = (dataset.train, dataset.train_labels)
    settings = {"steps": 1400, "batch_size": 64, "schedule": "linear", "seed": seed}
    fit(classifier, data, checkpoint=f"classifier_{dataset.name}", **settings)
    return classifier.to(pick_device())
