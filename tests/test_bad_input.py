"""Bad input gets one sentence that says what was expected and what came."""

import numpy as np
import pytest
import torch
from helpers import digits, judge, ring_points, tiny_gan
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from course_utils import data
from course_utils.exercises.lesson_06.effective_beta import effective_beta
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.networks import ConvDiscriminator, ConvGenerator, MLPEncoder, MLPGenerator
from course_utils.playground.wrappers import packed
from course_utils.plumbing.checks import check_data
from course_utils.plumbing.history import History
from course_utils.points import grid, ring, two_moons
from course_utils.show import plots, widgets
from course_utils.training import fit
from course_utils.vae import VAE

IMAGES = torch.rand(4, 1, 28, 28)
WIDE = torch.rand(2, 1, 28, 30)
NORMALIZED = DataLoader(2 * torch.rand(8, 1, 28, 28) - 1, batch_size=4)
EMPTY_LOADER = DataLoader(ring_points()[:4], batch_size=8, drop_last=True)


def train(points=None, **settings):
    return fit(tiny_gan(), ring_points() if points is None else points, **{"steps": 2, **settings})


def a_vae(**settings) -> VAE:
    return VAE(MLPEncoder(4, (8,)), MLPGenerator(4, (8,)), **settings)


def train_vae_on_points():
    return fit(VAE(MLPEncoder(4, (8,), (2,)), MLPGenerator(4, (8,), (2,))), ring_points(), steps=1)


def a_picture_that_is_none(folder):
    for i in range(10):
        Image.new("L", (8, 8)).save(folder / f"{i}.png")
    (folder / "3.png").write_text("text")
    return data.load_folder(folder)


def a_picture_of_floats(folder):
    for i in range(10):
        Image.new("F", (8, 8)).save(folder / f"{i}.tif")
    return data.load_folder(folder)


def history_of_one_step() -> History:
    history = History()
    history.record(1, [{"d_loss": torch.zeros(())}])
    return history


CASES = {  # what is done: the error, what its message must hold
    "unknown data set": (lambda _: data.load("cifar"), ValueError, "digits, mnist, fashion_mnist, got 'cifar'"),
    "missing folder": (lambda tmp: data.load_folder(tmp / "cats"), FileNotFoundError, "cats', which is not a folder"),
    "empty folder": (lambda tmp: data.load_folder(tmp), ValueError, "at least 10 pictures in .*, got 0"),
    "damaged picture": (a_picture_that_is_none, ValueError, "a picture in .*3.png, got a file that cannot be read"),
    "no points": (lambda _: ring().sample(0), ValueError, "at least 1, got 0"),
    "half a point": (lambda _: grid().sample(2.5), ValueError, "at least 1, got 2.5"),
    "fewer than no points": (lambda _: two_moons(-3), ValueError, "at least 1, got -3"),
    "array": (lambda _: check_data(np.zeros((2, 2))), TypeError, "tensor of floats, got ndarray"),
    "black and white bytes": (
        lambda _: train(IMAGES.round().byte()),
        ValueError,
        "bytes from 0 to 255, got nothing above 1",
    ),
    "bytes without channels": (
        lambda _: train((IMAGES * 255).byte()[:, 0]),
        TypeError,
        "tensor of floats, got torch.uint8",
    ),
    "no images": (lambda _: check_data(IMAGES[:0]), ValueError, "at least one sample, got none"),
    "wide images": (lambda _: judge().features(WIDE), ValueError, r"\(N, 1, 28, 28\), got \(2, 1, 28, 30\)"),
    "missing values": (lambda _: train(ring_points() / 0), ValueError, "finite values, got NaN or infinity"),
    "images up to 255": (lambda _: train(IMAGES * 255), ValueError, r"images in \[0, 1\], got values from .* to 25"),
    "images from -1": (lambda _: train(IMAGES * 2 - 1), ValueError, r"images in \[0, 1\], got values from -"),
    "points in 3-D": (
        lambda _: train(torch.zeros(9, 3), batch_size=4),
        ValueError,
        r"\(4, 2\), got \(4, 3\)",
    ),
    "unknown activation": (lambda _: ConvGenerator(act="swish"), ValueError, "relu, leaky_relu, .*, got 'swish'"),
    "layer of no units": (lambda _: MLPGenerator(3, (8, 0)), ValueError, "at least 1, got .*0"),
    "z of another size": (lambda _: tiny_gan().sample(z=torch.zeros(5, 4)), ValueError, r"\(n, 3\), got \(5, 4\)"),
    "half a pack": (lambda _: packed(ConvDiscriminator(), 8)(IMAGES), ValueError, "at least 8 samples to pack, got 4"),
    "packs of nothing": (lambda _: packed(ConvDiscriminator(), 0), ValueError, "at least 1, got 0"),
    "no samples": (lambda _: tiny_gan().sample(n=0), ValueError, "at least 1, got 0"),
    "negative penalty": (lambda _: tiny_gan(r1_weight=-0.5), ValueError, "at least 0, got -0.5 and 0.0"),
    "unknown loss": (lambda _: tiny_gan(loss="minimax"), ValueError, "saturating, .*wasserstein, got 'minimax'"),
    "penalty on every 0th step": (
        lambda _: tiny_gan(penalty_every=0),
        ValueError,
        "every .* at least 1, got 0",
    ),
    "generator never moves": (lambda _: tiny_gan(n_critic=0), ValueError, "n_critic .* at least 1, got 0"),
    "negative steps": (lambda _: train(steps=-5), ValueError, "steps .* at least 1, got -5"),
    "half a step": (lambda _: train(steps=1.5), ValueError, "steps .* whole number of at least 1, got 1.5"),
    "empty batches": (lambda _: train(batch_size=0), ValueError, "batch_size .* at least 1, got 0"),
    "log never": (lambda _: train(log_every=0), ValueError, "log_every .* at least 1, got 0"),
    "average of 1": (lambda _: train(average=1.0), ValueError, r"average in \[0, 1\), such as 0.999, got 1.0"),
    "unknown schedule": (lambda _: train(schedule="step"), ValueError, "constant, linear, cosine, got 'step'"),
    "checkpoint elsewhere": (lambda _: train(checkpoint="../x"), ValueError, "a plain name for .*, got '../x'"),
    "data of text": (lambda _: train("digits"), TypeError, "tensor, a tuple of tensors or a DataLoader, got str"),
    "labels in a list": (lambda _: train((IMAGES, [1, 2, 3, 4])), TypeError, "a tuple of tensors or a DataLoader, got"),
    "uneven tuple": (lambda _: train((IMAGES, torch.zeros(3))), ValueError, r"one length, got \[4, 3\]"),
    "no data": (lambda _: train(torch.zeros(0, 2)), ValueError, "at least one sample, got none"),
    "normalized images": (
        lambda _: fit(GAN(ConvGenerator(), ConvDiscriminator()), NORMALIZED, steps=1),
        ValueError,
        r"images in \[0, 1\], got values from -",
    ),
    "snapshots beyond the end": (lambda _: train(snapshots=[1, 50]), ValueError, r"from 0 to 2, got \[1, 50\]"),
    "fewer than no snapshots": (lambda _: train(snapshots=-2), ValueError, "at least 0, got -2"),
    "picture of floats": (a_picture_of_floats, ValueError, "0.tif, .* floating-point numbers"),
    "loader of no batch": (lambda _: train(EMPTY_LOADER), ValueError, "a DataLoader with at least one batch, got none"),
    "unknown metric": (lambda _: history_of_one_step()["loss"], KeyError, "a metric among d_loss, got 'loss'"),
    "no snapshot": (lambda _: History().model_at(tiny_gan(), 5), KeyError, "a step among .*, got 5"),
    "judge by training": (lambda _: Judge(digits(), against="train"), ValueError, '"test" or "validation", got .train'),
    "judge by ten": (lambda _: Judge(digits(), n=10), ValueError, "n from 100 to 3000 images, got 10"),
    "other number of images": (lambda _: judge().score(IMAGES), ValueError, "2500 images, .*, got 4"),
    "encoder without log-variances": (
        lambda _: VAE(nn.Flatten(), MLPGenerator(784), lr=0.1).encode(IMAGES),
        ValueError,
        r"\(4, 1568\), means and log-variances for latent_dim=784, got \(4, 784\)",
    ),
    "vae of another shape": (
        lambda _: VAE(MLPEncoder(4), MLPGenerator(4, shape=(784,)), "gaussian").elbo(IMAGES),
        ValueError,
        r"data shaped \(4, 784\), got \(4, 1, 28, 28\)",
    ),
    "unknown likelihood": (lambda _: a_vae(likelihood="mse"), ValueError, "bernoulli, gaussian, got 'mse'"),
    "coins for points": (lambda _: train_vae_on_points(), ValueError, "gaussian.* for points, got"),
    "sigma of 0": (lambda _: a_vae(sigma=0.0), ValueError, "sigma above 0, got 0.0"),
    "one sigma of 0": (lambda _: a_vae(sigma=(1.0, 0.0)), ValueError, r"sigma above 0, got \(1.0, 0.0\)"),
    "negative beta": (lambda _: a_vae(beta=-1.0), ValueError, "at least 0, got -1.0 and 0.0"),
    "bound of no samples": (lambda _: a_vae().iwae_bound(IMAGES, 0), ValueError, "k to be .* at least 1, got 0"),
    "bound of an autoencoder": (lambda _: a_vae(stochastic=False).elbo(IMAGES), ValueError, "got a plain autoencoder"),
    "beta that is no number": (lambda _: a_vae(beta=float("nan")), ValueError, "at least 0, got nan"),
    "units of one image": (lambda _: a_vae().active_units(IMAGES[:1]), ValueError, "samples .* at least 2, got 1"),
    "bound off the range": (
        lambda _: a_vae().elbo(IMAGES * 2 - 1),
        ValueError,
        r"images in \[0, 1\], got values",
    ),
    "beta of no likelihood": (
        lambda _: effective_beta(max, "mse"),
        ValueError,
        "bernoulli, gaussian, got 'mse'",
    ),
    "held-out data of a gan": (lambda _: train(held_out=ring_points()), ValueError, "`evaluate` .*, got GAN"),
    "held-out images up to 255": (
        lambda _: fit(a_vae(), IMAGES, steps=1, held_out=IMAGES * 255),
        ValueError,
        r"images in \[0, 1\], got values from .* to 25",
    ),
    "no alt text": (lambda _: plots.image_grid(IMAGES, alt=""), ValueError, "alt text: .*, got none"),
    "no sliders": (lambda _: widgets.explore(plots.image_grid), ValueError, "a list of values for each slider, got {}"),
    "start off the slider": (
        lambda _: widgets.explore(plots.image_grid, start={"images": 3}, images=[1, 2]),
        ValueError,
        r"each start among the values of its slider, got {'images': 3}",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_in_one_sentence(case, tmp_path):
    act, error, words = CASES[case]
    with pytest.raises(error, match=f"expected .*{words}") as caught:
        act(tmp_path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    plots.plt.close("all")
