"""Which lines of the logs are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from arena import visible
from arena.actions.jobs.logs.lines import Block


class Selection:
    """Passes on the lines in which a pattern is found, or all.

    A line is searched as a terminal shows it: without control sequences, and of a progress bar only its last
    state.

    Args:
        pattern: None for all lines.

    Attributes:
        silent: whether no line has been passed on.
    """

    def __init__(self, pattern: re.Pattern[str] | None = None) -> None:
        self._pattern = pattern
        self.silent = True

    @property
    def pattern(self) -> str:
        """The pattern that no line has matched so far; "" otherwise."""
        return self._pattern.pattern if self._pattern and self.silent else ""

    def take(self, block: Block) -> Iterable[Block]:
        """Return what to show of a block."""
        if self._pattern is None or block.said:
            return (block,)
        found = [place for place, line in enumerate(block.lines) if self._fits(line)]
        unfinished = block.unfinished if self._fits(block.unfinished) else b""
        self.silent = self.silent and not found
        if len(found) == len(block.lines) and unfinished == block.unfinished:
            return (block,)
        # An empty block still ends the unfinished line of its instance.
        return (
            replace(
                block,
                stamps=_at(block.stamps, found),
                lines=_at(block.lines, found),
                raw=_at(block.raw, found),
                unfinished=unfinished,
            ),
        )

    def _fits(self, line: bytes) -> bool:
        assert self._pattern is not None
        return bool(line) and self._pattern.search(plain(line)) is not None


def plain(line: bytes) -> str:
    """A line as a terminal shows it, without colours."""
    text = line.decode("utf-8", "replace")
    if text.isprintable():
        return text
    return re.sub(visible.COLOUR, "", visible.redrawn(visible.output(text)))


def _at(values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
    return [values[place] for place in places] if values else []
