"""What the page shows: the cluster, the namespace, and what the page may do."""

from collections.abc import Mapping
from typing import Any

from arena._version import VERSION
from arena.dashboard.panel import Panel, Scope


def _about(scope: Scope, where: Mapping[str, str]) -> dict[str, Any]:
    session = scope.session
    return {
        "cluster": session.name,
        "namespace": "" if scope.everywhere else session.namespace,
        "version": VERSION,
        "changes": scope.changes,
    }


PANELS = (Panel("about", _about),)
