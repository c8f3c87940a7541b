"""Why a job waits or fails."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, still
from arena.dashboard.panels.jobs import ONE


def _why(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.diagnosis import why
    from arena.views.diagnoses import data

    found = why.why(scope.within(where["namespace"]), where["name"], kind=where["kind"])
    return {"item": still(data(found)), "unread": "; ".join(found.unread[:3])}


PANELS = (Panel(f"{ONE}/why", _why),)
