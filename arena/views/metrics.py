"""Metrics of jobs: a table with small curves, and the keys of their JSON."""

import math
from collections.abc import Sequence
from typing import Any

from arena.model.curves import Curves, Point
from arena.views.table import plain

CELLS = 24
"""Width of the curve in a table."""
_LEVELS = "▁▂▃▄▅▆▇█"
_ODD = "x"
"""A part of a curve with a value that is not finite."""


def names(found: Sequence[Curves]) -> list[str]:
    """The metrics of all jobs, each once."""
    return list(dict.fromkeys(name for one in found for name in one.metrics))


def page(found: Sequence[Curves]) -> str:
    """Each metric of each job on a line; those of one metric below each other, with curves of one scale."""
    rows = [["METRIC", "JOB", "STEP", "LAST", "MIN", "MAX", "VALUES", "CURVE"]]
    for name in names(found):
        those = [(one.name, one.metrics[name]) for one in found if name in one.metrics]
        every = _finite([point for _, points in those for point in points])
        low, high = min(every, default=0.0), max(every, default=0.0)
        rows += [_row(name, job, points, low, high) for job, points in those]
    return plain(rows)


def _row(name: str, job: str, points: Sequence[Point], low: float, high: float) -> list[str]:
    last, finite = points[-1], _finite(points)
    step = "-" if last.step is None else f"{last.step:g}" if last.step > 1e15 else f"{last.step:.15g}"
    ends = [f"{end(finite):.6g}" if finite else "-" for end in (min, max)]
    curve = _curve(points, low, high) if len(points) > 1 else ""
    return [name, job, step, f"{last.value:.6g}", *ends, str(len(points)), curve]


def _curve(points: Sequence[Point], low: float, high: float) -> str:
    count = min(CELLS, len(points))
    parts = [points[at * len(points) // count : (at + 1) * len(points) // count] for at in range(count)]
    return "".join(_level([one.value for one in part], low, high) for part in parts)


def _level(values: Sequence[float], low: float, high: float) -> str:
    if not all(map(math.isfinite, values)):
        return _ODD
    mean = math.fsum(one / len(values) for one in values)
    # Halves: the difference of two large floats can be infinite.
    share = (mean / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
    return _LEVELS[min(max(int(share * len(_LEVELS)), 0), len(_LEVELS) - 1)]


def _finite(points: Sequence[Point]) -> list[float]:
    return [one.value for one in points if math.isfinite(one.value)]


def data(found: Sequence[Curves], chosen: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Jobs and their metrics, or those that were chosen, as JSON."""
    return [
        {
            "name": one.name,
            "namespace": one.namespace,
            "kind": one.kind,
            "onlyLastLines": one.lines or None,
            "metrics": {
                name: _metric(points) for name, points in one.metrics.items() if not chosen or name in chosen
            },
        }
        for one in found
    ]


def _metric(points: Sequence[Point]) -> dict[str, Any]:
    finite = _finite(points)
    return {
        "last": _number(points[-1].value),
        "min": min(finite, default=None),
        "max": max(finite, default=None),
        "points": [
            {"time": one.time or None, "step": one.step, "value": _number(one.value)} for one in points
        ],
    }


def _number(value: float) -> float | str:
    """A number of JSON, which knows neither NaN nor infinity: these are texts."""
    return value if math.isfinite(value) else str(value)
