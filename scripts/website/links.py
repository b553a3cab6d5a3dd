"""Follow every link of a built site: none may be broken, and no file may come from afar."""

import dataclasses
import functools
import html.parser
import pathlib
import re
import urllib.parse

LINKS = {"a": "href", "area": "href"}
ASSETS = {
    "img": "src",
    "script": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "link": "href",
}
IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


@dataclasses.dataclass
class Page(html.parser.HTMLParser):
    """What a page offers and wants: its anchors, its links, and the files that a browser loads for it."""

    anchors: set[str] = dataclasses.field(default_factory=set)
    links: list[str] = dataclasses.field(default_factory=list)
    assets: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        for kinds, found in ((LINKS, self.links), (ASSETS, self.assets)):
            if given.get(kinds.get(tag)):
                found.append(given[kinds[tag]])


@functools.cache
def read(path: pathlib.Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def problem(address: str, path: pathlib.Path) -> str | None:
    """Return what is wrong with an address inside the site that a file names, None if it leads somewhere."""
    parts = urllib.parse.urlsplit(address)
    target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return "there is no such file"
    fragment = urllib.parse.unquote(parts.fragment)
    if fragment and target.suffix == ".html" and fragment not in read(target).anchors:
        return "the page has no such anchor"
    return None


def is_elsewhere(address: str) -> bool:
    """Tell whether an address leaves the site."""
    parts = urllib.parse.urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "file")


def check(folder: pathlib.Path) -> tuple[int, list[str]]:
    """Return how many internal links and assets a site has, and a sentence for each that is wrong."""
    count, problems = 0, []
    folder = folder.resolve()
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.css")]):
        is_page = path.suffix == ".html"
        links = read(path).links if is_page else []
        styles = ["".join(match) for match in IN_STYLES.findall(path.read_text(encoding="utf-8"))]
        assets = styles + (read(path).assets if is_page else [])
        inside = [address for address in links + assets if not is_elsewhere(address)]
        count += len(inside)
        wrong = {address: problem(address, path) for address in inside}
        wrong |= {address: "a reader offline has no other host" for address in assets if is_from_afar(address)}
        problems += [f"{path.relative_to(folder)}: {address}: {what}" for address, what in wrong.items() if what]
    return count, problems


def is_from_afar(address: str) -> bool:
    """Tell whether a browser would ask another host for an address; data: and blob: need none."""
    return bool(urllib.parse.urlsplit(address).netloc)
