"""The playground: a GAN for points in the plane that a reader steps by hand, watches, and breaks on purpose."""

import functools

import ipywidgets as widgets

from course_utils.losses import ADVERSARIAL
from course_utils.playground.game import PLAYERS, PRESETS, TUNABLE, Game
from course_utils.show.widgets import one_at_a_time, png

RATES = [(f"{rate:g}", rate) for rate in (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)]
BUTTONS = {"discriminator": "Step D", "generator": "Step G", "both": "Step both"}  # label of each player's


def controls(preset: str, seed: int) -> dict[str, widgets.Widget]:
    """All widgets of the playground, by name."""
    wide = {"style": {"description_width": "110px"}, "layout": widgets.Layout(width="320px")}
    narrow = widgets.Layout(width="90px")
    return {
        "preset": widgets.Dropdown(options=list(PRESETS), value=preset, description="preset", **wide),
        "seed": widgets.BoundedIntText(seed, 0, 9999, description="seed", layout=widgets.Layout(width="160px")),
        "reset": widgets.Button(description="Reset", layout=narrow),
        "loss": widgets.Dropdown(options=list(ADVERSARIAL), description="loss", **wide),
        "discriminator_lr": widgets.SelectionSlider(options=RATES, description="learning rate, D", **wide),
        "generator_lr": widgets.SelectionSlider(options=RATES, description="learning rate, G", **wide),
        "n": widgets.ToggleButtons(options=[1, 10, 100, 500], value=100, style={"button_width": "50px"}),
        **{players: widgets.Button(description=text, layout=narrow) for players, text in BUTTONS.items()},
        "play": widgets.Play(max=1000, interval=100, show_repeat=False),
        "status": widgets.HTML(),
        "picture": widgets.Image(format="png", layout=widgets.Layout(width="860px")),
    }


def arranged(ui: dict[str, widgets.Widget]) -> widgets.VBox:
    """The controls in rows, which break where the page is narrow, above the status and the picture."""
    rows = [("preset", "seed", "reset"), TUNABLE, ("n", *PLAYERS, "play")]
    wrap = widgets.Layout(flex_flow="row wrap")
    boxes = [widgets.HBox([ui[name] for name in row], layout=wrap) for row in rows]
    return widgets.VBox([*boxes, ui["status"], ui["picture"]])


def status(game: Game) -> str:
    """What to try, the steps so far and the score, as HTML."""
    counts = f"{game.steps['discriminator']:,} steps of D, {game.steps['generator']:,} of G"
    pull = game.pull(game.gan.sample(256)).norm(dim=1).median()
    return f"<i>{game.hint}</i><br>{counts}: <b>{game.verdict()}</b>; median gradient at a sample {pull:.2g}"


def playground(preset: str = "healthy", seed: int = 0) -> widgets.VBox:
    """A game with buttons above its picture; the loss and the learning rates can change while it goes on."""
    game = Game(preset, seed)
    ui = controls(preset, seed)

    def redraw() -> None:
        ui["picture"].value = png(game.figure())
        ui["status"].value = status(game)

    @one_at_a_time()
    def restart(**settings) -> None:
        nonlocal game
        game = Game(ui["preset"].value, ui["seed"].value, **settings)
        for name in TUNABLE:  # this calls `tune`, which finds nothing to change
            ui[name].value = getattr(game.gan, name)
        redraw()

    def restart_with_these_settings(_) -> None:
        restart(**{name: ui[name].value for name in TUNABLE})

    @one_at_a_time()
    def tune(change, name: str) -> None:
        if getattr(game.gan, name) != change.new:
            game.tune(name, change.new)
            redraw()

    @one_at_a_time()
    def step(players: str) -> None:
        game.step(players, ui["n"].value)
        redraw()

    def tick(change) -> None:
        if change.new > change.old:  # stop sets the value back to 0
            step("both")

    for name in TUNABLE:
        ui[name].observe(functools.partial(tune, name=name), names="value")
    for players in PLAYERS:
        ui[players].on_click(lambda _, players=players: step(players))
    ui["play"].observe(tick, names="value")
    ui["preset"].observe(lambda _: restart(), names="value")  # a preset brings its settings
    ui["seed"].observe(restart_with_these_settings, names="value")
    ui["reset"].on_click(restart_with_these_settings)
    restart()
    return arranged(ui)
