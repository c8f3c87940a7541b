"""The list of jobs, and one job with its instances and events."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, item, items
from arena.model.jobs import Job
from arena.views.jobs import data


def _jobs(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.jobs import listing

    found = listing.jobs(scope.session, everywhere=scope.everywhere, detailed=False)
    now = scope.now
    return items([data(one, now) for one in found], found.unread, "instances")


def _job(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.diagnosis import explain
    from arena.actions.jobs import tensorboard

    cluster, job = scope.session.cluster(), found(scope, where)
    told = tensorboard.linked(cluster, explain.job(cluster, job))
    return item(data(told, scope.now), told.unread)


def _events(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.diagnosis import events
    from arena.views.events import EVENTS

    told, now = events.events(scope.within(where["namespace"]), found(scope, where)), scope.now
    return items([EVENTS.data(one, now) for one in told], ())


def found(scope: Scope, where: Mapping[str, str]) -> Job:
    """The job that a path names."""
    from arena.actions.jobs import find

    session = scope.within(where["namespace"])
    return find.job(session, where["name"], kind=where["kind"], partial=True)


ONE = "jobs/{namespace}/{kind}/{name}"
"""The path of a job."""
LIST = Panel("jobs", _jobs)
PANELS = (LIST, Panel(ONE, _job), Panel(f"{ONE}/events", _events))
