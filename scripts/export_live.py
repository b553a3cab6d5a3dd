"""Write what two of the live pages show: `python scripts/export_live.py`.

It trains, or loads, the models of lessons 03, 06 and 07. Their weights and codes go into
docs/site/live/explorer/models.js, samples and what was measured of them into docs/site/live/blind_test/rounds.js.
"""

import base64
import hashlib
import inspect
import json

import torch
from execution import ROOT
from live import blind_rounds, lesson_models
from torch import Tensor, nn

from course_utils import data, metrics, networks
from course_utils.comparison.likelihood import best_codes
from course_utils.comparison.measures import generator_of, shuffled
from course_utils.data import Images
from course_utils.latent import FittedPrior
from course_utils.plumbing.checkpoints import RUNS
from course_utils.plumbing.device import looking_at
from course_utils.vae import VAE

LIVE = ROOT / "docs" / "site" / "live"
DIRECTIONS = 6  # of z, along which pictures change most
ENDS = 2  # digits of each class between which one can walk
CODES = 600  # codes of unseen digits, drawn as points
SETTINGS = {  # what a layer of a decoder needs beside its numbers
    nn.Unflatten: lambda layer: {"shape": list(layer.unflattened_size)},
    nn.PixelShuffle: lambda layer: {"factor": layer.upscale_factor},
    nn.BatchNorm2d: lambda layer: {"eps": layer.eps},
}


def packed(tensor: Tensor) -> dict:
    """Return a tensor as a page reads it: its shape, and its numbers, float32 or bytes, in base64."""
    kind = "uint8" if tensor.dtype == torch.uint8 else "float32"
    numbers = tensor.detach().contiguous().numpy().astype({"uint8": "u1", "float32": "<f4"}[kind])
    return {"shape": list(tensor.shape), kind: base64.b64encode(numbers.tobytes()).decode()}


def numbers_of(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights and running statistics of a network, without the count of its batches."""
    return {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}


def layers_of(decoder: nn.Sequential) -> list[dict]:
    """Return each layer of a decoder: its kind, its settings, and its numbers, all by their names in PyTorch."""
    layers = []
    for layer in decoder:
        numbers = {name: packed(tensor) for name, tensor in numbers_of(layer).items()}
        settings = SETTINGS[type(layer)](layer) if type(layer) in SETTINGS else {}
        layers.append({"kind": type(layer).__name__} | settings | numbers)
    return layers


def fingerprint(network: nn.Module) -> str:
    """Return the SHA-256 of all numbers of a network, in their order."""
    numbers = [tensor.detach().numpy().astype("<f4").tobytes() for tensor in numbers_of(network).values()]
    return hashlib.sha256(b"".join(numbers)).hexdigest()


def main_directions(decoder: nn.Module, draws: int = 256) -> Tensor:
    """Return the directions of z along which pictures change most: (DIRECTIONS, latent_dim), of length 1.

    They are the first eigenvectors of the mean of JᵀJ over draws of N(0, I), where J has the slopes of all pixels.
    """
    z = torch.randn(draws, decoder.latent_dim, generator=torch.Generator().manual_seed(0))

    def pixels(code: Tensor) -> Tensor:
        return networks.to_data(decoder(code[None])).flatten()

    with looking_at(decoder), torch.enable_grad():  # for the slopes
        slopes = torch.cat([torch.func.vmap(torch.func.jacrev(pixels))(part).detach() for part in z.split(16)])
    _, vectors = torch.linalg.eigh(torch.einsum("npi,npj->ij", slopes, slopes).double())  # from the least to the most
    rows = vectors.T.flip(0)[:DIRECTIONS]
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return (rows * largest.sign()).float()  # a direction and its opposite are one: the largest number is positive


def ends(images: Images) -> tuple[Tensor, list[int]]:
    """Return the unseen digits between which one can walk (N, 1, 28, 28), and their labels."""
    rows = torch.cat([(images.test_labels == label).nonzero()[:ENDS, 0] for label in range(len(images.classes))])
    return images.test[rows], images.test_labels[rows].tolist()


def prior_of(prior: FittedPrior, unseen: Tensor) -> dict:
    """Return a fitted prior, and how crowded the places of unseen digits' codes (N, d) are under it.

    `crowded` has the percentiles of their log-density, from 0 to 100, in nats.
    """
    gaussians = prior.mixture.component_distribution
    crowded = prior.log_density(unseen).quantile(torch.linspace(0, 1, 101))
    parts = {"shares": prior.mixture.mixture_distribution.probs, "means": gaussians.loc}
    parts |= {"scale_tril": gaussians.scale_tril, "crowded": crowded}
    return {name: packed(tensor.float()) for name, tensor in parts.items()}


def exported(make, images: Images, digits: Tensor) -> tuple[nn.Module, dict]:
    """Return a model and what the page shows of it, but for its fitted prior."""
    model = make(images)
    decoder = generator_of(model)
    if isinstance(model, VAE):
        walked = model.codes(digits)
    else:  # a GAN has no encoder: the most probable code of each digit is searched, as in lesson 07
        walked = best_codes(decoder, digits, torch.Generator().manual_seed(0))
    about = {
        "recipe": inspect.getsource(make),
        "seed": lesson_models.SEED,
        "run": sorted(RUNS[model].values()),
        "fingerprint": fingerprint(decoder),
        "latent_dim": decoder.latent_dim,
        "layers": layers_of(decoder),
        "directions": packed(main_directions(decoder)),
        "ends": packed(walked),
    }
    return model, about


def explorer(images: Images) -> dict:
    """Return all that the explorer shows."""
    mixed = shuffled(images)
    digits, labels = ends(mixed)
    models = {}
    for name, make, codes, fit_prior in (
        ("gan_03", lesson_models.gan_03, None, None),
        ("vae_06", lesson_models.vae_06, lesson_models.codes_06, lesson_models.prior_06),
        ("vae_07", lesson_models.vae_07, lesson_models.codes_07, lesson_models.prior_07),
    ):
        model, models[name] = exported(make, images, digits)
        if fit_prior:
            unseen = codes(model, mixed.test)
            models[name] |= {"codes": packed(unseen[:CODES]), "prior": prior_of(fit_prior(model, images), unseen)}
    pixels = (255 * digits).round().to(torch.uint8)
    real = {"pixels": packed(pixels), "labels": labels, "sharpness": metrics.sharpness(images.test)}
    return {"torch": torch.__version__, "models": models, "real": real}


def script(name: str, content: dict) -> str:
    """Return a script that a page loads without a server: JSON with a name."""
    note = "// Made by `python scripts/export_live.py`: change nothing here."
    return f"{note}\nconst {name} = {json.dumps(content, indent=1, ensure_ascii=False)};\n"


def main() -> None:
    images = data.load("digits")
    for file, name, content in (
        ("explorer/models.js", "EXPLORER", explorer),
        ("blind_test/rounds.js", "BLIND_TEST", blind_rounds.content),
    ):
        (LIVE / file).write_text(script(name, content(images)), encoding="utf-8")


if __name__ == "__main__":
    main()
