"""Which contents the revisions of a serving refer to: only others may be deleted, and all must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena.actions.jobs import find as jobs
from arena.actions.serving import contents, history
from arena.actions.serving.find import Found
from arena.errors import ArenaError, NotAllowed, NotFound
from arena.resources import CONFIGMAPS, DEPLOYMENTS, REPLICASETS, SECRETS

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def unused(cluster: Cluster, found: Found, kept: Collection[str], new: Object) -> list[str]:
    """KIND/NAME of kept contents that neither a revision nor the changed object needs.

    Without the right to read the revisions, all are needed.

    Args:
        new: what the main object becomes.
    """
    left = set(kept) - contents.referred(found.obj) - contents.referred(new)
    if not left:
        return []
    try:
        return sorted(left - set(_needed(cluster, found)))
    except ArenaError:
        return []


def _needed(cluster: Cluster, found: Found) -> Iterator[str]:
    if found.resource != DEPLOYMENTS:
        for entry in history.entries(found.obj):
            yield from map(str, entry.get("contents") or ())
        return
    selector = jobs.pod_selector(found.kind, found.obj)
    for one in cluster.list(REPLICASETS, found.serving.namespace, labels=selector):
        yield from contents.referred(one)


def check_there(cluster: Cluster, found: Found, new: Object) -> None:
    """Check that all contents are there to which the object refers anew.

    Args:
        new: what the main object becomes.

    Raises:
        NotFound: one is gone.
    """
    known = set(contents.kept(found.obj["metadata"].get("annotations") or {}))
    types = {one.kind: one for one in (CONFIGMAPS, SECRETS)}
    for one in sorted(known & contents.referred(new) - contents.referred(found.obj)):
        kind, _, name = one.partition("/")
        try:
            with suppress(NotAllowed):
                cluster.get(types[kind], found.serving.namespace, name)
        except NotFound as error:
            error.hint = "that revision needs it; update the serving instead"
            raise
