"""The sweeps, and one with its trials."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, item, items


def _sweeps(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.sweeps import find
    from arena.views.sweeps import data, result

    found, now = find.sweeps(scope.session, everywhere=scope.everywhere), scope.now
    rows = [{**data(one, now), "result": result(one)} for one in found]
    return items(rows, found.unread, "trials")


def _sweep(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.sweeps import find
    from arena.views.sweeps import data

    found = find.sweep(scope.within(where["namespace"]), where["name"])
    return item(data(found, scope.now), found.unread)


PANELS = (Panel("sweeps", _sweeps), Panel("sweeps/{namespace}/{name}", _sweep))
