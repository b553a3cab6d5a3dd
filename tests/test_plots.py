"""Figures: each has alt text, pixels stay as they are, and an explorer redraws its picture."""

import inspect
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pytest
import torch
from helpers import tiny_gan, trained
from matplotlib.figure import Figure

from course_utils.gan import GAN
from course_utils.networks import ConvDiscriminator, ConvGenerator
from course_utils.playground.wrappers import spectral
from course_utils.plumbing.history import History
from course_utils.show import plots, widgets
from course_utils.training import fit

IMAGES = torch.rand(6, 1, 28, 28)
FIGURES = {  # every function that shows a figure with the alt text that it is given
    "image_grid": lambda alt: plots.image_grid(IMAGES, alt, "six images", columns=4),
    "image_grid in colour": lambda alt: plots.image_grid(torch.rand(4, 3, 32, 32), alt, columns=2),
    "image_rows": lambda alt: plots.image_rows({"real": IMAGES[:3], "generated": IMAGES[3:]}, alt),
    "curves": lambda alt: plots.curves({"a run": trained()[1]}, ["d_loss"], alt),
    "filmstrip": lambda alt: plots.filmstrip({"noise": lambda axes: axes.imshow(IMAGES[0, 0])}, alt),
}


@dataclass
class Shown:
    """A figure as it was displayed: new, or updated in place."""

    how: str
    figure: Figure
    metadata: dict

    @property
    def alt(self) -> str:
        return self.metadata["image/png"]["alt"]


@pytest.fixture
def shown(monkeypatch):
    """The figures that were displayed, in order."""
    shown = []

    class Handle:
        def update(self, fig, metadata):
            shown.append(Shown("updated", fig, metadata))

    def display(fig, display_id, metadata):
        assert display_id is True
        shown.append(Shown("new", fig, metadata))
        return Handle()

    monkeypatch.setattr(plots, "display", display)
    return shown


def test_every_function_that_takes_alt_text_is_tested_here():
    public = {name: f for name, f in inspect.getmembers(plots, inspect.isfunction) if f.__module__ == plots.__name__}
    takes_alt = {name for name, f in public.items() if "alt" in inspect.signature(f).parameters}
    assert takes_alt == {*(name.split()[0] for name in FIGURES), "show", "redraw"}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_shown_once_with_its_alt_text_and_closed(name, shown):
    FIGURES[name]("what the figure shows")
    assert [each.alt for each in shown] == ["what the figure shows"]
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_without_alt_text_is_refused(name, shown):
    with pytest.raises(ValueError, match="expected alt text"):
        FIGURES[name](" \n")
    assert shown == []
    plt.close("all")


def test_the_alt_text_reaches_the_stored_notebook():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    with capture_output() as captured:
        plots.image_grid(IMAGES, alt="six noisy squares")
    (output,) = captured.outputs
    assert output.metadata["image/png"] == {"alt": "six noisy squares"}


def test_a_live_figure_is_updated_in_place_and_says_how_far_training_is(shown):
    gan = GAN(ConvGenerator(2, (2, 2)), ConvDiscriminator((2, 2)))
    fit(gan, torch.rand(20, 1, 28, 28), steps=4, batch_size=4, log_every=2, snapshots=[2], callback=plots.live())
    first, second = shown
    assert first.how == "new" and "after 2 steps" in first.alt
    assert second.how == "updated" and "after 4 steps" in second.alt
    assert plt.get_fignums() == []


@pytest.mark.parametrize("columns, rows", [(1, 6), (4, 2), (6, 1), (8, 1)])
def test_tiles_keep_every_pixel(columns, rows):
    picture = plots.tile(IMAGES, columns)
    assert picture.shape == (29 * rows - 1, 29 * columns - 1)
    for i, image in enumerate(IMAGES):
        top = 29 * (i // columns)
        left = 29 * (i % columns)
        assert torch.equal(picture[top : top + 28, left : left + 28], image[0])


def test_tiles_of_colour_pictures_keep_every_pixel_and_its_colour():
    images = torch.rand(5, 3, 20, 12)
    picture = plots.tile(images, 3)
    assert picture.shape == (21 * 2 - 1, 13 * 3 - 1, 3)
    for i, image in enumerate(images):
        top, left = 21 * (i // 3), 13 * (i % 3)
        assert torch.equal(picture[top : top + 20, left : left + 12], image.permute(1, 2, 0))
    assert torch.equal(plots.tile(images[:, :1].expand(-1, 3, -1, -1), 3)[..., 1], plots.tile(images[:, :1], 3))


@pytest.mark.parametrize("shape", [(4, 2, 8, 8), (4, 8, 8), (4, 784)])
def test_what_is_no_picture_is_not_drawn(shape):
    with pytest.raises(ValueError, match=r"expected images of shape \(N, 1, H, W\), or \(N, 3, H, W\) in colour, got"):
        plots.tile(torch.rand(shape), 2)


def test_a_grid_of_larger_pictures_has_room_for_each_pixel_and_one_of_28_pixels_is_as_it_was(shown):
    for images in (torch.rand(4, 3, 64, 64), IMAGES[:4], torch.rand(4, 1, 8, 8)):
        plots.image_grid(images, "four pictures", columns=2)
    sizes = [tuple(each.figure.get_size_inches()) for each in shown]
    assert sizes[1] == sizes[2] == (0.45 * 2, 0.45 * 2 + 0.3) and sizes[0][0] * shown[0].figure.dpi / 2 > 64


def test_images_are_drawn_in_a_fixed_range_without_smoothing():
    fig, axes = plt.subplots()
    plots.draw_images(axes, IMAGES * 0.3)
    (drawn,) = axes.images
    assert drawn.get_clim() == (0, 1) and drawn.get_interpolation() == "nearest"
    assert torch.equal(torch.tensor(drawn.get_array().data), plots.tile(IMAGES * 0.3, 8))
    plt.close(fig)


def test_rows_are_named_beside_their_images(shown):
    plots.image_rows({"real": IMAGES[:3], "generated": IMAGES[3:]}, "two rows")
    axes = shown[0].figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["real", "generated"]
    assert torch.equal(torch.tensor(axes.images[0].get_array().data), plots.tile(IMAGES, 3))


def test_points_keep_their_places_and_the_colour_of_their_kind():
    fig, axes = plt.subplots()
    real = torch.rand(5, 2)
    generated = torch.rand(4, 2)
    plots.draw_points(axes, real, generated)
    offsets = [torch.tensor(dots.get_offsets().data, dtype=torch.float32) for dots in axes.collections]
    assert torch.equal(offsets[0], real) and torch.equal(offsets[1], generated)
    colours = [plt.matplotlib.colors.to_hex(dots.get_edgecolor()[0]) for dots in axes.collections]
    assert colours[1] == plots.GENERATED != colours[0]
    plt.close(fig)


def test_the_map_of_the_discriminator_has_x_to_the_right_and_y_upwards():
    fig, axes = plt.subplots()
    gan = tiny_gan()
    plots.draw_discriminator(axes, gan.discriminator, limit=2.0, n=5)
    (surface,) = axes.images
    corner = gan.discriminator(torch.tensor([[2.0, -2.0]])).sigmoid().item()
    assert surface.get_array()[0, -1] == pytest.approx(corner) and surface.origin == "lower"
    plt.close(fig)


def test_drawing_a_discriminator_leaves_it_as_it_was():
    discriminator = spectral(tiny_gan().discriminator).train()
    before = {name: tensor.clone() for name, tensor in discriminator.state_dict().items()}
    fig, axes = plt.subplots()
    plots.draw_discriminator(axes, discriminator, n=5)
    plt.close(fig)
    assert discriminator.training and all(torch.equal(before[k], v) for k, v in discriminator.state_dict().items())


def test_curves_show_the_history_in_the_colour_of_the_metric():
    fig, axes = plt.subplots()
    history: History = trained()[1]
    plots.draw_curves(axes, history, ["d_loss", "g_loss"])
    for line, name, colour in zip(axes.lines, ("d_loss", "g_loss"), (plots.REAL, plots.GENERATED)):
        assert list(line.get_xdata()) == history.steps and list(line.get_ydata()) == history[name]
        assert line.get_color() == colour
    assert axes.lines[0].get_linestyle() != axes.lines[1].get_linestyle()
    plt.close(fig)


def test_curves_of_several_runs_stand_side_by_side_on_one_scale(shown):
    runs = {"one seed": trained()[1], "another seed": trained(seed=1)[1]}
    plots.curves(runs, ["d_real", "d_fake"], "two runs", ylabel="mean of D", ylim=(0, 1))
    axes = shown[0].figure.axes
    assert [axis.get_title() for axis in axes] == list(runs) and axes[0].get_ylabel() == "mean of D"
    for axis, history in zip(axes, runs.values()):
        assert [list(line.get_ydata()) for line in axis.lines] == [history["d_real"], history["d_fake"]]
        assert axis.get_ylim() == (0, 1)


def test_an_explorer_redraws_its_picture_when_a_slider_moves():
    seen = []

    def draw(step, latent_dim, loss):
        seen.append((step, latent_dim))
        fig, axes = plt.subplots(figsize=(1, 1))
        axes.plot([0, step], [0, latent_dim])
        return fig

    box = widgets.explore(draw, start={"latent_dim": 0.5}, step=[0, 1000], latent_dim=[2.0, 0.5], loss=["hinge"])
    *sliders, picture = box.children
    first = bytes(picture.value)
    sliders[0].value = 1000
    sliders[1].value = 2.0
    assert seen == [(0, 0.5), (1000, 0.5), (1000, 2.0)] and plt.get_fignums() == []
    assert first.startswith(b"\x89PNG") and bytes(picture.value) != first
    assert [[label for label, _ in slider.options] for slider in sliders] == [["0", "1,000"], ["2", "0.5"], ["hinge"]]
    assert [slider.description for slider in sliders] == ["step", "latent dim", "loss"]
