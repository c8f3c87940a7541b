"""Progress: a line that is redrawn on a terminal, or printed for each change elsewhere; colours."""

import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from arena import visible

_ECHO = len("^C") + 1
"""Columns to leave free: if the ^C of an interrupt wraps, the line cannot be removed."""


class Live:
    """A status line on stderr.

    On a terminal it is redrawn in place and removed at the end. When piped, it is printed whenever its `key`
    changes, so that the log of a long wait stays short.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self.redraws = redraws(self._stream)
        """Whether the line is redrawn in place."""
        self._key: object = None

    def __enter__(self) -> "Live":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, text: str, key: object = None) -> None:
        """Show the text; when piped, only if `key` has changed."""
        if self.redraws:
            # The width of stderr's terminal: stdout may go elsewhere. Some terminals do not report theirs.
            width = os.get_terminal_size(self._stream.fileno()).columns or 80
            self._stream.write(f"\r\x1b[K{visible.clip(visible.line(text), width - _ECHO)}")
        elif key != self._key or self._key is None:
            self._stream.write(visible.line(text) + "\n")
        self._key = key
        self._stream.flush()

    def clear(self) -> None:
        """Remove the line, so that other output can follow."""
        if self.redraws and self._key is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._key = None

    def clearing(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Wrap the function so that it removes the line before it writes."""

        def cleared(text: str) -> None:
            self.clear()
            say(text)

        return cleared


def colour() -> bool | None:
    """Whether to write in colours, as click expects it: None means on a terminal; NO_COLOR gives False."""
    return False if os.environ.get("NO_COLOR") or _is_dumb() else None


def redraws(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can move back and draw lines again."""
    return stream.isatty() and not _is_dumb()


def _is_dumb() -> bool:
    """Whether the terminal knows no control sequences, such as that of an editor."""
    return os.environ.get("TERM") == "dumb"


def terminal_size() -> os.terminal_size:
    """Columns and lines of the terminal."""
    import shutil  # imported late, because it loads every archive format

    return shutil.get_terminal_size()


def room() -> int | None:
    """The width of a line of standard output; None if it is not a terminal."""
    return terminal_size().columns if sys.stdout.isatty() else None


def redraw(text: str, previous: int) -> int:
    """Print `text` over the `previous` lines printed before; return the number of printed lines.

    For terminals only. What does not fit on the screen is cut, since lines that wrapped or scrolled away
    could not be overwritten.
    """
    size = terminal_size()
    lines = visible.page(text).split("\n")
    if len(lines) >= size.lines > 1:
        kept = lines[: size.lines - 2]
        lines = [*kept, f"... and {len(lines) - len(kept)} more lines"]
    if previous:
        sys.stdout.write(f"\x1b[{previous}F")
    sys.stdout.write("".join(f"\x1b[K{visible.clip(line, size.columns)}\n" for line in lines) + "\x1b[J")
    sys.stdout.flush()
    return len(lines)
