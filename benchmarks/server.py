"""The local cluster's server with nothing to do."""

import time
from collections.abc import Iterator

import psutil

from benchmarks.home import home
from benchmarks.measure import Figure

WINDOW = 10.0
"""Seconds of watching."""


def figures(runs: int) -> Iterator[Figure]:
    """Resident memory, and CPU time as a share of the window."""
    with home() as at:
        at.arena("local", "start")
        at.arena("list")
        server = psutil.Process(at.server())
        time.sleep(1)  # what it does at its start is not idling
        before = sum(server.cpu_times()[:2])
        time.sleep(WINDOW)
        used = sum(server.cpu_times()[:2]) - before
        memory = server.memory_info().rss / 1e6
    yield Figure(what="idle server, memory", budget=60, measured=memory, unit="MB")
    yield Figure(
        what="idle server, CPU", budget=0.2, measured=100 * used / WINDOW, unit="% of a core",
        note=f"{used * 1000:.0f} ms in {WINDOW:.0f} s; the clock ticks every 10 ms",
    )  # fmt: skip
