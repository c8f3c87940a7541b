"""The earliest exception or crash in the logs of a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from arena.actions.jobs.logs.lines import Block
from arena.actions.jobs.logs.plain import plain
from arena.tracebacks import Failure, Tracebacks


class FirstError:
    """Finds the earliest failure of all instances.

    One that usually follows from that of another process, such as a lost connection, counts only if there is
    no other.
    """

    def __init__(self) -> None:
        self._readers: dict[tuple[str, str], Tracebacks] = {}
        self._first: tuple[bool, bytes, Block, Failure] | None = None
        self._failed: dict[str, None] = {}
        self._count = 0

    def note(self, block: Block) -> None:
        """Read the lines of a block."""
        reader = self._readers.setdefault((block.instance, block.container), Tracebacks())
        for stamp, line in zip(block.stamps, block.lines, strict=True):
            for found in reader.feed(plain(line), stamp):
                self._add(block, found)

    def found(self) -> Iterator[Block]:
        """The earliest failure, after a remark how many there are, or that there is none."""
        for (instance, container), reader in self._readers.items():
            for one in reader.end():
                self._add(Block(instance, container), one)
        if self._first is None:
            yield Block("", "", said="no exception in these logs")
            return
        _, stamp, block, failure = self._first
        where = f", on {len(self._failed)} instances" if len(self._failed) > 1 else ""
        others = f" (the first of {self._count} exceptions{where})" if self._count > 1 else ""
        yield replace(block, said=f"{failure.title}{others}")
        lines = [line.encode() for line in failure.lines]
        yield replace(block, stamps=[stamp] * len(lines), lines=lines)

    def _add(self, block: Block, failure: Failure) -> None:
        self._count += 1
        self._failed[block.instance] = None
        stamp = failure.begin if isinstance(failure.begin, bytes) else b""
        rank = (failure.is_secondary, stamp)
        if self._first is None or rank < self._first[:2]:
            self._first = (*rank, Block(block.instance, block.container), failure)
