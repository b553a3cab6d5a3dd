"""Exercise 3 of lesson 02: one step of a game of two players."""

from course_utils.exercises.checker import Exercise, Observation, several


def observe_game_step(function) -> Observation:
    """The new pair from three starts, with three learning rates."""
    seen = {}
    for x, y, lr in ((1.0, 0.5, 0.1), (-2.0, 3.0, 0.25), (0.3, -0.7, 0.02)):
        start = f"from ({x:g}, {y:g}) with lr={lr:g}"
        new_x, new_y = several(function(x, y, lr), "new_x, new_y")
        seen |= {f"the new x {start}": new_x, f"the new y {start}": new_y}
    return seen


def game_step(x: float, y: float, lr: float) -> tuple[float, float]:
    return x - lr * y, y + lr * x


def x_first(x: float, y: float, lr: float) -> tuple[float, float]:
    """One step after the other: y answers to the new x."""
    x = x - lr * y
    return x, y + lr * x


def y_first(x: float, y: float, lr: float) -> tuple[float, float]:
    """One step after the other, y first."""
    y = y + lr * x
    return x - lr * y, y


check_game_step = Exercise(
    game_step,
    observe_game_step,
    {
        x_first: (
            "one step comes after the other: y moved by the new x. At the same time means that both slopes are taken "
            "at the old point, before either number is overwritten."
        ),
        y_first: (
            "one step comes after the other: x moved by the new y. At the same time means that both slopes are taken "
            "at the old point, before either number is overwritten."
        ),
        lambda x, y, lr: (x - lr * y, y - lr * x): "both players go downhill; y goes uphill, so its step is added.",
        lambda x, y, lr: (x + lr * y, y + lr * x): "both players go uphill; x goes downhill: subtract its step.",
        lambda x, y, lr: (x + lr * y, y - lr * x): (
            "the two roles are swapped: here x goes uphill and y downhill; it should be the other way round."
        ),
        lambda x, y, lr: (y + lr * x, x - lr * y): "the two numbers are returned in the wrong order: the new x first.",
        lambda x, y, lr: (x - lr * x, y + lr * y): (
            "each player follows its own number; the slope of xy for x is y, and for y it is x."
        ),
        lambda x, y, lr: (x - lr * x * y, y + lr * x * y): (
            "this steps by the value xy; a step follows the slope, which is y for x and x for y."
        ),
        lambda x, y, lr: (x - 0.1 * y, y + 0.1 * x): "this uses the lesson's `LR`; use the argument `lr`.",
        lambda x, y, lr: (x - lr * y, y + lr * (x - 0.5 * y)): (
            "half of y is taken off its slope; the plain game has no decay."
        ),
        lambda x, y, lr: (x - y, y + x): "the learning rate is missing: multiply each slope by `lr`.",
        lambda x, y, lr: (-lr * y, lr * x): "these are the steps alone; add each to the place where its player stood.",
        lambda x, y, lr: (x - lr * y, y): "only x moved; at the same time y goes uphill.",
        lambda x, y, lr: (x, y + lr * x): "only y moved; at the same time x goes downhill.",
    },
)
