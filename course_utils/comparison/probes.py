"""What do codes know of the class? Probes that get a hundred labels, the same for all kinds of codes. Lesson 08."""

from collections.abc import Mapping

import torch
from torch import Tensor

from course_utils.data import Images

Features = Mapping[str, tuple[Tensor, Tensor]]  # by name: of the training images (N, d) and of the test images (M, d)


def few_labels(features: Features, images: Images, draws: int = 20, per_class: int = 10) -> dict[str, dict]:
    """Return the accuracies on test images (draws,) of a "linear" probe and of the "nearest" labelled image.

    Each draw labels so many training images of each class, no two of one original; all features get the same.
    """
    from sklearn.linear_model import LogisticRegression

    random = torch.Generator().manual_seed(0)
    found = {name: {"linear": [], "nearest": []} for name in features}
    for _ in range(draws):
        rows = labelled_rows(images, per_class, random)  # (classes * per_class,)
        labels = images.train_labels[rows]
        for name, (train, test) in features.items():
            scale = train.std(0).mean()  # one for all dimensions: a dimension that hardly varies says hardly anything
            known, asked = (train[rows] - train.mean(0)) / scale, (test - train.mean(0)) / scale
            probe = LogisticRegression(max_iter=1000).fit(known.numpy(), labels.numpy())
            found[name]["linear"].append(probe.score(asked.numpy(), images.test_labels.numpy()))
            nearest = labels[torch.cdist(asked, known).argmin(1)]  # (M,)
            found[name]["nearest"].append((nearest == images.test_labels).float().mean().item())
    return found


def labelled_rows(images: Images, per_class: int, random: torch.Generator) -> Tensor:
    """Draw rows of the training images: so many of each class, each of another original."""
    order = torch.randperm(len(images.train), generator=random)
    chosen = []
    for label in range(len(images.classes)):
        own = order[images.train_labels[order] == label].tolist()
        one_each = {int(images.train_originals[row]): row for row in own}
        chosen += list(one_each.values())[:per_class]
    return torch.tensor(chosen)
