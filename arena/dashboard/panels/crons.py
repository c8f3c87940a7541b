"""The crons, and one with its runs."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, item, items
from arena.views.crons import data


def _crons(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.jobs import crons

    found, now = crons.crons(scope.session, everywhere=scope.everywhere), scope.now
    return items([data(one, now) for one in found], found.unread, "cronHistory")


def _cron(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.jobs import crons

    found = crons.cron(scope.within(where["namespace"]), where["name"])
    return item(data(found, scope.now), found.unread)


PANELS = (Panel("crons", _crons), Panel("crons/{namespace}/{name}", _cron))
