"""From `arena submit --logs` to the first line that the program writes, on the local cluster."""

from collections.abc import Iterator

from benchmarks.home import Home, home
from benchmarks.measure import Figure, median, spread, times

MARK = "the-first-line"


def first_line(at: Home, cold: bool) -> float:
    """Seconds from the start of the command to the program's first line."""
    if cold:
        at.arena("local", "stop")
    words = ("submit", "pytorchjob", "--name", "quick", "--logs", f"echo {MARK}")
    seconds = at.until_line(MARK.encode(), *words)
    at.arena("delete", "quick")
    return seconds


def figures(runs: int) -> Iterator[Figure]:
    """Warm, and what a stopped server adds."""
    with home() as at:
        at.arena("local", "start")
        warm = times(lambda: first_line(at, cold=False), runs)
        cold = times(lambda: first_line(at, cold=True), runs)
    yield Figure(
        what="submit to the first line, server running", budget=180, measured=median(warm) * 1000,
        unit="ms", note=spread(warm),
    )  # fmt: skip
    yield Figure(
        what="what starting the server adds", budget=300, measured=(median(cold) - median(warm)) * 1000,
        unit="ms", note=f"cold {spread(cold)}",
    )  # fmt: skip
