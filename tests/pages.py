"""The pages of the documentation as their tests see them: fenced blocks, command lines, files.

- `console` blocks are run, from the top of the page to its end; lines below a `$ ` are its output, and are
  waited for where the command only looks at what others do.
- `sh` blocks are only read by arena: their jobs are rendered, their other commands parsed.
- `python` blocks are one program, from the top of the page to its end.
- A block of any other kind, or of Python, that begins with `# NAME.EXT` is a file of that name.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCE_OR_TITLE = re.compile(rf"{_FENCE.pattern}|^## ([^\n]+)$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.(?:yaml|py))\n")
_BREAKS = frozenset("|&;()<>")


class Block(NamedTuple):
    """One fenced block."""

    kind: str
    text: str

    @property
    def file(self) -> str:
        """The name of the file that it is, or ""."""
        head = _FILE.match(self.text)
        return head[1] if head and self.kind not in ("console", "sh") else ""


class Step(NamedTuple):
    """A command of a console block, and the lines that the page shows below it."""

    command: str
    shown: list[str]


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The blocks of a page, of these kinds only where some are named."""
    found = [Block(*match.groups()) for match in _FENCE.finditer(page.read_text("utf-8"))]
    return [one for one in found if not kinds or one.kind in kinds]


def section(page: Path, title: str) -> list[Block]:
    """The blocks below the heading `## TITLE`, up to the next heading of that level."""
    found, current = [], ""
    for match in _FENCE_OR_TITLE.finditer(page.read_text("utf-8")):
        if match[3]:
            current = match[3]
        elif current == title:
            found.append(Block(match[1], match[2]))
    assert found, f"{page.name} has no section {title!r} with blocks"
    return found


def steps(page: Path) -> list[Step]:
    """The commands of all console blocks of a page."""
    found: list[Step] = []
    for block in blocks(page, "console"):
        for line in block.text.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:], []))
            elif found[-1].command.endswith("\\") and not found[-1].shown:
                found[-1] = Step(f"{found[-1].command}\n{line}", [])
            elif line.strip() not in ("", "..."):
                found[-1].shown.append(line)
    return found


def lines(page: Path) -> list[list[str]]:
    """The arena command lines of all sh blocks of a page, each as words without `arena`."""
    return [words for block in blocks(page, "sh") for words in commands(block.text)]


def commands(text: str) -> Iterator[list[str]]:
    """The arena command lines in a shell text, wherever in a pipe or substitution they stand."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        part: list[str] = []
        for word in (*lexer, ";"):
            if set(word) <= _BREAKS:
                if part[:1] == ["arena"]:
                    yield part[1:]
                part = []
            else:
                part.append(word)


def write_files(page: Path, folder: Path) -> None:
    """Put the files that a page shows, and the examples, into a folder."""
    for block in blocks(page):
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")
    (folder / "examples").symlink_to(ROOT / "examples")


def masked(line: str) -> str:
    """A line of output without what differs from run to run: numbers and the widths of columns."""
    return re.sub(r"-{2,}", "--", " ".join(re.sub(r"\d+(\.\d+)*", "0", line).split()))
