"""Write the address of the repository wherever it is needed: pyproject.toml, the README's links, the first cells.

Usage: python scripts/set_repository.py OWNER/NAME
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILES = ("pyproject.toml", "README.md", "notebooks/*.ipynb", "notebooks/solutions/*.ipynb")
SLUG = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{0,99}[\w-]"
# Links to the course itself; a link to any other repository stays as it is.
ADDRESS = re.compile(
    r"""( (?: Repository | REPOSITORY ) \s=\s \\?"https://github\.com/  # the quotes are escaped in a notebook
        | git\ clone\ [^\n]*? https://github\.com/
        | https://github\.com/ (?= [\w.-]+/[\w.-]+/(?:actions|archive)/ )
        | https://mybinder\.org/v2/gh/
        | https://colab\.research\.google\.com/github/
        )"""
    rf"({SLUG})",
    re.VERBOSE,
)


def files(root: pathlib.Path) -> list[pathlib.Path]:
    """Return the files that hold the address."""
    return sorted(path for pattern in FILES for path in root.glob(pattern))


def addresses(text: str) -> list[str]:
    """Return every OWNER/NAME that a text gives as the course's own."""
    return [match[2].removesuffix(".git") for match in ADDRESS.finditer(text)]


def set_repository(root: pathlib.Path, slug: str) -> list[pathlib.Path]:
    """Write the address into all files and return those that changed; nothing else in them does."""
    if not re.fullmatch(SLUG, slug, re.ASCII) or slug.endswith(".git"):
        raise ValueError(f"expected OWNER/NAME as in https://github.com/OWNER/NAME, got {slug!r}")
    changed = []
    for path in files(root):
        before = path.read_bytes().decode("utf-8")  # bytes, so that line ends stay
        after = ADDRESS.sub(lambda match: match[1] + slug, before)
        if after != before:
            path.write_bytes(after.encode("utf-8"))
            changed.append(path)
    return changed


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        changed = set_repository(ROOT, sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
    for path in changed:
        print(f"changed {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
