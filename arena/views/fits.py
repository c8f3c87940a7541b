"""Whether a job fits, where its instances go, and what is missing."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from arena import units, visible
from arena.model.fits import DEPENDS, FITS, QUEUED, REFUSED, SHORT, Fit, Forecast, RoleFit
from arena.views.noun import Noun
from arena.views.table import Column, render

SHOWN = 4
"""Number of nodes, obstacles and pods that a line names."""


def page(fit: Fit, now: datetime) -> str:
    """The verdict, the roles, and what is missing."""
    lines = [sentence(fit)]
    if fit.roles:
        lines += ["", render(COLUMNS, fit.roles, now)]
    details = [*_shortages(fit), *fit.problems[1:], *_more(fit), *_queue(fit.forecast, now)]
    if details:
        lines += ["", *map(visible.line, details)]
    return "\n".join(lines)


def sentence(fit: Fit) -> str:
    """The verdict in one sentence without a period."""
    what = visible.line(f"{fit.kind} {fit.name}" if fit.name else f"this {fit.kind}")
    wanted, placed = sum(one.count for one in fit.roles), sum(one.placed for one in fit.roles)
    if fit.outcome == FITS:
        nodes = {name for one in fit.roles for name in one.nodes}
        return f"{what} fits: {_pods(wanted)} on {len(nodes)} node{'s' * (len(nodes) != 1)}"
    if fit.outcome == SHORT:
        return f"{what} does not fit: {placed} of {_pods(wanted)} would find a node"
    if fit.outcome == DEPENDS:
        return f"{what} may not fit: there is room, but not wherever the scheduler puts the first instances"
    if fit.outcome == QUEUED:
        return f"{what} does not start now: it waits in its queue"
    if fit.outcome == REFUSED:
        return f"{what} cannot run: {visible.line(fit.problems[0])}" if fit.problems else f"{what} cannot run"
    return f"{what}: unknown whether it fits, since not all that decides it can be read"


def reason(fit: Fit) -> str:
    """The verdict and the first thing that is missing, on one line."""
    return "; ".join([sentence(fit), *(visible.line(one) for one in list(_shortages(fit))[:1])])


def advice(fit: Fit) -> str:
    """What to do about a job that does not fit."""
    waiting = "omit --check to let it wait"
    return f"would fit now: {', or '.join(fit.shapes)}; or {waiting}" if fit.shapes else waiting


def _pods(count: int) -> str:
    return f"{count} instance{'s' * (count != 1)}"


def _shortages(fit: Fit) -> Iterator[str]:
    for one in fit.roles:
        if not one.obstacles:
            continue
        missing = one.count - one.placed
        yield f"{one.name}: {_pods(missing)} without a node" + (f": {one.closest}" if one.closest else "")
        yield f"  nodes: {_listed([_of(why, count) for why, count in one.obstacles.items()])}"


def _of(obstacle: str, count: int) -> str:
    if not obstacle.startswith("lacks "):
        return f"{count} ({obstacle})"
    return f"{count} {obstacle if count == 1 else obstacle.replace('lacks', 'lack', 1)}"


def _more(fit: Fit) -> Iterator[str]:
    if fit.shapes:
        yield f"would fit now: {', or '.join(fit.shapes)}"
    if fit.evicted:
        yield f"pods of lower priority that would be ended: {_listed(fit.evicted)}"
    yield from fit.warnings


def _listed(several: Any) -> str:
    found = list(several)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _queue(forecast: Forecast | None, now: datetime) -> Iterator[str]:
    if forecast is None:
        return
    place = f"{forecast.ahead} job{'s' * (forecast.ahead != 1)} ahead"
    start = f", likely start in {units.age((forecast.start - now).total_seconds())}" if forecast.start else ""
    yield f"queue {forecast.queue} ({forecast.system}): {place}{start}"
    yield from (f"  {one}" for one in forecast.reasons)


def _nodes(role: RoleFit) -> str:
    found = [name if count == 1 else f"{name} ({count})" for name, count in sorted(role.nodes.items())]
    return _listed(found) or "-"


COLUMNS: tuple[Column[RoleFit], ...] = (
    Column("ROLE", lambda one, now: one.name),
    Column("COUNT", lambda one, now: one.count),
    Column("EACH REQUESTS", lambda one, now: one.requests or "-"),
    Column("NODES", lambda one, now: _nodes(one)),
)


def data(fit: Fit, now: datetime) -> dict[str, Any]:
    """The verdict as plain data."""
    return {
        "name": fit.name,
        "kind": fit.kind,
        "namespace": fit.namespace,
        "fits": fit.fits,
        "outcome": fit.outcome,
        "message": sentence(fit),
        "roles": [_role(one) for one in fit.roles],
        "problems": list(fit.problems),
        "warnings": list(fit.warnings),
        "wouldFit": list(fit.shapes),
        "evicted": list(fit.evicted),
        "queue": _forecast(fit.forecast),
        "unread": [{"what": one.what, "why": one.why, "effect": one.effect} for one in fit.unread],
    }


def _role(one: RoleFit) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "count": one.count,
        "placed": one.placed,
        "requests": one.requests,
        "nodes": dict(one.nodes),
        "obstacles": dict(one.obstacles),
        "closest": one.closest,
    }


def _forecast(one: Forecast | None) -> Mapping[str, Any] | None:
    if one is None:
        return None
    return {
        "name": one.queue,
        "system": one.system,
        "ahead": one.ahead,
        "room": one.room,
        "likelyStart": units.rfc3339(one.start) if one.start else None,
        "reasons": list(one.reasons),
    }


FITS_NOUN: Noun[Fit] = Noun(
    plural="verdicts",
    columns=(
        Column("NAME", lambda one, now: one.name),
        Column("OUTCOME", lambda one, now: one.outcome),
    ),
    data=data,
    page=page,
)
