"""An exercise of lesson 04: the centres of a ring of modes."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, value


def observe_ring_centres(function) -> Observation:
    """The centres of rings of two sizes, one of them odd."""
    return {f"the centres for k = {k}": value(function(k)) for k in (8, 5)}


def circle(k: int, *, first: float = 0, last: float | None = None, radius: float = 1.0, pi: float = math.pi) -> Tensor:
    """Places on a circle, counted in steps of 1/k turn."""
    last = k - 1 + first if last is None else last
    angle = 2 * pi * torch.linspace(first, last, k, dtype=torch.float64) / k  # (k,)
    return (radius * torch.stack([angle.cos(), angle.sin()], 1)).float()


def ring_centres(k: int) -> Tensor:
    return circle(k)


def at_angles(angle: Tensor) -> Tensor:
    return torch.stack([angle.cos(), angle.sin()], 1)


def polar(k: int) -> Tensor:
    return torch.stack([torch.ones(k), 2 * math.pi * torch.arange(k) / k], 1)


FULL_TURNS = "every step is a full turn, so that all centres are at one place: divide the angles by k."
ROUNDED_PI = "π is rounded here, so that no centre is quite at its place: `math.pi` or `torch.pi` has all digits."

check_ring_centres = Exercise(
    ring_centres,
    observe_ring_centres,
    {
        lambda k: circle(k, last=k): (
            "the first and the last place are one: `linspace` includes both ends, and 0 and 2π are the same angle. "
            "These are only k - 1 modes, one of them doubled."
        ),
        lambda k: torch.cat([circle(k), circle(k)[:1]]): (
            "these are k + 1 places, and the last is the first again: leave out the angle 2π."
        ),
        lambda k: circle(k)[:-1]: "these are only k - 1 places: the end was left out of a list of k, not of k + 1.",
        lambda k: circle(k - 1): (
            "these are k - 1 places: the end was left out of a `linspace` of k angles. Ask it for k + 1."
        ),
        lambda k: at_angles(360 / k * torch.arange(k)): (
            "these angles are in degrees; `cos` and `sin` take radians, and a full turn is 2π."
        ),
        lambda k: circle(k, last=k / 2): (
            "this is half a circle: a full turn is 2π, not π, and the end of a full turn is left out."
        ),
        lambda k: circle(k, last=(k - 1) / 2): "this is half a circle: a full turn is 2π, not π.",
        lambda k: circle(k).flip(1): (
            "x and y are swapped: the angle 0 lies at (1, 0), so that x is the cosine and y the sine."
        ),
        lambda k: circle(k).T: "the shape is (2, k): one row for each centre, so stack along `dim=1`.",
        lambda k: circle(k).T.reshape(k, 2): (
            "the shape is right, but `reshape` mixed up the coordinates: it never swaps rows and columns. Stack along "
            "`dim=1`, or transpose."
        ),
        lambda k: circle(k, radius=0.5): "the diameter is 1; it is the radius that should be.",
        lambda k: circle(k) * torch.tensor([1.0, -1.0]): (
            "right, but clockwise: y is plus the sine, so that the angles grow against the clock."
        ),
        lambda k: circle(k, first=1): (
            "right, but turned by one place: the first centre is at angle 0, so count from 0, not from 1."
        ),
        lambda k: circle(k, first=0.5): "right, but turned by half a step: the first centre is at angle 0.",
        lambda k: at_angles(torch.arange(k)): (
            "neighbours are one radian apart: a full turn is 2π, and each step is 2π / k."
        ),
        lambda k: at_angles(2 * math.pi * torch.arange(k)): FULL_TURNS,
        lambda k: at_angles(2 * math.pi * torch.arange(k, dtype=torch.float64)): FULL_TURNS,
        lambda k: torch.polar(torch.ones(k), 2 * math.pi * torch.arange(k) / k): (
            "these are complex numbers, one for each centre: `torch.view_as_real` makes x and y of them."
        ),
        polar: "these are radius and angle: x is the cosine of the angle, and y its sine.",
    }
    | {lambda k, pi=pi: circle(k, pi=pi): ROUNDED_PI for pi in (3.14, 3.1416, 3.14159, 22 / 7)},
)
