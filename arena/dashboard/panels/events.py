"""The events of the namespace, or of all."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, items


def _events(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.diagnosis import events
    from arena.views.events import EVENTS

    found, now = events.events(scope.session, everywhere=scope.everywhere), scope.now
    return items([EVENTS.data(one, now) for one in found[-MOST:]], ())


MOST = 2_000
"""Number of events, the newest ones."""
PANELS = (Panel("events", _events),)
