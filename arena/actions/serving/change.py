"""Change the main object of a serving: compute it anew, and send what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds, manifests
from arena.actions.serving import find
from arena.actions.serving.find import Found
from arena.errors import Conflict, MissingOperator, NotFound
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.model.servings import Serving
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
Amend = Callable[[Found], Object]
"""What the main object shall become."""
ATTEMPTS = 5
"""How often a change is computed anew because the object has changed meanwhile."""


@frozen
class Changed:
    """The result of a change."""

    serving: Serving
    """The serving after the change, without its instances."""
    patch: Object
    """The JSON merge patch of its main object that was sent, or would be; empty if that had not to change."""
    beside: Sequence[Object] = ()
    """What was sent of the objects beside it: new ones as they are, and patches that name their object."""

    deleted: Sequence[str] = ()
    """Objects beside it that it no longer needs, such as `Gateway "digits-1"`."""

    @property
    def is_changed(self) -> bool:
        """Whether anything had to change."""
        return bool(self.patch or self.beside or self.deleted)


def locate(session: Session, name: str, version: str, kind: Kind | str | None) -> Found:
    """The main object of the serving; raises as `arena.serving.serving`."""
    cluster = session.cluster()
    return find.one(cluster, session.namespace, name, version=version, kind=kinds.named(kind, FAMILY))


def apply(cluster: Cluster, found: Found, amend: Amend, *, dry_run: bool = False) -> Changed:
    """Change the main object of a serving to what `amend` makes of it, and send only the difference.

    Args:
        amend: is called again if another client has changed the object meanwhile.
        dry_run: send nothing.

    Raises:
        Conflict: the object changed again and again.
        MissingOperator: the cluster dropped the change.
    """
    for attempt in range(ATTEMPTS):
        patch = manifests.merge_patch(found.obj, amend(found))
        if dry_run or not patch:
            return result(found, manifests.patch(found.obj, patch), patch)
        try:
            return result(found, _send(cluster, found, patch), patch)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
        found = again(cluster, found)
    raise AssertionError("the loop returns or raises")


def result(found: Found, obj: Object, patch: Object) -> Changed:
    """What has become of a serving whose main object is `obj` now."""
    return Changed(serving=found.kind.read(obj, []), patch=patch)


def again(cluster: Cluster, found: Found) -> Found:
    """The same object as it is now; raises NotFound if it is gone, or another has its name."""
    meta = found.obj["metadata"]
    # By a list, since its reader may have no right to get single objects.
    named = cluster.list(found.resource, meta["namespace"], fields=f"metadata.name={meta['name']}")
    now = next(iter(named), None)
    if now is None:
        raise NotFound(f'serving "{found.serving.title}" was deleted')
    if now["metadata"]["uid"] != meta["uid"]:
        raise NotFound(f'serving "{found.serving.title}" was deleted, and another has its name')
    return found._replace(obj=now, serving=found.kind.read(now, []))


def _send(cluster: Cluster, found: Found, patch: Object) -> Object:
    meta = found.obj["metadata"]
    known = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    body = {**patch, "metadata": {**patch.get("metadata", {}), **known}}
    now = cluster.patch(found.resource, meta["namespace"], meta["name"], body)
    check_kept(cluster, found, now, patch)
    return now


def check_kept(cluster: Cluster, found: Found, now: Object, patch: Object) -> None:
    """Check that the cluster has stored a patch; raises MissingOperator."""
    meta = found.obj["metadata"]
    if now["metadata"].get("generation") == meta.get("generation") and _was_dropped(now, patch):
        kind = found.resource.kind
        raise MissingOperator(
            f"{cluster.name} ignored the change: its {kind} is too old", "update its operator"
        )


def _was_dropped(now: Object, patch: Object) -> bool:
    """Whether the cluster has stored nothing of the spec that was sent."""
    spec = patch.get("spec")
    return bool(spec) and bool(manifests.merge_patch(now["spec"], manifests.patch(now["spec"], spec)))
