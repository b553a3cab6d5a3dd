"""What the live blind test shows: a sheet of samples, what simple rules score, and the numbers of lesson 07."""

import base64
import inspect
import io

import torch
from execution import ROOT
from PIL import Image
from torch import Tensor

from course_utils import data
from course_utils.comparison.after_training import accepted
from course_utils.comparison.measures import ink, shuffled
from course_utils.comparison.records import Fight
from course_utils.comparison.tables import described
from course_utils.comparison.verdicts import CLAIMS
from course_utils.data import Images
from course_utils.judge import trained_classifier
from course_utils.metrics import sharpness
from course_utils.networks import in_parts
from live import lesson_models

SHOWN = 100  # images of each kind that the page can draw rows from
ROW = 10
POOL = 2000  # images of each kind from which the rules' rounds are drawn
ROUNDS = 2000
SHEET_COLUMNS = 25
CLAIMS_ABOUT_SAMPLES = CLAIMS[:4]


def samples(images: Images) -> dict[str, dict[str, Tensor]]:
    """Return samples (POOL, 1, 28, 28) of both families of lesson 07 by the way they were drawn, and real digits.

    After its step, the VAE draws from its fitted prior, and the GAN what its discriminator lets pass.
    """
    gan, vae = lesson_models.gan_07(images), lesson_models.vae_07(images)
    prior = lesson_models.prior_07(vae, images)
    return {
        "usual": {"GAN": gan.sample(POOL, seed=3), "VAE": vae.sample(POOL, seed=3)},
        "after": {"GAN": accepted(gan, POOL, seed=3), "VAE": vae.sample(z=prior.sample(POOL, seed=3))},
        "real": {"real": shuffled(images).test[:POOL]},
    }


def measures_of(images: Tensor, confidence: Tensor) -> dict[str, Tensor]:
    """Return for each image (N, 1, 28, 28) what a rule may go by: (N,) each."""
    return {
        "sharpness": torch.tensor([sharpness(image[None]) for image in images]),
        "ink": ink(images),
        "readability": confidence,
    }


def variety(rows: Tensor) -> Tensor:
    """Return the mean distance in pixels between the images of each row (R, ROW, 1, 28, 28): (R,)."""
    apart = torch.cdist(rows.flatten(2), rows.flatten(2))  # (R, ROW, ROW), 0 from an image to itself
    return apart.sum((1, 2)) / (ROW * (ROW - 1))


def measures_of_rows(images: Tensor, measured: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """Return what a rule may go by for rows of images, given by their numbers (R, ROW): (R,) each."""
    means = {name: numbers[rows].mean(1) for name, numbers in measured.items()}
    return means | {"variety": variety(images[rows])}


def rules(drawn: dict[str, Tensor], measured: dict[str, dict[str, Tensor]]) -> dict[str, float]:
    """Return how often the GAN's row has more of each measure than the VAE's, over ROUNDS random rounds."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(ROUNDS, POOL, generator=generator).topk(ROW).indices  # (ROUNDS, ROW), none twice in a row
    gan, vae = (measures_of_rows(drawn[name], measured[name], rows) for name in ("GAN", "VAE"))
    return {name: (gan[name] > vae[name]).float().mean().item() for name in gan}


def sheet(images: Tensor) -> str:
    """Return images (N, 1, 28, 28), N a multiple of SHEET_COLUMNS, side by side as a PNG in base64."""
    levels = (255 * images[:, 0]).round().to(torch.uint8)
    grid = levels.unflatten(0, (-1, SHEET_COLUMNS)).transpose(1, 2).flatten(0, 1).flatten(1)  # (28 R, 28 C)
    file = io.BytesIO()
    Image.fromarray(grid.numpy()).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def verdicts() -> dict:
    """Return what the recorded fights say of the claims about samples: a table's head and its rows.

    `distances` has the Fréchet distances, × floor, of digits that VAEs drew from N(0, I): of the VAE whose settings are
    for such draws ("usual"), and of that whose settings are for a fitted prior ("untouched").
    """
    fights = [Fight(ROOT / "benchmarks" / "results", name) for name in data.IMAGE_SETS]
    rows = []
    for claim in CLAIMS_ABOUT_SAMPLES:
        for way, comparison in claim.comparisons.items():
            cells = [described(comparison.interval(fight), comparison.verdict(fight)) for fight in fights]
            rows.append([claim.says, f"{comparison.measure}, {way}", f"{comparison.matters:.2g}", *cells])
    digits = fights[0]
    return {
        "head": ["claim", "what is compared", "matters from", *(fight.title for fight in fights)],
        "rows": rows,
        "detector": {"blurred": digits.real["soft"], "blurred, equally sharp": digits.real["soft_matched"]},
        "distances": {way: digits.values("vae", way, "ratio").mean().item() for way in ("usual", "untouched")},
    }


def one_of_each(images: Images) -> list[int]:
    """Return the number of the first digit of each class among the real ones that the page shows."""
    labels = shuffled(images).test_labels[:SHOWN].tolist()
    return [labels.index(label) for label in range(len(images.classes))]


def content(images: Images) -> dict:
    """Return all that the blind test shows."""
    classifier = trained_classifier(images, 0)
    drawn = samples(images)
    measured = {way: {} for way in drawn}
    for way, kinds in drawn.items():
        for name, pictures in kinds.items():
            confidence = in_parts(classifier, classifier, pictures).softmax(1).amax(1)
            measured[way][name] = measures_of(pictures, confidence)
    real = measures_of_rows(drawn["real"]["real"], measured["real"]["real"], torch.arange(POOL).view(-1, ROW))
    shown = [pictures[:SHOWN] for kinds in drawn.values() for pictures in kinds.values()]
    readability = [numbers["readability"][:SHOWN] for kinds in measured.values() for numbers in kinds.values()]
    return {
        "recipes": [inspect.getsource(make) for make in (lesson_models.gan_07, lesson_models.vae_07)],
        "seed": lesson_models.SEED,
        "kinds": [[way, name] for way, kinds in drawn.items() for name in kinds],
        "shown": SHOWN,
        "columns": SHEET_COLUMNS,
        "sheet": sheet(torch.cat(shown)),
        "one_of_each": one_of_each(images),
        "readability": [round(number, 3) for number in torch.cat(readability).tolist()],
        "real": {name: numbers.mean().item() for name, numbers in real.items()},
        "rounds": ROUNDS,
        "rules": {way: rules(drawn[way], measured[way]) for way in ("usual", "after")},
        "lesson_07": verdicts(),
    }
