"""Build the web site of the course into html/site/ from the stored outputs; a warning or a broken link is an error."""

import pathlib
import shutil
import sys
import tempfile

from sphinx.cmd.build import build_main
from website.front import lay_out_front
from website.links import check
from website.source import BUILT, SITE, lay_out


def build(target: pathlib.Path) -> int:
    """Build the site into a folder, whose contents it replaces, and return how many internal links it has."""
    with tempfile.TemporaryDirectory() as folder:
        source, extra, built = (pathlib.Path(folder) / name for name in ("source", "extra", "site"))
        lay_out(source, extra)
        lay_out_front(source, extra / "figures")
        settings = ["-W", "--keep-going", "-q", "-j", "auto", "-d", f"{folder}/doctrees", "-c", str(SITE)]
        if build_main([*settings, "-D", f"html_extra_path={extra}", str(source), str(built)]) != 0:
            raise SystemExit("The site was not built: Sphinx names the reasons above, with copies of the pages.")
        count, problems = check(built)
        if problems:
            raise SystemExit("\n".join(problems))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(built, target, ignore=shutil.ignore_patterns("_sources", ".buildinfo"))
    return count


def main() -> None:
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT
    count = build(target.resolve())
    pages = len(list(target.rglob("*.html")))
    megabytes = sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / 1e6
    print(f"{target}: {pages} pages, {megabytes:.1f} MB, {count} internal links that lead somewhere")


if __name__ == "__main__":
    main()
