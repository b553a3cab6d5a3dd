"""Figures: one style, the same colour for the same thing in every lesson, and alt text on each."""

import math
import pathlib
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils.plumbing.device import looking_at
from course_utils.plumbing.history import History

plt.style.use(pathlib.Path(__file__).with_name("style.mplstyle"))

REAL = "#1f4e9c"  # blue
GENERATED = "#d9730d"  # orange
PRIOR = "#7f7f7f"  # grey
POSTERIOR = "#2a8c55"  # green
OPINION = LinearSegmentedColormap.from_list("opinion", ["#f3b27a", "#ffffff", "#8fb0e0"])  # generated, undecided, real
LINES = {  # what training logs: label, colour, line style
    "d_loss": ("discriminator's loss", REAL, "-"),
    "g_loss": ("generator's loss", GENERATED, "--"),
    "d_real": ("D(x), real", REAL, "-"),
    "d_fake": ("D(G(z)), generated", GENERATED, "--"),
    "reconstruction": ("reconstruction", GENERATED, "-"),
    "kl": ("KL divergence", POSTERIOR, "-."),
    "elbo": ("ELBO", REAL, "-"),
}
LINES |= {f"held_out_{name}": (f"{label}, held out", colour, ":") for name, (label, colour, _) in LINES.items()}


def show(fig: Figure, alt: str) -> None:
    """Display a figure once, with its alt text, and close it."""
    redraw(None, fig, alt)


def redraw(handle, fig: Figure, alt: str):
    """Display a figure, in place of the one that the handle stands for if there is one, and return the handle."""
    if not alt.strip():
        plt.close(fig)
        raise ValueError("expected alt text: one sentence that says what the figure shows, got none")
    options = {"metadata": {"image/png": {"alt": alt}}}
    if handle is None:
        handle = display(fig, display_id=True, **options)
    else:
        handle.update(fig, **options)
    plt.close(fig)
    return handle


def tile(images: Tensor, columns: int) -> Tensor:
    """Join images (N, C, H, W) into one picture of the given number of columns, with a grey line between them.

    The picture is (height, width) for grey images, and (height, width, 3) for coloured ones, as matplotlib wants it.
    """
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"expected images of shape (N, 1, H, W), or (N, 3, H, W) in colour, got {tuple(images.shape)}")
    rows = math.ceil(len(images) / columns)
    padded = torch.nn.functional.pad(images, (0, 1, 0, 1), value=0.4)  # (N, C, H + 1, W + 1)
    blank = torch.zeros(rows * columns - len(images), *padded.shape[1:])
    cells = torch.cat([padded, blank]).unflatten(0, (rows, columns))  # (rows, columns, C, H + 1, W + 1)
    picture = cells.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)[:-1, :-1]  # (height, width, C)
    return picture.squeeze(2)


def draw_images(axes: Axes, images: Tensor, columns: int = 8, names: Sequence[str] = ()) -> None:
    """Draw images in [0, 1] as a grid, its rows named on the left: always the same scale, never smoothed."""
    axes.imshow(tile(images, columns).numpy(), vmin=0, vmax=1, cmap="gray", interpolation="nearest")
    height = images.shape[-2] + 1
    axes.set(xticks=[], yticks=[height * (i + 0.5) for i in range(len(names))], yticklabels=names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def image_grid(images: Tensor, alt: str, title: str = "", columns: int = 16, names: Sequence[str] = ()) -> None:
    """Show images (N, 1, H, W), or (N, 3, H, W) in colour, in [0, 1] as a grid, its rows named on the left."""
    rows = math.ceil(len(images) / columns)
    cell = 0.45 * max(1, images.shape[-1] / 28)  # inches, so that every pixel of a larger image is seen
    fig, axes = plt.subplots(figsize=(cell * columns + 1.2 * bool(names), cell * rows + 0.3))  # with room for names
    draw_images(axes, images, columns, names)
    axes.set_title(title)
    show(fig, alt)


def image_rows(rows: Mapping[str, Tensor], alt: str, title: str = "") -> None:
    """Show rows of images of one length, each with its name on the left."""
    first, *_ = rows.values()
    image_grid(torch.cat(list(rows.values())), alt, title, len(first), list(rows))


def draw_points(axes: Axes, real: Tensor | None = None, generated: Tensor | None = None, limit: float = 1.6) -> None:
    """Draw real points as blue dots and generated ones as orange crosses, on a square from -limit to limit."""
    if real is not None:
        axes.scatter(*real.T.numpy(), s=8, color=REAL, alpha=0.5, linewidths=0, label="real")
    if generated is not None:
        axes.scatter(*generated.T.numpy(), s=14, color=GENERATED, marker="x", linewidths=0.8, label="generated")
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])


def draw_discriminator(axes: Axes, discriminator: nn.Module, limit: float = 1.6, n: int = 80) -> None:
    """Paint D(x) over the plane: light blue where the discriminator says real, light orange where generated."""
    axis = torch.linspace(-limit, limit, n)
    with looking_at(discriminator) as device:
        points = torch.cartesian_prod(axis, axis).to(device)  # (n * n, 2)
        surface = discriminator(points).sigmoid().reshape(n, n).T.cpu().numpy()
    square = (-limit, limit, -limit, limit)
    axes.imshow(surface, OPINION, vmin=0, vmax=1, origin="lower", extent=square, interpolation="bilinear")


def draw_curves(axes: Axes, history: History, names: Sequence[str]) -> None:
    """Draw logged metrics against the step, each in its colour and line style, named at its end."""
    for name in names:
        label, colour, style = LINES.get(name, (name, None, "-"))
        axes.plot(history.steps, history[name], style, color=colour, label=label, linewidth=1.5)
    axes.set_xlabel("training step")
    axes.legend()


def curves(
    histories: Mapping[str, History], names: Sequence[str], alt: str, title: str = "", ylabel: str = "", ylim=None
) -> None:
    """Show logged metrics of several runs side by side, on one scale; each run is a title and its history."""
    fig, panels = plt.subplots(1, len(histories), figsize=(3.6 * len(histories), 2.8), sharey=True, squeeze=False)
    for axes, (run, history) in zip(panels[0], histories.items()):
        draw_curves(axes, history, names)
        axes.set_title(run, fontsize=9, loc="center")
    panels[0, 0].set(ylabel=ylabel, ylim=ylim)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def filmstrip(frames: Mapping[str, Callable[[Axes], None]], alt: str, title: str = "", size: float = 1.7) -> None:
    """Show small pictures side by side; each is a title and a function that draws on its axes."""
    fig, panels = plt.subplots(1, len(frames), figsize=(size * len(frames), size + 0.6), squeeze=False)
    for axes, (name, draw) in zip(panels[0], frames.items()):
        draw(axes)
        axes.set_title(name, fontsize=9, loc="center")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def live(
    names: Sequence[str] = ("d_real", "d_fake"), ylabel: str = "mean of D", ylim=(0, 1), images: Tensor | None = None
) -> Callable[[nn.Module, History], None]:
    """A callback for `fit` that shows 32 samples from one fixed z beside logged metrics, redrawn in place.

    A VAE can show `images` (N, C, H, W) and what it rebuilds from their codes above its samples.
    """
    handle = None

    def draw(model: nn.Module, history: History) -> None:
        nonlocal handle
        fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), width_ratios=(1.5, 1))
        step = history.steps[-1] if history.steps else 0
        if images is None:
            draw_images(left, model.sample(32))
            left.set_title(f"Samples after {step:,} steps")
        else:
            draw_images(left, torch.cat([images, model.reconstruct(images), model.sample(32)]), len(images))
            left.set_title(f"Real, rebuilt, sampled after {step:,} steps")
        if history.steps:
            draw_curves(right, history, names)
        right.set(ylim=ylim, ylabel=ylabel)
        handle = redraw(handle, fig, f"32 images from fixed z after {step} steps, beside {' and '.join(names)} so far")

    return draw
