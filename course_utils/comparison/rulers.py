"""The rulers of the fight: five judges of other seeds, and one whose features were learned without a label."""

import torch
from torch import Tensor

from course_utils.data import Images
from course_utils.judge import Classifier, Judge
from course_utils.plumbing.device import forked_random, in_parts, pick_device
from course_utils.training import fit

JUDGES = 5


class Rulers:
    """Five judges that differ in their classifiers' seeds alone, and one that measures in unlabelled features.

    What the five disagree about, no one of them can decide.
    """

    def __init__(self, dataset: Images, n: int = 2500, judges: int = JUDGES):
        network = which_way_up(dataset)
        self.judges = [Judge(dataset, n, seed=seed) for seed in range(judges)]
        self.unlabelled = Judge(dataset, n, embed=lambda images: in_parts(network, network.body, images))


def which_way_up(dataset: Images) -> Classifier:
    """The layers of the classifier, taught by how many quarter turns an image was turned (Gidaris et al., 2018).

    To see that, it has to know strokes and shapes. It needs no labels, and so does not share the judge's taste.
    """
    with forked_random(0, torch.device("cpu")):
        network = Classifier(4, dataset.train.shape[1:])
    settings = {"steps": 1400, "batch_size": 64, "schedule": "linear"}
    fit(network, turned(dataset.train), checkpoint=f"which_way_up_{dataset.name}", **settings)
    return network.to(pick_device())


def turned(images: Tensor) -> tuple[Tensor, Tensor]:
    """Square images (N, C, H, W) in all four positions (4N, C, H, W), and their numbers of quarter turns (4N,)."""
    positions = [images.rot90(turns, (2, 3)) for turns in range(4)]
    return torch.cat(positions), torch.arange(4).repeat_interleave(len(images))
