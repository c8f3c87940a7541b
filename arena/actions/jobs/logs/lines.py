"""Options for the logs of a job, and blocks of their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from arena.model.logs import LogLine
from arena.values import frozen


@frozen
class Options:
    """Which logs to read."""

    instance: str = ""
    """Only the instance that `instances.meant` finds; "" for all."""
    ranks: tuple[range, ...] = ()
    """Only the instances with these ranks; empty for all."""
    container: str = ""
    """Its container; "" for `instances.main_container`."""
    tail: int | None = None
    """Only the last lines of each instance."""
    since_seconds: int | None = None
    since_time: str = ""
    """RFC 3339."""
    previous: bool = False
    """Whether to read the previous run."""
    attempt: int | None = None
    """The number of the run of each instance, counting from 1 across restarts and replaced pods."""
    unfinished: bool = False
    """Whether to include unfinished lines."""
    pulse: float | None = None
    """Seconds without a block after which an empty one follows, with `follow`; None for never."""

    @property
    def selects(self) -> bool:
        """Whether not all instances are requested."""
        return bool(self.instance or self.ranks)


@dataclass(frozen=True, slots=True)
class Block:
    """Successive lines of one container, as its program wrote them; `stamps` are the cluster's timestamps."""

    instance: str
    container: str
    stamps: Sequence[bytes] = ()
    lines: Sequence[bytes] = ()
    unfinished: bytes = b""
    """The last part of the next, unfinished line; only with `Options.unfinished`."""
    said: str = ""
    """A remark on the log instead of lines, such as why there are none."""
    uid: str = ""
    """The uid of the instance."""
    restart: int = 0
    """The restart count of its container when it wrote this."""
    raw: Sequence[bytes] = ()
    """The lines with their timestamps, as the cluster sent them."""


def lines(blocks: Iterable[Block]) -> Iterator[LogLine]:
    """The blocks as single lines of text; invalid UTF-8 is replaced."""
    for block in blocks:
        for stamp, line in zip(block.stamps, block.lines, strict=True):
            text = line.decode("utf-8", "replace")
            yield LogLine(
                instance=block.instance,
                container=block.container,
                text=text,
                stamp=stamp.decode("ascii", "replace"),
            )
