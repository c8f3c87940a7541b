"""The list of jobs, and one job with its instances and events."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope
from arena.model.jobs import Job
from arena.views import unread
from arena.views.jobs import data

_GROWING = ("instances", "duration")
"""Keys that the list lacks: many instances fill the page, and what grows makes every answer differ."""


def _jobs(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.jobs import listing

    found = listing.jobs(scope.session, everywhere=scope.everywhere, detailed=False)
    now = scope.now
    rows = [{key: one for key, one in data(job, now).items() if key not in _GROWING} for job in found]
    return {"items": rows, "unread": unread.line(found.unread)}


def _job(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.diagnosis import explain
    from arena.actions.jobs import tensorboard

    session, job = scope.within(where["namespace"]), found(scope, where)
    told = tensorboard.linked(session.cluster(), explain.job(session.cluster(), job))
    shown = dict(data(told, scope.now))
    del shown["duration"]
    for one in shown["instances"]:
        del one["age"]
    return {"item": shown, "unread": unread.line(told.unread)}


def _events(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.diagnosis import events
    from arena.views.events import EVENTS

    told = events.events(scope.within(where["namespace"]), found(scope, where))
    return {"items": [EVENTS.data(one, scope.now) for one in told]}


def found(scope: Scope, where: Mapping[str, str]) -> Job:
    """The job that a path names."""
    from arena.actions.jobs import find

    session = scope.within(where["namespace"])
    return find.job(session, where["name"], kind=where["kind"], partial=True)


ONE = "jobs/{namespace}/{kind}/{name}"
"""The path of a job."""
LIST = Panel("jobs", _jobs)
PANELS = (LIST, Panel(ONE, _job), Panel(f"{ONE}/events", _events))
