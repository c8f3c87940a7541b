"""The nodes of the cluster, and what is allocated on them."""

from collections.abc import Mapping
from typing import Any

from arena.dashboard.panel import Panel, Scope, items


def _nodes(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    from arena.actions import nodes
    from arena.views.nodes import data

    found, now = nodes.nodes(scope.session), scope.now
    return items([data(one, now) for one in found], found.unread)


PANELS = (Panel("nodes", _nodes),)
