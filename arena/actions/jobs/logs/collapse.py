"""The same line of several instances, shown once."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator

from arena.actions.jobs.logs.lines import Block, Options
from arena.actions.jobs.logs.plain import plain
from arena.actions.jobs.logs.snapshot import wanted
from arena.kinds.workload import ranks
from arena.kinds.workload.instance_findings import place
from arena.model.jobs import Job
from arena.model.ranks import spelled

PATIENCE = 1.0
"""Seconds that a followed line waits for the same one of the other instances."""
WINDOW = 500
"""Number of lines for each instance that a line waits."""
_TIME = re.compile(
    r"^(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?"
    r"|[IWEFD]\d{4} [\d:.]+ +\d+ )"
)
_RANK = re.compile(r"\[?\brank(?:[ :=]{0,2})(\d{1,9})\b\]?", re.IGNORECASE)


class _Line:
    """A line that waits for others like it."""

    __slots__ = ("began", "block", "instances", "key", "number")

    def __init__(self, key: str, block: Block, number: int) -> None:
        self.key = key
        self.block = block
        self.instances = {block.instance}
        self.number = number
        self.began = time.monotonic()


class Collapse:
    """Merges the same line of several instances; those of each keep their order, and none is lost.

    Lines that differ only in a time at their beginning, or in the rank that wrote them, are the same.

    Args:
        options: the requested logs.
        follow: whether lines come as they are written, and not all at once.
    """

    def __init__(self, options: Options, *, follow: bool) -> None:
        self._options = options
        self._follow = follow
        self._waiting: deque[_Line] = deque()
        self._open: dict[str, list[_Line]] = {}
        self._last: dict[str, int] = {}
        self._count = 0
        self._expected = 1
        self._ranks: dict[str, int] = {}
        self._places: dict[str, str] = {}

    def learn(self, job: Job) -> None:
        """Remember which instances there are."""
        known = ranks.ranks(job)
        for one in job.instances:
            self._places[one.name] = place(one)
            if (one.role, one.index) in known:
                self._ranks[one.name] = known[one.role, one.index]
        least = 1 if self._options.selects else job.wanted
        self._expected = max(self._expected, least, len(wanted(job, self._options, strict=False)))

    def take(self, block: Block) -> Iterator[Block]:
        """Add the lines of a block; yield those that need not wait any longer."""
        if block.said:
            yield from self.end()
            yield block
            return
        if block.instance:
            # The row of the instance on a terminal.
            yield Block(block.instance, block.container, unfinished=block.unfinished)
        for stamp, line in zip(block.stamps, block.lines, strict=True):
            self._add(Block(block.instance, block.container, (stamp,), (line,)))
        yield from self._released()

    def end(self) -> Iterator[Block]:
        """Yield all that still wait."""
        while self._waiting:
            yield self._first()

    def _add(self, block: Block) -> None:
        name, key = block.instance, self._key(block)
        for one in self._open.get(key, ()):
            # Only after the line before it, so that the order is kept.
            if one.number > self._last.get(name, 0):
                one.instances.add(name)
                self._last[name] = one.number
                return
        self._count += 1
        one = _Line(key, block, self._count)
        self._waiting.append(one)
        self._open.setdefault(key, []).append(one)
        self._last[name] = one.number

    def _key(self, block: Block) -> str:
        rank = self._ranks.get(block.instance)
        text = _TIME.sub("", plain(block.lines[0]), count=1)
        return _RANK.sub(lambda one: "rank" if int(one[1]) == rank else one[0], text)

    def _released(self) -> Iterator[Block]:
        limit = time.monotonic() - PATIENCE
        while self._waiting:
            one = self._waiting[0]
            late = len(self._waiting) > WINDOW * self._expected or (self._follow and one.began <= limit)
            if not late and len(one.instances) < self._expected:
                return
            yield self._first()

    def _first(self) -> Block:
        one = self._waiting.popleft()
        self._open[one.key].remove(one)
        if not self._open[one.key]:
            del self._open[one.key]
        if len(one.instances) == 1:
            return one.block
        return Block(self._label(one.instances), one.block.container, one.block.stamps, one.block.lines)

    def _label(self, instances: set[str]) -> str:
        """`all 8`, or `3: ranks 0-1,5`."""
        if len(instances) == self._expected:
            return f"all {len(instances)}"
        numbers = [self._ranks[one] for one in instances if one in self._ranks]
        others = sorted(self._places.get(one, one) for one in instances if one not in self._ranks)
        named = [*([f"ranks {spelled(numbers)}"] if numbers else []), *others]
        return f"{len(instances)}: {', '.join(named)}"
