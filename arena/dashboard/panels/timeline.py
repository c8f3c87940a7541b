"""Where the time of a job went."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope
from arena.dashboard.panels.jobs import ONE


def _timeline(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.jobs import timeline
    from arena.views.timelines import TIMELINES

    found = timeline.timeline(scope.within(where["namespace"]), where["name"], kind=where["kind"])
    return {"item": TIMELINES.data(found, scope.now), "unread": ""}


PANELS = (Panel(f"{ONE}/timeline", _timeline),)
