"""The playground: each button moves whom it says, a seed gives one game, and the presets end as they are meant to."""

import threading

import matplotlib.pyplot as plt
import pytest
import torch
from helpers import same_bits, weights
from ipywidgets import Widget

from course_utils.playground.game import MIXTURES, PRESETS, Game, Surface
from course_utils.playground.panel import RATES, controls, playground
from course_utils.show.plots import filmstrip


def everything(game: Game) -> dict:
    return {"weights": game.gan.state_dict(), "trace": game.trace, "random": game.random, "steps": game.steps}


def by_name(box: Widget) -> dict[str, Widget]:
    """The widgets of a playground by their labels, or by their kind."""
    *rows, status, picture = box.children
    named = {widget.description or type(widget).__name__: widget for row in rows for widget in row.children}
    return named | {"status": status, "picture": picture}


@pytest.mark.parametrize("player, other", [("discriminator", "generator"), ("generator", "discriminator")])
def test_a_step_of_one_player_leaves_the_other_alone(player, other):
    game = Game()
    before = {name: weights(getattr(game.gan, name)) for name in (player, other)}
    game.step(player, 3)
    assert not torch.equal(weights(getattr(game.gan, player)), before[player])
    assert torch.equal(weights(getattr(game.gan, other)), before[other])
    assert game.steps == {player: 3, other: 0} and game.trace["players"] == ["both", player]


def test_a_step_of_both_is_the_training_step_of_the_gan():
    game, other = Game(seed=3), Game(seed=3)
    game.step("both", 2)
    torch.manual_seed(0)
    torch.set_rng_state(other.random)
    for step in range(2):
        other.gan.training_step(other.data[torch.randint(len(other.data), (128,))], other.optimizers, step)
    assert torch.equal(weights(game.gan), weights(other.gan)) and game.steps == {"discriminator": 2, "generator": 2}


def test_the_generator_keeps_its_rhythm_of_n_critic():
    game = Game(n_critic=5)
    game.step("both", 12)
    assert game.steps == {"discriminator": 12, "generator": 2}


def test_a_game_leaves_the_random_state_of_the_notebook_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    game = Game("slow discriminator in pairs")
    game.step("both", 2)
    with pytest.raises(ValueError):
        game.step("nobody")
    plt.close(game.figure())
    playground()
    assert torch.equal(torch.get_rng_state(), before)


def test_one_seed_is_one_game_however_it_is_stepped_and_looked_at():
    game, other, another = Game(seed=1), Game(seed=1), Game(seed=2)
    assert not torch.equal(weights(game.gan), weights(another.gan))
    torch.randn(3)
    for n in (25, 1, 24):
        game.step("both", n)
        plt.close(game.figure())
    other.step("both", 50)
    assert torch.equal(weights(game.gan), weights(other.gan)) and torch.equal(game.random, other.random)
    assert game.trace["time"] == [0, 25, 26, 50] and other.trace["time"] == [0, 25, 50]
    assert game.score() == other.score()


def test_the_slow_discriminator_collapses_and_the_healthy_one_does_not():
    healthy, slow = Game("healthy"), Game("slow discriminator")
    for game in (healthy, slow):
        game.step("both", 1000)
    assert healthy.trace["modes"][-1] == 8 and slow.trace["modes"][-1] <= 3


def test_a_sure_discriminator_leaves_nothing_to_the_saturating_loss_only():
    game = Game("saturating loss")
    game.step("discriminator", 700)
    saturating = game.pull(game.gan.sample(100)).norm(dim=1).median()
    game.tune("loss", "non_saturating")
    assert game.pull(game.gan.sample(100)).norm(dim=1).median() > 500 * saturating


def test_the_pull_goes_downhill_whatever_the_number_of_samples():
    game = Game()
    game.step("discriminator", 50)
    samples = game.gan.sample(20)
    pull = game.pull(samples)
    before = game.gan.discriminator(samples)
    assert (game.gan.discriminator(samples + 1e-2 * pull) > before).all()
    torch.testing.assert_close(game.pull(samples[:4]), pull[:4])


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_steps_and_draws_and_says_what_to_try(preset):
    game = Game(preset)
    for players in ("discriminator", "generator", "both"):
        game.step(players)
    fig = game.figure()
    plane = fig.axes[0]
    assert plane.get_xlim() == (-game.limit, game.limit) and game.data.abs().max() < game.limit
    assert ("2 samples" in plane.get_xlabel()) == ("pairs" in preset)
    assert plane.get_title("left").startswith("No modes" if preset == "two moons" else str(game.score()["modes"]))
    plt.close(fig)
    assert len(game.hint) > 20 and game.hint not in [PRESETS[name]["hint"] for name in PRESETS if name != preset]
    assert {game.gan.discriminator_lr, game.gan.generator_lr} <= {rate for _, rate in RATES}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_samples_leave_the_picture_when_the_discriminator_stands_still_as_the_hint_says(seed):
    game = Game(seed=seed)
    game.step("discriminator", 100)
    game.step("generator", 500)
    seen = (game.gan.sample(500).abs() < game.limit).all(dim=1)
    assert seen.float().mean() < 0.25
    game.step("both", 1000)  # it moves again, and fetches them back
    assert (game.gan.sample(500).abs() < game.limit).all(dim=1).float().mean() > 0.9


def test_a_frame_stays_as_it_was_when_the_game_goes_on(monkeypatch):
    game = Game()
    shown = []
    monkeypatch.setattr("course_utils.show.plots.show", lambda fig, alt: shown.append(fig))
    frames = {"0": game.frame()}
    fig, axes = plt.subplots()
    game.draw(axes)
    game.step("both", 60)
    filmstrip(frames | {"60": game.frame()}, "two frames")
    first, second = ([torch.tensor(picture.get_array()) for picture in a.images] for a in shown[0].axes)
    assert same_bits(first, [torch.tensor(axes.images[0].get_array())]) and not same_bits(first, second)
    plt.close(fig)
    plt.close(shown[0])


def test_samples_that_fly_off_are_counted_in_the_corner():
    game = Game()
    with torch.no_grad():
        game.gan.generator[-2].bias += 9
    fig = game.figure()
    assert fig.axes[0].get_xlabel() == "256 of 256 outside"
    plt.close(fig)


def test_what_stands_below_the_plane_is_not_cut_off():
    game = Game("slow discriminator in pairs")
    with torch.no_grad():
        game.gan.generator[-2].bias += 9
    fig = game.figure()
    fig.canvas.draw()
    below = fig.axes[0].xaxis.label.get_window_extent()
    assert 0 <= below.x0 and 0 <= below.y0 and below.x1 <= fig.axes[1].get_tightbbox().x0, below
    plt.close(fig)


def test_a_pair_is_drawn_as_the_opinion_of_two_identical_samples():
    game = Game("slow discriminator in pairs")
    fig, axes = plt.subplots()
    game.draw(axes)
    corner = torch.full((2, 2), -game.limit)
    assert axes.images[0].get_array()[0, 0] == pytest.approx(game.gan.discriminator(corner).sigmoid().item())
    plt.close(fig)


@pytest.mark.parametrize(
    "loss, expected",
    [
        ("saturating", [0.1192, 0.5, 0.6225, 0.8808]),
        ("least_squares", [0, 0, 0.5, 1]),  # with targets 0 and 1, D itself is a chance at best
        ("wasserstein", [0.0474, 0.2689, 0.3775, 0.7311]),  # below and above the middle, which is 1
    ],
)
def test_the_colours_are_what_the_discriminator_means(loss, expected):
    said = torch.tensor([-2.0, 0.0, 0.5, 2.0])
    surface = Surface(lambda x: said, loss, undecided=1.0 if loss == "wasserstein" else 0.0)
    torch.testing.assert_close(surface(torch.zeros(4, 2)).sigmoid(), torch.tensor(expected), rtol=0, atol=1e-4)


def test_tuning_holds_from_the_next_step_on():
    other = Game(generator_lr=1e-2, loss="hinge")
    game = Game()
    game.tune("loss", "hinge")
    game.tune("generator_lr", 1e-2)
    for each in (game, other):
        each.step("both", 3)
    assert torch.equal(weights(game.gan), weights(other.gan)) and game.gan.generator_lr == 1e-2


def test_the_buttons_drive_the_game():
    ui = by_name(playground())
    status = ui["status"].value
    picture = bytes(ui["picture"].value)
    ui["ToggleButtons"].value = 10
    for button, d_steps, g_steps in (("Step D", 10, 0), ("Step G", 10, 10), ("Step both", 20, 20), ("Reset", 0, 0)):
        before = bytes(ui["picture"].value)
        ui[button].click()
        assert f"{d_steps} steps of D, {g_steps} of G" in ui["status"].value
        assert bytes(ui["picture"].value) != before and ui["picture"].value[:4] == b"\x89PNG"
    assert ui["status"].value == status and bytes(ui["picture"].value) == picture
    assert plt.get_fignums() == []


def test_play_steps_both_on_every_tick():
    ui = by_name(playground())
    ui["ToggleButtons"].value = 1
    for tick, steps in ((1, 1), (2, 2), (0, 2), (1, 3)):  # stop goes back to 0 without a step
        ui["Play"].value = tick
        assert f"{steps} steps of D, {steps} of G" in ui["status"].value


def test_a_preset_brings_its_settings_and_reset_keeps_those_of_the_reader():
    ui = by_name(playground())
    ui["ToggleButtons"].value = 1
    ui["preset"].value = "slow discriminator"
    assert ui["learning rate, D"].value == 1e-4 and PRESETS["slow discriminator"]["hint"] in ui["status"].value
    ui["learning rate, D"].value = 1e-2
    ui["loss"].value = "hinge"
    ui["Step both"].click()
    ui["Reset"].click()
    assert ui["learning rate, D"].value == 1e-2 and ui["loss"].value == "hinge"
    assert "0 steps" in ui["status"].value
    picture = bytes(ui["picture"].value)
    ui["seed"].value = 1
    assert bytes(ui["picture"].value) != picture
    ui["preset"].value = "two moons"
    assert ui["loss"].value == "non_saturating" and "No modes" in ui["status"].value


def test_callbacks_in_several_threads_wait_for_each_other():
    ui = by_name(playground())
    ui["ToggleButtons"].value = 10
    before = torch.get_rng_state()
    threads = [threading.Thread(target=ui[name].click) for name in ("Step both", "Step D", "Step both", "Step D")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "40 steps of D, 20 of G" in ui["status"].value and torch.equal(torch.get_rng_state(), before)


def test_every_control_is_on_the_screen():
    assert len(by_name(playground())) == len(controls("healthy", 0))


BAD = {
    "preset": (lambda: Game("fast"), "a preset among healthy, .*, got 'fast'"),
    "preset of the widget": (lambda: playground("fast"), "a preset among healthy, .*, got 'fast'"),
    "mixture": (lambda: Game(mixture="spiral"), f"a mixture among {', '.join(MIXTURES)}, got 'spiral'"),
    "players": (lambda: Game().step("D"), "players among discriminator, generator, both, got 'D'"),
    "no step": (lambda: Game().step("both", 0), "n to be a whole number of at least 1, got 0"),
    "setting": (lambda: Game().tune("betas", (0, 0.9)), "a setting among loss, .*, got 'betas'"),
    "loss": (lambda: Game().tune("loss", "kl"), "a loss among non_saturating, .*, got 'kl'"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence(what):
    act, message = BAD[what]
    with pytest.raises(ValueError, match=f"expected .*{message}"):
        act()
