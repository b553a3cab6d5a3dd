"""What does a GPU buy, and what do bfloat16, a compiled loss and channels last buy on it?

    python benchmarks/gpu.py
    python benchmarks/gpu.py --device cpu --quick
    python benchmarks/gpu.py --lessons

Steps per second, medians of interleaved rounds after one that warms up: of `fit` and of the same loop by hand on lesson
03's GAN; of `fit` at batches from 16 to 4,096 images; and of each faster way beside the ordinary one, the GAN and a VAE
of colour pictures of 64×64 pixels. With --lessons, also the seconds that each notebook takes. Pictures are noise, since
only time is measured. Writes benchmarks/results/gpu_NAME.json, whose NAME is that of the device.
"""

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from environment import RESULTS, ROOT, describe, interleaved, processor, store
from torch.nn.functional import softplus

from course_utils.gan import GAN
from course_utils.losses import r1_penalty
from course_utils.networks import ConvDiscriminator, ConvEncoder, ConvGenerator, to_data
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

GREY, COLOUR = (1, 28, 28), (3, 64, 64)
LADDER = (16, 64, 256, 1024, 4096)
FASTER = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "channels last": {"channels_last": True},
    "bfloat16, channels last": {"precision": "bfloat16", "channels_last": True},
}
COMPILED = {"compiled": {"compile": True}, "compiled, bfloat16": {"compile": True, "precision": "bfloat16"}}


def new_gan(shape: tuple[int, ...]) -> GAN:
    seed_everything(0)
    players = ConvGenerator(shape=shape), ConvDiscriminator(shape=shape)
    return GAN(*players, r1_weight=1.0, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)


def new_vae(shape: tuple[int, ...]) -> VAE:
    seed_everything(0)
    return VAE(ConvEncoder(shape=shape), ConvGenerator(shape=shape))


def by_hand(gan: GAN, images: torch.Tensor, steps: int, batch: int) -> None:
    """The operations of `fit` and `GAN`, in one loop that looks at its losses as often as `fit` does."""
    generator, discriminator = gan.generator, gan.discriminator
    optimizers = gan.make_optimizers()
    log = []
    for step in range(steps):
        real = images.index_select(0, torch.randint(len(images), (batch,), device=images.device))
        z = torch.randn(batch, generator.latent_dim, device=images.device)
        with torch.no_grad():
            fake = to_data(generator(z))
        real_logits, fake_logits = discriminator(real), discriminator(fake)
        d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        penalty = 8 * r1_penalty(discriminator, real) if step % 8 == 0 else 0.0
        optimizers["discriminator"].zero_grad()
        (d_loss + penalty).backward()
        optimizers["discriminator"].step()
        z = torch.randn(batch, generator.latent_dim, device=images.device)
        g_loss = softplus(-discriminator(to_data(generator(z)))).mean()
        optimizers["generator"].zero_grad()
        g_loss.backward(inputs=list(generator.parameters()))
        optimizers["generator"].step()
        d_real, d_fake = (logits.detach().sigmoid().mean() for logits in (real_logits, fake_logits))
        log.append(torch.stack([d_loss.detach(), g_loss.detach(), d_real, d_fake]))
        if (step + 1) % 50 == 0 or step + 1 == steps:
            torch.stack(log).tolist()
            log = []


def steps_per_second(ways: dict[str, Callable], steps: int, rounds: int) -> dict[str, float]:
    """Time ways to take some steps, in turn; return the steps that each takes in a second."""
    rows = interleaved(ways, rounds)
    return {name: round(steps / statistics.median(row[name] for row in rows), 2) for name in ways}


def ladder(images: torch.Tensor, batches: tuple[int, ...], steps: int, rounds: int, device: torch.device) -> dict:
    """Return the steps per second of `fit` on lesson 03's GAN for each size of the batch."""
    train = partial(fit, data=images, steps=steps, device=device)
    return {
        batch: steps_per_second({"fit": partial(train, new_gan(GREY), batch_size=batch)}, steps, rounds)["fit"]
        for batch in batches
    }


def faster(new, ways: dict, images: torch.Tensor, batch: int, steps: int, rounds: int, device) -> dict[str, float]:
    """Return the steps per second of `fit` with each of the settings; the round that warms up compiles as well."""
    train = partial(fit, data=images, steps=steps, batch_size=batch, device=device)
    return steps_per_second(
        {name: partial(train, new(COLOUR), **settings) for name, settings in ways.items()}, steps, rounds
    )


def seconds_of_lessons() -> dict[str, float]:
    """Run every notebook on this machine as it stands; return the seconds of each."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from execution import execute

    seconds = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        start = time.perf_counter()
        execute(path)
        seconds[path.stem] = round(time.perf_counter() - start, 1)
        print(f"{path.stem}: {seconds[path.stem]} s", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    parser.add_argument("--device", type=torch.device, default=accelerator or torch.device("cpu"))
    parser.add_argument("--quick", action="store_true", help="few steps of small batches, to see that it runs")
    parser.add_argument("--lessons", action="store_true", help="time the notebooks as well")
    args = parser.parse_args()
    steps, rounds, batch = (3, 1, 8) if args.quick else (200, 5, 64)
    device = args.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor() or device.type
    noise = torch.Generator().manual_seed(0)
    grey = torch.rand(512 if args.quick else 20_000, *GREY, generator=noise).to(device)
    colour = torch.rand(64 if args.quick else 4_000, *COLOUR, generator=noise).to(device)
    result = {"device": name, "environment": describe() | {"cuda": torch.version.cuda}, "quick": args.quick}
    result |= {"steps": steps, "rounds": rounds, "batch_size": batch}
    by_fit = partial(fit, new_gan(GREY).to(device), grey, steps=steps, batch_size=batch, device=device)
    hand = partial(by_hand, new_gan(GREY).to(device), grey, steps, batch)
    result["gan"] = steps_per_second({"fit": by_fit, "by hand": hand}, steps, rounds)
    result["ladder"] = ladder(grey, LADDER[:2] if args.quick else LADDER, steps, rounds, device)
    colour_gan = partial(faster, new_gan, FASTER, colour)
    result["colour_gan"] = {size: colour_gan(size, steps, rounds, device) for size in (batch, 4 * batch)}
    result["colour_vae"] = faster(new_vae, FASTER | COMPILED, colour, batch, steps, rounds, device)
    if args.lessons:
        result["lessons"] = seconds_of_lessons()
    file = f"gpu_{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_')}.json"
    print(json.dumps(result, indent=1))
    if not args.quick:
        store(RESULTS / file, json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
