"""Collects the metrics of one container: `python -I -S collector.py <descriptor> <container folder>`.

Standard library only. It outlives the server. It reads `collect.json`, follows what that names to the end of
the container's newest run, and keeps what it found in `observed.json`, written whole by rename:

    {"position": ..., "series": {NAME: {count, values, latest, min, max, step}}, "dropped": n, "ended": RUN}

Whenever it has written that, it writes a byte to the descriptor, which wakes up the server that started it.
Position and figures change together, so that a collector that takes over after a kill counts nothing twice.
`collector` is locked for as long as one is at work. It runs at a low priority and, with endless output, it
falls behind rather than using more than its share: what the log has rotated away by then is counted in
`gaps`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from typing import Any

# Isolated mode knows no site-packages; appended, so that nothing there can shadow the standard library.
sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/node/")[0])

from arena import metric_lines, operating_system  # noqa: E402
from arena.local.node.metrics.event_files import EventFolder  # noqa: E402
from arena.local.node.metrics.series import Observations  # noqa: E402
from arena.local.node.metrics.sources import ContainerLog, TextFile, has_ended, numbers  # noqa: E402

PAUSE, RARE = 0.25, 2.0
"""Seconds between two looks at output that does not grow, and at least between two writes of the result: at
first, and when a program has run for long."""
SHARE = 0.05
"""That part of the time for which it has followed a program lies between two writes."""
NICE = 5
"""The priority at which it works; whoever starts it sets that."""
BUSY = 0.5
"""The part of the time for which it works at most, while output grows without a pause."""


class Collector:
    """Reads one source, and stores the results.

    Args:
        request: as `request.of` returns it.
        saved: what the last collector has stored.
        bell: the descriptor of the server.
    """

    def __init__(self, request: dict[str, Any], saved: dict[str, Any], bell: int) -> None:
        self._bell = bell
        position = saved.get("position", {})
        self.observations = Observations(request["values"], saved)
        is_json = request["format"] == "json"
        self._find = metric_lines.finder(request["metrics"], request["filters"], is_json=is_json)
        self.source: ContainerLog | TextFile | EventFolder
        if request["source"] == "stdout":
            self.source = ContainerLog(position)
        elif request["source"] == "file":
            self.source = TextFile(request["path"], position)
        else:
            self.source = EventFolder(request["path"], request["metrics"], position)

    def read(self) -> bool | None:
        """Process what was added; return whether there was anything, None at the end."""
        if isinstance(self.source, EventFolder):
            values = self.source.read()
            for name, text, time_ in values or ():
                self.observations.add(name, text, time_)
            return None if values is None else bool(values)
        lines = self.source.read()
        for line, stamp in lines or ():
            for name, text, moment in self._find(line, stamp):
                self.observations.add(name, text, moment)
        return None if lines is None else bool(lines)

    def save(self, ended: int | None = None) -> None:
        """Write the result; a full disk does not end the collector, which writes again later."""
        state = {"position": self.source.position, **self.observations.save(), "ended": ended}
        with contextlib.suppress(OSError):
            with open("observed.new", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                json.dump(state, file)
            os.rename("observed.new", "observed.json")
            os.write(self._bell, b".")  # to nobody if the server is gone: the next one looks itself


def follow(collector: Collector, folder: str) -> None:
    """Read to the end of the newest run, or until the folder is removed."""
    start, written, unwritten = time.monotonic(), 0.0, False
    while os.path.isdir(folder):
        runs = numbers()
        began = time.monotonic()
        found = collector.read()
        if found is None:
            collector.save(ended=runs[-1] if runs else None)
            return
        unwritten = unwritten or found
        if unwritten and began - written >= min(RARE, max(PAUSE, SHARE * (began - start))):
            collector.save()
            written, unwritten = time.monotonic(), False
        worked = time.monotonic() - began
        if found:
            time.sleep(worked * (1 / BUSY - 1))
        else:
            rest(runs)


def rest(runs: list[int]) -> None:
    """Wait for more output: until the newest run ends, at most PAUSE."""
    fd = -1
    follow_exit = operating_system.pidfd_open()  # without it, the end is noticed a little later
    if follow_exit and runs:
        with contextlib.suppress(OSError, KeyError):  # it has ended, or not begun
            fd = follow_exit(load(f"{runs[-1]}/pid")["supervisor"])
    if fd < 0:
        time.sleep(PAUSE if not has_ended() else 0)
        return
    select.select([fd], [], [], PAUSE)
    os.close(fd)


def load(path: str) -> dict[str, Any]:
    """A JSON object from a file; {} if there is none."""
    try:
        with open(path) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def main(bell: int, folder: str) -> None:
    """Collect the metrics of the container whose folder is given, unless another collector does."""
    if os.fork():
        os._exit(0)  # so that the collector is not a child of the server
    os.chdir(folder)
    lock = os.open("collector", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    follow(Collector(load("collect.json"), load("observed.json"), bell), folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
