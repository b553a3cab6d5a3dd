"""A detector: a network that learns to tell one set of images from another, judged on images that it has not seen.

Its layers are those of the classifier in `judge`, and so unlike those of any discriminator of the course. Two sets that
no detector tells apart are two samples of one distribution, as far as it can see: the classifier two-sample test
(Lopez-Paz and Oquab, 2017).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_utils.judge import Classifier
from course_utils.losses import non_saturating_d
from course_utils.networks import IMAGE
from course_utils.plumbing.checks import check_data
from course_utils.plumbing.device import forked_random, in_parts, pick_device, torch_defaults
from course_utils.training import fit


class Detector(nn.Module):
    """A convolutional classifier with one logit for each image (N, *shape): above 0 means "real"."""

    def __init__(self, shape: Sequence[int] = IMAGE):
        super().__init__()
        self.network = Classifier(1, shape)

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x).squeeze(1)  # (N,)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"detector": torch.optim.Adam(self.parameters(), 1e-3)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        real_logits, fake_logits = self(torch.cat(batch)).chunk(2)  # (N,), (N,)
        loss = non_saturating_d(real_logits, fake_logits)  # binary cross-entropy with labels 1 and 0
        optimizers["detector"].zero_grad()
        loss.backward()
        optimizers["detector"].step()
        return {"loss": loss.detach()}

    def share_real(self, images: Tensor) -> float:
        """Return the share of images (N, *shape) that look real to the detector, in [0, 1]."""
        return (in_parts(self, self, images) > 0).float().mean().item()


@torch_defaults()
def detector_accuracy(
    real: Tensor, fake: Tensor, held_out_real: Tensor, held_out_fake: Tensor, steps: int = 1500, seed: int = 0
) -> float:
    """Return how often a fresh detector is right about held-out images, in [0, 1]: 0.5 is a guess, 1 never wrong.

    It learns from `real` and `fake`, half a batch of 64 each, and the mean of its accuracies on the two held-out sets
    counts, so that no set's size matters; all are images (N, C, H, W) in [0, 1], of one shape.
    """
    check_data(real, dtype=torch.float32)
    for images in (fake, held_out_real, held_out_fake):
        check_data(images, real.shape[1:], torch.float32)
    rows = torch.arange(max(len(real), len(fake)))  # the smaller set comes round again
    with forked_random(seed, torch.device("cpu")):
        detector = Detector(real.shape[1:])
    data = (real[rows % len(real)], fake[rows % len(fake)])
    fit(detector, data, steps=steps, batch_size=32, schedule="linear", seed=seed)
    detector.to(pick_device())
    return 0.5 * (detector.share_real(held_out_real) + 1 - detector.share_real(held_out_fake))
