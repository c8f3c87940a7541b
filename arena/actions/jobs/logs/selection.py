"""Which lines of the logs are shown, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from arena.actions.jobs.logs.collapse import Collapse
from arena.actions.jobs.logs.first_error import FirstError
from arena.actions.jobs.logs.lines import Block
from arena.actions.jobs.logs.plain import plain
from arena.model.jobs import Job
from arena.tuples import NamedTuple


class Selection(NamedTuple):
    """What is shown of the blocks of a log.

    A line is searched as a terminal shows it: without control sequences, and of a progress bar only its last
    state.
    """

    pattern: re.Pattern[str] | None = None
    """Only lines in which it is found; None for all."""
    collapse: Collapse | None = None
    """What merges the same lines of several instances."""
    first: FirstError | None = None
    """What finds the first error, which is shown at the end."""
    only_first: bool = False
    """Whether nothing else is shown."""

    def learn(self, job: Job) -> None:
        """Remember which instances there are."""
        if self.collapse:
            self.collapse.learn(job)

    def take(self, block: Block) -> Iterator[Block]:
        """Yield what to show of a block, or of earlier ones."""
        if self.first:
            self.first.note(block)
        if self.only_first:
            block = replace(block, stamps=(), lines=(), raw=(), unfinished=b"")
        elif self.pattern and not block.said:
            block = self._matching(block, self.pattern)
        if self.collapse:
            yield from self.collapse.take(block)
        else:
            yield block

    def end(self) -> Iterator[Block]:
        """Yield what is shown after all blocks."""
        if self.collapse:
            yield from self.collapse.end()
        if self.first:
            yield from self.first.found()

    def _matching(self, block: Block, pattern: re.Pattern[str]) -> Block:
        found = [place for place, line in enumerate(block.lines) if pattern.search(plain(line))]
        rest = block.unfinished if block.unfinished and pattern.search(plain(block.unfinished)) else b""
        if len(found) == len(block.lines) and rest == block.unfinished:
            return block
        # An empty block still ends the unfinished line of its instance.
        return replace(
            block,
            stamps=_at(block.stamps, found),
            lines=_at(block.lines, found),
            raw=_at(block.raw, found),
            unfinished=rest,
        )


def _at(values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
    return [values[place] for place in places] if values else []
