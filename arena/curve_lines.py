"""The values of metrics in lines of output, and as few of them as a picture needs."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from arena.metric_lines import finder
from arena.model.curves import Point
from arena.progress_lines import EPOCH, NO_METRICS, STEP

STEPS = ("global_step", "step", "iteration", "iter", "epoch")
"""Names of what counts the progress, in any case; the first one in a line is the step of its values."""
METRICS, POINTS = 40, 400
"""Number of metrics of a job, and of points of one in a picture."""
LONGEST = 4096
"""Bytes of a line that are read: its end, where bars are redrawn."""
_PRINTED = (
    r"(?<![\w./-])([A-Za-z_][\w./-]{0,63})[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    r"([-+]?(?:(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?|(?i:nan|inf(?:inity)?)))(?![\w:./])"
)
"""`loss=0.5`, `loss: 0.5`, `"loss": 0.5` and `loss: nan`, but no time and no version.

The lookbehind keeps the search linear.
"""
_COLOURS = re.compile(rb"\x1b\[[0-?]{0,40}[ -/]{0,8}[@-~]")


def series(lines: Iterable[tuple[bytes, bytes]]) -> Mapping[str, Sequence[Point]]:
    """The points of each metric, those with most points first.

    Args:
        lines: stamp and text of each line.
    """
    found: defaultdict[str, list[Point]] = defaultdict(list)
    values = finder([], [_PRINTED])
    for stamp, text in lines:
        if b"=" not in text and b":" not in text:
            continue
        plain = _COLOURS.sub(b"", text[-LONGEST:])
        line = {name: float(value) for name, value, _ in values(plain, "")}
        if not line:
            continue
        step = _step({name.lower(): value for name, value in line.items()}, plain)
        for name, value in line.items():
            if name.lower() not in NO_METRICS and name.lower() not in STEPS:
                found[name].append(Point(stamp.decode("ascii", "replace"), step, value))
    most = sorted(found.items(), key=lambda one: -len(one[1]))[:METRICS]
    return dict(most)


def _step(line: Mapping[str, float], text: bytes) -> float | None:
    """The step that a line names as a value, or as `step 5 of 100` or `epoch 3/10`."""
    for name in STEPS:
        if math.isfinite(line.get(name, math.nan)):
            return line[name]
    words = text.decode(errors="replace")
    found = STEP.search(words) or EPOCH.search(words)
    return float(found["done"]) if found else None


def drawable(found: Mapping[str, Sequence[Point]]) -> Mapping[str, Sequence[Point]]:
    """The metrics with several finite values, with as few of these as a picture needs."""
    finite = {name: [one for one in points if math.isfinite(one.value)] for name, points in found.items()}
    return {name: thinned(points) for name, points in finite.items() if len(points) > 1}


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
