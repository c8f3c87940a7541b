"""Pictures of commands: how a terminal shows them, and how they are saved."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena.commands import _console
from arena.commands._progress import colour, room
from arena.errors import ArenaError, SpecError

if TYPE_CHECKING:
    from arena.views.pictures.cells import Ink

_COLUMNS, _NARROWEST, _WIDEST = 80, 40, 160
"""The width of plots if standard output is no terminal, and the limits otherwise, in cells."""


def columns() -> int:
    """The width of plots in cells."""
    return min(max(room() or _COLUMNS, _NARROWEST), _WIDEST)


def ink(ascii_only: bool) -> "Ink":
    """What the terminal can show."""
    from arena.views.pictures.cells import Ink

    is_coloured = colour() is None and sys.stdout.isatty()
    is_unicode = not ascii_only and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return Ink(is_coloured, is_unicode)


def form(path: str, forms: Sequence[str]) -> str:
    """The format that the ending of a file's name tells.

    Raises:
        SpecError: it tells none of these.
    """
    ending = path.rpartition(".")[2].lower()
    if ending not in forms:
        allowed = f"{', '.join(f'.{one}' for one in forms[:-1])} or .{forms[-1]}"
        raise SpecError(
            f"--file: the name {path} does not tell the format", f"end it with {allowed}, or give -o"
        )
    return ending


def save(content: bytes, path: str) -> None:
    """Write a picture to a file; `-` is standard output."""
    if path == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as cause:
        raise ArenaError(f"{path} cannot be written: {cause.strerror}", "choose another file") from cause
    _console.remark(f"saved {path}")
