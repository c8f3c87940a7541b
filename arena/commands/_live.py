"""Progress of something long: one line that redraws on a terminal, a line a change elsewhere; and colours."""

import os
import shutil
import sys
from types import TracebackType
from typing import TextIO

_ECHO = len("^C") + 1
"""Columns left free: a terminal that wraps at the ^C of an interrupt leaves the line behind."""


class Live:
    """A line on stderr that says how things stand.

    On a terminal it is redrawn in place and gone at the end; piped, it is printed whenever its
    `key` changes, so that a log of a long wait stays short.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._tty = self._stream.isatty()
        self._key: object = None

    def __enter__(self) -> "Live":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, text: str, key: object = None) -> None:
        """Show the text; `key` says what of it counts as a change when piped."""
        if self._tty:
            # Its own width: standard output may go elsewhere. Some terminals do not tell theirs.
            width = os.get_terminal_size(self._stream.fileno()).columns or 80
            self._stream.write(f"\r\x1b[K{text[: width - _ECHO]}")
        elif key != self._key or self._key is None:
            self._stream.write(text + "\n")
        self._key = key
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away, so that other output can follow."""
        if self._tty and self._key is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._key = None


def colour() -> bool | None:
    """Whether to write in colours, as click takes it: None is yes on a terminal; False by NO_COLOR."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def room() -> int | None:
    """How many characters a line of standard output has room for; None where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def redraw(text: str, previous: int) -> int:
    """Print `text` over the `previous` lines printed before; returns how many lines were printed.

    Only for terminals: the caller prints plainly elsewhere. What does not fit on the screen is cut, since
    lines that wrapped or scrolled away could not be printed over.
    """
    size = shutil.get_terminal_size()
    lines = text.splitlines()
    if len(lines) >= size.lines > 1:
        kept = lines[: size.lines - 2]
        lines = [*kept, f"... and {len(lines) - len(kept)} more lines"]
    if previous:
        sys.stdout.write(f"\x1b[{previous}F")
    sys.stdout.write("".join(f"\x1b[K{line[: size.columns]}\n" for line in lines) + "\x1b[J")
    sys.stdout.flush()
    return len(lines)
