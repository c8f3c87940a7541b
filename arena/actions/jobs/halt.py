"""End the pods of a job for good and keep its object with all that it records."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena.actions.jobs import change, suspend
from arena.actions.jobs.change import Changing, Object
from arena.errors import MissingOperator, NotFound, SpecError
from arena.kinds.kind import Halt, Kind, Modification
from arena.model.jobs import Phase
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

JOBS = Resource("batch", "v1", "jobs", kind="Job")


def halt(cluster: Cluster, kind: Kind, resource: Resource, obj: Object) -> None:
    """Suspend a job; where its operator is too old for that, do what ends its pods all the same.

    A job that has ended, or has been deleted, stays as it is.

    Raises:
        MissingOperator: the cluster can do nothing of the kind.
        NotAllowed: this user may not.
    """
    found = Changing(cluster, kind, resource, obj)
    if found.job.phase.is_final or found.job.phase is Phase.STOPPING:
        return
    with suppress(NotFound):
        if held := suspend.in_queue(found):  # whose queue would start a suspended job again
            suspend.hold(held, True)
        elif kind.suspend is None or not _suspended(found):
            _end(found)


def _suspended(found: Changing) -> bool:
    """Suspend a job; return whether the cluster can."""
    assert found.kind.suspend
    try:
        change.send(found, found.kind.suspend(found.obj, True), "suspend it")
    except (MissingOperator, SpecError):  # the field is dropped, or refused as unknown
        if found.kind.halt is None:
            raise
        return False
    return True


def _end(found: Changing) -> None:
    way = found.kind.halt
    if way is None:
        raise MissingOperator(f"{found.title} can only be deleted, not ended", f"arena delete {found.aimed}")
    change.send(found, Modification(patch=way.patch), "end it")
    if way.launcher:
        _end_launcher(found, way)


def _end_launcher(found: Changing, way: Halt) -> None:
    meta = found.obj["metadata"]
    with suppress(NotFound):
        launcher = found.cluster.get(JOBS, meta["namespace"], meta["name"] + way.launcher)
        owners = launcher["metadata"].get("ownerReferences") or ()
        if any(one.get("uid") == meta["uid"] for one in owners):
            ended = Modification(patch={"spec": {"activeDeadlineSeconds": 1}})
            change.send(Changing(found.cluster, found.kind, JOBS, launcher), ended, "end it")


def obstacle(cluster: Cluster, kind: Kind, resource: Resource, namespace: str, obj: Object) -> str:
    """Why the cluster could not end the pods of a job that is yet to be created; "" if it could."""
    if kind.halt:
        return ""
    if kind.suspend is None:
        return f"jobs of the kind {kind.name} can only be deleted, not ended"
    asked = kind.suspend(obj, True)
    if asked.patch is None:
        assert asked.resource
        try:
            cluster.need(asked.resource)
        except MissingOperator as error:
            return str(error)
        return ""
    too_old = f"the operator of its {resource.kind} is too old to suspend jobs"
    try:
        there = cluster.create(resource, namespace, _merged(obj, asked.patch), dry_run=True)
    except SpecError as error:  # NoTrial, or the field is unknown
        from arena.kube import NoTrial

        return "" if isinstance(error, NoTrial) else too_old
    return "" if change.has(there, asked.patch) else too_old


def _merged(obj: Object, patch: Mapping[str, Any]) -> Object:
    """The object after a merge patch that removes nothing."""
    both = {
        key: _merged(obj.get(key) or {}, value) if isinstance(value, dict) else value
        for key, value in patch.items()
    }
    return {**obj, **both}
