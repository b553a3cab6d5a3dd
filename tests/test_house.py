"""The house: small, without circles, and nothing imports from a higher floor."""

import ast
import pathlib

import course_utils

HOUSE = pathlib.Path(course_utils.__file__).parent
FLOORS = {  # the folders of the package, "" for the ideas; each may import from lower floors, and from its own folder
    "plumbing": 0,
    "": 1,
    "show": 2,
    "playground": 3,
    "comparison": 3,
    "applications": 4,
    "exercises": 5,
}


def modules() -> dict[str, pathlib.Path]:
    """Return every module of the package by its dotted name, such as "show.plots"."""
    found = {}
    for file in HOUSE.rglob("*.py"):
        parts = file.relative_to(HOUSE).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").rstrip(".")] = file
    return found


def imports(file: pathlib.Path) -> set[str]:
    """Return the modules of the package that a file imports, anywhere in it."""
    known, names = modules(), set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    inside = {name.removeprefix("course_utils.") for name in names if name.startswith("course_utils.")}
    return inside & known.keys()


def folder(module: str) -> str:
    """Return the folder that a module is in, "" for the first floor."""
    first, *rest = module.split(".")
    return first if rest or first in FLOORS else ""


def test_every_folder_has_a_floor():
    assert {folder(module) for module in modules()} == FLOORS.keys()


def test_nothing_imports_from_a_higher_floor_or_from_another_folder_beside_it():
    wrong = [
        f"{module} imports {used}"
        for module, file in modules().items()
        for used in imports(file)
        if folder(used) != folder(module) and FLOORS[folder(used)] >= FLOORS[folder(module)]
    ]
    assert wrong == []


def test_no_imports_go_in_a_circle():
    open_modules = {module: imports(file) - {module} for module, file in modules().items()}
    while free := {module for module, used in open_modules.items() if not used & open_modules.keys()}:
        open_modules = {module: used for module, used in open_modules.items() if module not in free}
    assert open_modules == {}


def test_the_first_floor_is_the_subject_and_the_map_names_each_of_its_rooms():
    ideas = {file.stem for file in HOUSE.glob("*.py")} - {"__init__"}
    named = {line.split()[0] for line in course_utils.__doc__.splitlines() if line.startswith("    ")}
    assert len(ideas) <= 14
    assert ideas | set(FLOORS) - {""} == named


def test_the_house_stays_small():
    files = [*HOUSE.glob("*.py"), *(HOUSE / "plumbing").glob("*.py"), *(HOUSE / "show").glob("*.py")]
    lines = {str(file.relative_to(HOUSE)): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert sum(lines.values()) <= 4200, lines
    assert max(lines.values()) <= 330, lines


def test_lessons_have_their_exercises_in_a_folder_of_their_own():
    names = {file.stem.split("_")[0] for file in (HOUSE.parent / "notebooks").glob("*.ipynb")}
    assert {f"lesson_{name}" if name.isdigit() else name for name in names} == {
        place.parent.name for place in HOUSE.glob("exercises/*/__init__.py")
    }
