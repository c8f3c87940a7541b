"""The metrics of several jobs, from what their first instances print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from arena import curve_lines
from arena.dashboard.panel import Panel, Scope
from arena.dashboard.panels.jobs import found
from arena.errors import ArenaError
from arena.parallel import thread_pool

JOBS, LINES = 12, 5_000
"""Number of jobs, and of lines from the end of each log."""


def _curves(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    wanted = [one.split("/") for one in where.get("jobs", "").split(",")[:JOBS]]
    named = [dict(zip(("namespace", "kind", "name"), one, strict=True)) for one in wanted if len(one) == 3]
    allowed = [one for one in named if scope.everywhere or one["namespace"] == scope.session.namespace]
    with thread_pool() as threads:
        return {"items": list(threads.map(partial(_job, scope), allowed))}


def _job(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    """One job: the metrics by their names, or why they cannot be read."""
    try:
        curves = curve_lines.drawable(curve_lines.series(_lines(scope, where)))
    except ArenaError as error:
        return {**where, "metrics": {}, "error": error.message}
    return {**where, "metrics": {name: [list(one) for one in points] for name, points in curves.items()}}


def _lines(scope: Scope, where: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    from arena.actions.jobs.logs import snapshot
    from arena.actions.jobs.logs.lines import Options

    job = found(scope, where)
    first = job.chief or next(iter(job.instances), None)
    if first is None:
        return
    options = Options(instance=first.name, tail=LINES)
    for block in snapshot.read(scope.session.cluster(), job, options):
        yield from zip(block.stamps, block.lines, strict=True)


PANELS = (Panel("curves", _curves, query=("jobs",)),)
