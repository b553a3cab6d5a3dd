"""Write the address of the repository wherever it is needed: pyproject.toml, links in texts, the first cells.

Usage: python scripts/set_repository.py OWNER/NAME

Until then, what needs the address stands inside comments of the README, and the site has no buttons for it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILES = ("pyproject.toml", "README.md", "docs/*.md", "notebooks/*.ipynb", "notebooks/solutions/*.ipynb")
UNKNOWN = "OWNER/NAME"
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


def repository(root: pathlib.Path) -> str:
    """Return the OWNER/NAME in pyproject.toml, by which all other files go."""
    (slug,) = addresses((root / "pyproject.toml").read_text(encoding="utf-8"))
    return slug


def is_known(slug: str) -> bool:
    """Tell whether an address was set."""
    return slug != UNKNOWN


def site(slug: str) -> str:
    """Return where GitHub Pages puts the site of a repository."""
    owner, name = slug.split("/")
    return f"https://{owner}.github.io/{name}/"


def open_comments(text: str, known: bool) -> str:
    """Open the comments "address" where the address is known and "no address" where it is not; close the others."""
    for label, is_open in (("address", known), ("no address", not known)):
        text = re.sub(rf"<!-- {label}:(?: -->)?", f"<!-- {label}:{' -->' if is_open else ''}", text)
        text = re.sub(rf"(?:<!-- )?:{label} -->", f"{'<!-- ' if is_open else ''}:{label} -->", text)
    return text


def set_repository(root: pathlib.Path, slug: str) -> list[pathlib.Path]:
    """Write the address into all files and return those that changed; nothing else in them does."""
    if not re.fullmatch(SLUG, slug, re.ASCII) or slug.endswith(".git"):
        raise ValueError(f"expected OWNER/NAME as in https://github.com/OWNER/NAME, got {slug!r}")
    changed, old_site = [], site(repository(root))
    for path in files(root):
        before = path.read_bytes().decode("utf-8")  # bytes, so that line ends stay
        after = ADDRESS.sub(lambda match: match[1] + slug, before).replace(old_site, site(slug))
        if path.suffix == ".md":
            after = open_comments(after, is_known(slug))
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
