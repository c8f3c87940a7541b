"""The values of metrics in lines of output, as few points as a picture needs."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from arena.metric_lines import finder
from arena.tuples import NamedTuple

STEPS = ("global_step", "step", "iteration", "iter", "epoch")
"""Names of what counts the progress; the first one in a line is the step of its values."""
METRICS, POINTS = 40, 400
"""Number of metrics of a job, and of points of one."""
_PRINTED = (
    r"(?<![\w./-])([A-Za-z_][\w./|-]{0,63})[\"']?\s{0,3}[=:]\s{0,3}"
    r"([-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?)(?![\w:./])"
)
"""`loss=0.5`, `loss: 0.5` and `"loss": 0.5`, but no time and no version."""


class Point(NamedTuple):
    """A value of a metric."""

    time: str
    """RFC 3339; "" if it is unknown."""
    step: float | None
    value: float


def series(lines: Iterable[tuple[bytes, bytes]]) -> Mapping[str, Sequence[Point]]:
    """The points of each metric that occurs more than once, those with most points first.

    Args:
        lines: stamp and text of each line.
    """
    found: defaultdict[str, list[Point]] = defaultdict(list)
    values = finder([], [_PRINTED])
    for stamp, text in lines:
        if b"=" not in text and b":" not in text:
            continue
        line = {name: float(value) for name, value, _ in values(text[-4096:], "")}
        step = next((line[name] for name in STEPS if name in line), None)
        for name, value in line.items():
            if name not in STEPS and math.isfinite(value):
                found[name].append(Point(stamp.decode("ascii", "replace"), step, value))
    several = [(name, points) for name, points in found.items() if len(points) > 1]
    most = sorted(several, key=lambda one: -len(one[1]))[:METRICS]
    return {name: thinned(points) for name, points in most}


def thinned(points: Sequence[Point], most: int = POINTS) -> Sequence[Point]:
    """At most so many of the points: the smallest and the largest of each part, and both ends."""
    if len(points) <= most:
        return points
    parts = (most - 2) // 2
    inner = points[1:-1]
    kept = [points[0]]
    for part in range(parts):
        some = inner[part * len(inner) // parts : (part + 1) * len(inner) // parts]
        low = min(range(len(some)), key=lambda at: some[at].value)
        high = max(range(len(some)), key=lambda at: some[at].value)
        kept += [some[at] for at in sorted({low, high})]
    return [*kept, points[-1]]
