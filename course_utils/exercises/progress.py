"""What the checks of this kernel have said, and the table of it that ends a lesson."""

from types import ModuleType

SOLVED, TRIED, UNTOUCHED = "✓", "✗", "○"
VERDICTS: dict[str, str] = {}  # the last verdict on each exercise, by the name with which it begins


def tell(name: str, verdict: str) -> None:
    """Print the verdict on an exercise, and remember it."""
    VERDICTS[name] = verdict
    print(verdict)


def state(verdict: str) -> str:
    """The state of an exercise after a verdict: SOLVED, TRIED or UNTOUCHED."""
    if verdict.endswith("not attempted yet."):
        return UNTOUCHED
    return SOLVED if verdict.startswith(SOLVED) else TRIED


def exercise_names(lesson: ModuleType) -> list[str]:
    """The names of a lesson's exercises, in the order of its list; a check may have several in its `names`."""
    checks = [name for name in lesson.__all__ if name.startswith("check_")]
    return [name for check in checks for name in getattr(getattr(lesson, check), "names", [check[len("check_") :]])]


def progress(lesson: ModuleType) -> None:
    """Print the state of each exercise of a lesson such as `lesson_03`, as its check last saw it in this kernel."""
    states = {name: state(VERDICTS[name]) if name in VERDICTS else UNTOUCHED for name in exercise_names(lesson)}
    for name, symbol in states.items():
        print(symbol, name)
    solved = sum(symbol == SOLVED for symbol in states.values())
    print(f"{solved} of {len(states)} solved")
