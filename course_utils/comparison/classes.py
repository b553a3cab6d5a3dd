"""Does a model draw the class that was asked for, and is there variety within it? Lesson 08."""

import torch
from torch import Tensor

from course_utils.data import Images
from course_utils.judge import Judge
from course_utils.metrics import frechet_distance, neighbourhood_metrics

PER_CLASS = 250  # samples; a Fréchet distance of few samples is larger, so that all have as many


def scores(
    judge: Judge, samples: Tensor, asked: Tensor, images: Images, originals: Tensor | None = None
) -> dict[str, float]:
    """Score samples (N, 1, 28, 28) of the classes asked for (N,) beside test images of these classes.

    accuracy            how often the judge's classifier sees the class that was asked for
    frechet             Fréchet distance to the test images of the class, the mean over classes, as are the others
    coverage, recall    of the test images of the class; real samples say from which `originals` (N,) they come
    spread              distance between two samples of a class in the judge's features
    """
    features, real = judge.features(samples), judge.features(images.test)
    rows = []
    for label in range(len(judge.classes)):
        own, there = asked == label, images.test_labels == label
        families = images.test_originals[there], None if originals is None else originals[own]
        near = neighbourhood_metrics(real[there], features[own], 5, *families)
        distance = frechet_distance(features[own], real[there])
        rows.append([distance, near["coverage"], near["recall"], torch.pdist(features[own]).mean().item()])
    means = dict(zip(("frechet", "coverage", "recall", "spread"), torch.tensor(rows).mean(0).tolist()))
    return {"accuracy": (judge.predict(samples) == asked).float().mean().item()} | means


def real_scores(judge: Judge, images: Images) -> dict[str, float]:
    """What as many validation images of each class score."""
    order = torch.randperm(len(images.validation), generator=torch.Generator().manual_seed(0))
    labels = images.validation_labels[order]
    rows = torch.cat([order[labels == label][:PER_CLASS] for label in range(len(judge.classes))])
    asked, originals = images.validation_labels[rows], images.validation_originals[rows]
    return scores(judge, images.validation[rows], asked, images, originals)
