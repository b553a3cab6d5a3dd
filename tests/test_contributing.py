"""The page for contributors, its drawing, and the forms: they name what is there, and all of it."""

import pathlib
import re
import xml.etree.ElementTree as ET

import pytest
import yaml
from test_house import FLOORS, HOUSE

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGE = (DOCS / "contributing.md").read_text(encoding="utf-8")
GITHUB = ROOT / ".github"
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
SVG = "{http://www.w3.org/2000/svg}"
FENCED = re.compile(r"^ *```\w+\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
BLOCKS = [line for block in FENCED.findall(PAGE) for line in block.splitlines()]
IN_CODE = re.findall(r"`([^`\n]+)`", FENCED.sub("", PAGE)) + BLOCKS
WORDS = [word.strip("(),:") for code in IN_CODE for word in code.split()]
PLACEHOLDERS = {"NN_name": "[0-9][0-9]_*", "NN": "[0-9][0-9]", "NAME": "*", "name.py": "*.py"}
MADE_UP = {"NAME", "name", "check_name", "lesson_NN", "observe_name", "seq"}
ENDINGS = ("py", "md", "svg", "png", "txt", "toml", "yml", "json", "jsonl", "ipynb", "cfg", "mplstyle")

every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)


def paths() -> set[str]:
    """Return the paths in the page's code, as patterns: placeholders such as NN stand for what is there."""
    found = set()
    for word in WORDS:
        if "/" in word or word.endswith(tuple(f".{ending}" for ending in ENDINGS)):
            for placeholder, pattern in PLACEHOLDERS.items():
                word = word.replace(placeholder, pattern)
            found.add(word)
    return found


def is_made_here(path: str) -> bool:
    """Tell whether git ignores a path, so that it need not be in a fresh copy of the course."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return any("/" in pattern and path.startswith(pattern.rstrip("*")) for pattern in ignored)


def commands() -> list[list[str]]:
    """Return the page's calls of a script of the course: its path, then its arguments."""
    calls = [code.split(".venv/bin/python ")[1].split() for code in IN_CODE if ".venv/bin/python " in code]
    return [call for call in calls if call[0].startswith(("scripts/", "benchmarks/"))]


def derived() -> dict[str, str]:
    """Return the table of derived files: each file, or a pattern of files, and what makes it."""
    table = PAGE.split("| file | made by |")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {file: made_by for files, made_by in rows for file in re.findall("`([^`]+)`", files)}


def test_every_path_in_the_page_exists():
    assert len(paths()) > 50
    missing = [path for path in paths() if not is_made_here(path) and not list(ROOT.glob(path.rstrip("/")))]
    assert missing == []


def test_every_link_in_the_page_leads_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in PAGE.splitlines() if line[:1] == "#"
    }
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert [link for link in links if link[0] == "#" and link[1:] not in headings] == []
    assert [link for link in links if link[0] != "#" and not (DOCS / link).exists()] == []
    assert "](docs/contributing.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_target_of_make_is_in_the_page_and_no_other():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for code in IN_CODE for target in re.findall(r"\bmake ([a-z]+)", code)} == targets


def test_every_name_in_the_page_is_in_the_code():
    scripts = [file for file in ROOT.glob("[bcst]*/**/*.py") if file != pathlib.Path(__file__)]
    texts = [file.read_text(encoding="utf-8") for file in (*scripts, ROOT / "conftest.py", ROOT / "Makefile")]
    known = set(re.findall(r"\w+", "\n".join(texts)))
    spans = [re.sub('"[^"]*"', "", code) for code in IN_CODE if "/" not in code]
    names = {name for span in spans for name in re.findall(r"[A-Za-z_]\w*", span)}
    assert len(names) > 50
    assert sorted(names - known - MADE_UP) == []


def test_the_scripts_in_the_page_know_their_options():
    assert len(commands()) > 10
    for script, *arguments in commands():
        options = [argument for argument in arguments if argument.startswith("--")]
        code = (ROOT / script).read_text(encoding="utf-8")
        if "run_arms(" in code or "run_jobs(" in code:  # which read the command line for it
            code += (ROOT / "benchmarks" / "environment.py").read_text(encoding="utf-8")
        assert [option for option in options if f'"{option}"' not in code] == [], script


def test_every_recorded_result_has_the_command_that_writes_it():
    results = ROOT / "benchmarks" / "results"
    commands = {path.removeprefix("benchmarks/results/"): made_by for path, made_by in derived().items()}
    assert {file.name for file in results.iterdir()} <= commands.keys()
    for file in results.iterdir():
        made_by = commands[file.name].replace("make claims", "scripts/claims.py")
        script = re.search(r"(benchmarks|scripts)/\w+\.py", made_by)[0]
        code = (ROOT / script).read_text(encoding="utf-8")
        words = file.stem.split("_")
        families = ["_".join(words[:n]) for n in range(1, len(words))]
        written = f'"{file.name}"' in code or any(f'"{family}_{{' in code for family in families)
        assert written, f"{script} does not write {file.name}"


def test_every_file_in_docs_has_its_command_or_is_made_by_hand():
    names = ("contributing", "first_try", "grading", "neighbours", "where_to_run")
    by_hand = {f"docs/{name}.md" for name in names} | {"docs/house.svg", "docs/site"}
    assert {f"docs/{file.name}" for file in DOCS.iterdir()} - by_hand == {
        file for file in derived() if re.fullmatch("docs/[^/]+", file)
    }


def test_the_table_of_floors_and_the_text_of_the_drawing_name_every_room():
    table = PAGE.split("| floor |")[1].split("\n\n")[0]
    folders = FLOORS.keys() - {""}
    assert set(re.findall(r"`course_utils/(\w+)/`", table)) == folders
    assert set(re.search(r"\*\*the ideas, one file each\*\*: ([\w, ]+) \|", table)[1].split(", ")) == ideas()
    (alternative,) = re.findall(r"!\[(.+)\]\(house.svg\)", PAGE)
    assert [folder for folder in folders if folder not in alternative] == []


def ideas() -> set[str]:
    return {file.stem for file in HOUSE.glob("*.py")} - {"__init__"}


def rooms() -> dict[str, ET.Element]:
    """Return the rooms of the drawing by the name of their folder, "" for the ideas."""
    groups = ET.parse(DOCS / "house.svg").iter(f"{SVG}g")
    return {group.get("id").replace("ideas", ""): group for group in groups}


def test_the_drawing_has_a_room_for_every_folder_each_on_its_floor():
    heights = {name: float(room.find(f"{SVG}rect").get("y")) for name, room in rooms().items()}
    assert heights.keys() == FLOORS.keys()
    for lower in FLOORS:
        for upper in FLOORS:
            assert (heights[lower] > heights[upper]) == (FLOORS[lower] < FLOORS[upper]), (lower, upper)


def test_the_drawing_names_every_idea():
    texts = [text.text for text in rooms()[""].iter(f"{SVG}text") if text.get("class") == "file"]
    assert {idea for text in texts for idea in text.split(" · ")} == ideas()


def test_the_drawing_is_small_has_words_and_two_colourings():
    drawing = ET.parse(DOCS / "house.svg").getroot()
    assert drawing.get("role") == "img" and drawing.find(f"{SVG}title").text and drawing.find(f"{SVG}desc").text
    light, dark = drawing.find(f"{SVG}style").text.split("@media (prefers-color-scheme: dark)")
    colourless = [rule for rule in re.findall(r"[.\w]+(?=[^{}]*\{[^}]*(?:fill|stroke): #)", light) if rule not in dark]
    assert colourless == []
    assert (DOCS / "house.svg").stat().st_size < 5000


@every_form
def test_a_form_asks_for_the_lesson_the_cell_the_place_and_what_was_seen(form):
    content = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert content["name"] and content["description"]
    fields = {field["id"]: field for field in content["body"] if field["type"] != "markdown"}
    assert {"lesson", "cell", "place", "seen", "expected"} <= fields.keys()
    assert all(field["attributes"]["label"] for field in fields.values())
    assert {"input", "textarea", "dropdown"} >= {field["type"] for field in fields.values()}
    assert fields["lesson"]["validations"]["required"] and fields["seen"]["validations"]["required"]
    for option in ("My own machine", "Binder", "Colab"):
        assert option in fields["place"]["attributes"]["options"]


def test_there_are_three_forms_and_a_template_for_pull_requests():
    assert len(FORMS) == 3
    assert yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "config.yml").read_text(encoding="utf-8"))
    assert (GITHUB / "pull_request_template.md").read_text(encoding="utf-8").strip()
