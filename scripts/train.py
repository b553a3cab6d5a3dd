"""Train a model on images from the command line, alone or in several processes.

    python scripts/train.py gan digits --steps 3000
    torchrun --nproc-per-node=2 scripts/train.py vae photos --size 64 --colour --steps 20000 --precision bfloat16

The data are a name ("digits", "mnist", "fashion_mnist"), a folder of pictures, or one that `data.pack_folder` wrote.
`runs/NAME` gets pictures of samples, and the metrics for TensorBoard, or as a table. The same line goes on where it was
stopped.
"""

import argparse
import csv
import os
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.hybrids import VAEGAN, BiGAN
from course_utils.plumbing.history import History
from course_utils.show.plots import tile
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE


def new_model(name: str, shape: tuple[int, ...]) -> nn.Module:
    """Return a model of images of a shape, with the settings of the lessons."""
    generator = networks.ConvGenerator(shape=shape)
    encoder = networks.ConvEncoder(shape=shape)
    discriminator = networks.ConvDiscriminator(shape=shape)
    r1 = {"r1_weight": 1.0, "penalty_every": 8}
    if name == "gan":
        return GAN(generator, discriminator, **r1, generator_lr=2e-3, discriminator_lr=2e-3)
    if name == "vae":
        return VAE(encoder, generator)
    if name == "vaegan":
        return VAEGAN(encoder, generator, discriminator, **r1)
    return BiGAN(encoder, generator, networks.PairDiscriminator(generator.latent_dim, shape=shape), **r1)


def load(name: str, size: int, colour: bool) -> data.Images:
    """Load data by name, or from a folder: a packed one has its own size and colour."""
    if name in data.IMAGE_SETS:
        return data.load(name)
    packed = (pathlib.Path(name) / data.ABOUT).exists()
    return data.load_packed(name) if packed else data.load_folder(name, size, colour)


def save_samples(model: nn.Module, path: pathlib.Path) -> None:
    """Write 64 samples, of the same codes each time, as one picture."""
    picture = tile(model.sample(64), columns=8)  # (height, width) or (height, width, 3)
    Image.fromarray((255 * picture).round().numpy().astype(np.uint8)).save(path)


def write_table(history: History, folder: pathlib.Path) -> None:
    """Write the metrics as a table, a row for each entry of the history."""
    with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["step", *history.metrics])
        table.writerows(zip(history.steps, *history.metrics.values()))


def table_writer():
    """Return what writes the metrics: for TensorBoard if it is installed, otherwise as a table."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print('Metrics go into metrics.csv; for TensorBoard: pip install -e ".[tensorboard]".', file=sys.stderr)
        return write_table

    written = 0

    def write_events(history: History, folder: pathlib.Path) -> None:
        nonlocal written
        with SummaryWriter(folder) as writer:
            for name, column in history.metrics.items():
                for step, value in zip(history.steps[written:], column[written:]):
                    writer.add_scalar(name, value, step)
        written = len(history.steps)

    return write_events


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=("gan", "vae", "vaegan", "bigan"))
    parser.add_argument("data")
    parser.add_argument("--size", type=int, default=28, help="of a folder's pictures")
    parser.add_argument("--colour", action="store_true", help="keep the colours of a folder's pictures")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--accumulate", type=int, default=1, help="batches for one step")
    parser.add_argument("--average", type=float, default=0.999, help="decay of the average of the weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true", help="compile the loss, for long runs of a VAE")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--device", help="by default the accelerator that is there")
    parser.add_argument("--checkpoint", help="its name; by default that of the run")
    parser.add_argument("--pictures", type=int, default=8, help="how often to draw samples, more often early on")
    parser.add_argument("--name", help="of the run's folder in runs/; by default MODEL-DATA")
    args = parser.parse_args(arguments)
    name = args.name or f"{args.model}-{pathlib.Path(args.data).resolve().name}"
    folder = pathlib.Path("runs") / name
    write = table_writer() if os.environ.get("RANK", "0") == "0" else None
    images = load(args.data, args.size, args.colour)
    seed_everything(args.seed)
    model = new_model(args.model, tuple(images.train.shape[1:]))

    def show(model: nn.Module, history: History) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        step = max([0, *history.snapshots])
        save_samples(model, folder / f"samples_{step:07}.png")
        write(history, folder)

    fit(
        model,
        images.train,
        steps=args.steps,
        batch_size=args.batch,
        accumulate=args.accumulate,
        seed=args.seed,
        average=args.average,
        snapshots=args.pictures,
        callback=show,
        checkpoint=args.checkpoint or name,
        device=args.device,
        precision=args.precision,
        compile=args.compile,
        channels_last=args.channels_last,
    )
    if write:
        torch.save(model.state_dict(), folder / "model.pt")
        print(f"Trained: {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
