"""Probes of several kinds, of which an answer may take one and raise an error for another."""

from collections.abc import Callable, Mapping

from torch import Tensor

from course_utils.exercises.checker import Observation, gradient, value

RAISES = "an error"
HINT = "it raises an error for {}, and not for everything: call it with such inputs, and read the error's last line."


def observe_each(
    function: Callable, probes: Mapping[str, tuple[Tensor, ...]], thing: str, slopes_at: Mapping[str, int]
) -> Observation:
    """Value and gradients of a function for each probe, or that it raised; the error itself if it raises for all.

    `thing` names what comes out, `slopes_at` maps names to the positions of the inputs at which gradients are taken.
    """
    seen, errors = {}, []
    for name, inputs in probes.items():
        try:
            result = function(*inputs)
        except Exception as error:
            errors.append(error)
            seen[came(name)] = RAISES
            continue
        seen[came(name)] = "an answer"
        seen[f"{thing} for {name}"] = value(result)
        for input_name, position in slopes_at.items():
            seen[f"the gradient at {input_name} for {name}"] = gradient(result, inputs[position])
    if len(errors) == len(probes):
        raise errors[0]
    return seen


def came(name: str) -> str:
    return f"what comes for {name}"


def hints_on_errors(names) -> dict[str, str]:
    """What to say of an error for one of the probes alone."""
    return {came(name): HINT.format(name) for name in names}
