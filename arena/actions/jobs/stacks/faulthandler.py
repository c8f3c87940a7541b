"""The stacks that Python's faulthandler writes to a log when its signal comes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from arena.model.stacks import Frame, Thread

_HEAD = re.compile(r"(?:(Current )?[Tt]hread 0x[0-9a-f]+(?: \[(.*)\])?|Stack) \(most recent call first\):$")
_FRAME = re.compile(r'  File "(.*)", line (\d+|\?\?\?) in (.*)$')


def dumps(lines: Iterable[str]) -> list[tuple[Thread, ...]]:
    """The threads of each process that wrote its stacks: the last of them is the one that got the signal.

    Lines of other threads and programs in between are skipped.
    """
    found: list[tuple[Thread, ...]] = []
    threads: list[tuple[str, list[Frame]]] = []
    last = False
    for line in lines:
        if head := _HEAD.search(line):
            if last:
                found.append(_made(threads))
                threads = []
            last = not line[head.start() :].startswith("Thread")
            threads.append(("MainThread" if last else head[2] or "", []))
        elif threads and (frame := _FRAME.match(line)):
            threads[-1][1].append(Frame(frame[3], frame[1], int(frame[2]) if frame[2].isdigit() else 0))
    return [*found, _made(threads)] if last else found


def _made(threads: Iterable[tuple[str, list[Frame]]]) -> tuple[Thread, ...]:
    return tuple(Thread(name, tuple(frames)) for name, frames in threads)
