"""The files of the page, as the package has them."""

import hashlib
from functools import cache
from pkgutil import get_data

from arena.tuples import NamedTuple

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
NAMES = (
    "index.html", "style.css", "icon.svg",
    "api.js", "changes.js", "chart.js", "curves.js", "details.js", "dom.js", "format.js", "job.js",
    "jobs.js", "list.js", "lists.js", "logs.js", "main.js", "table.js", "why.js",
)  # fmt: skip


class PageFile(NamedTuple):
    """A file of the page."""

    content: bytes
    type: str
    tag: str


@cache
def page_file(name: str) -> PageFile | None:
    """The file with that name; None if the page has none."""
    if name not in NAMES:
        return None
    content = get_data("arena.dashboard", f"page/{name}") or b""
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    return PageFile(content, TYPES[name.rpartition(".")[2]], tag)
