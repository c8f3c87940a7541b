"""The servings, and one with its instances, revisions and conditions."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, item, items


def _servings(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.serving import listing
    from arena.views.servings import data

    found, now = listing.servings(scope.session, everywhere=scope.everywhere), scope.now
    return items([data(one, now) for one in found], found.unread, "instances")


def _serving(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions.serving import find
    from arena.views.servings import data

    session, version = scope.within(where["namespace"]), where.get("version", "")
    found = find.serving(session, where["name"], version=version, kind=where["kind"], details=True)
    return item(data(found, scope.now), found.unread)


PANELS = (
    Panel("servings", _servings),
    Panel("servings/{namespace}/{kind}/{name}", _serving, query=("version",)),
)
