"""What is changed of a job after its submit: it is suspended, resumed, scaled, or taken over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import asking, training
from arena.actions.served import preferred
from arena.actions.waiting import WORKLOADS
from arena.actions.watching import Source, Watching
from arena.errors import Conflict, MissingOperator, NotAllowed, SpecError, aimed
from arena.kinds.kind import Change, Kind
from arena.model import Job, Phase
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]

PATIENCE = 60.0
"""Seconds that pods are waited for to end: twice of what they are mostly given."""

NOTICE = 5.0
"""Seconds that an operator is given to tell them. Before Kubernetes 1.22 nobody tells a launcher's Job."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a wish to change a job."""

    job: Job
    done: bool
    """False where the job was that way already, and nothing was sent."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A job with all that a change needs to know."""

    cluster: Cluster
    kind: Kind
    resource: Resource
    obj: Object

    @property
    def job(self) -> Job:
        return self.read(self.obj)

    @property
    def aimed(self) -> str:
        meta = self.obj["metadata"]
        return aimed(meta["name"], meta.get("namespace", ""))

    def read(self, obj: Object) -> Job:
        """The job as of another moment."""
        return self.kind.read(obj, [])

    @property
    def title(self) -> str:
        meta = self.obj["metadata"]
        return f'{self.kind.name} "{meta["name"]}" in namespace "{meta.get("namespace", "")}"'


def suspend(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Changed:
    """End the job's pods and keep the job, until it is resumed.

    Raises:
        NotFound: there is no such job.
        SpecError: jobs of its kind cannot be suspended.
        Conflict: it has ended.
        MissingOperator: what serves its kind there is too old to know of it.
    """
    return _switch(_find(cluster, name, namespace, kind), True)


def resume(
    cluster: Cluster,
    name: str,
    namespace: str,
    kind: Kind | None = None,
    *,
    within: float = PATIENCE,
    wait: Callable[[int], None] = lambda pods: None,
) -> Changed:
    """Start the pods of a suspended job again, when those it had have ended; raises as `suspend`.

    Args:
        within: seconds to wait for them at most; then it is a Conflict.
        wait: called with their number where there are any to wait for.
    """
    found = _find(cluster, name, namespace, kind)
    return _switch(found, False, lambda: _await_end(found, within, wait))


def _await_end(found: _Found, within: float, wait: Callable[[int], None]) -> None:
    """The training operator takes pods that still end for failed ones of the job that runs again."""
    pods = Source(PODS, found.job.namespace, labels=training.pod_selector(found.kind, found.obj))
    begun = monotonic()
    try:
        with Watching(found.cluster, [pods]) as watching:
            if count := _leaving(watching, True):
                wait(count)
            while count := _leaving(watching, monotonic() < begun + min(NOTICE, within)):
                if monotonic() > begun + within:
                    why = f"{found.title} is not resumed: {count} of its instances have not ended"
                    raise Conflict(why, f"try again when they have; arena get {found.aimed} shows them")
                watching.wait(training.TICK)
    except NotAllowed:
        # Who may not see the pods resumes without them.
        return


def _leaving(watching: Watching, soon: bool) -> int:
    """How many pods go; with `soon` also those that run still, since they may be told to in a moment."""
    pods = watching.objects(0)
    going = [one for one in pods if "deletionTimestamp" in one["metadata"]]
    running = [one for one in pods if (one.get("status") or {}).get("phase") in (None, "Pending", "Running")]
    return len(running if soon and not going else going)


def scale(cluster: Cluster, name: str, namespace: str, workers: int, kind: Kind | None = None) -> Changed:
    """Change how many workers the job has while it runs; raises as `suspend`, of scaling.

    Args:
        workers: how many there shall be in all, counted as --workers of its kind does.
    """
    found = _find(cluster, name, namespace, kind)
    if found.kind.scale is None:
        raise SpecError(
            f"the number of workers of a {found.kind.name} cannot be changed",
            f"start it anew: arena rerun {found.aimed} --replace --set workers={workers}",
        )
    _check_alive(found, "scaled")
    change = found.kind.scale(found.obj, workers)
    if change.patch is not None and _has(found.obj, change.patch):
        return Changed(found.job, False)
    return Changed(found.read(_send(found, change, "scale it")), True)


def _find(cluster: Cluster, name: str, namespace: str, kind: Kind | None) -> _Found:
    return _Found(cluster, *training.find(cluster, name, namespace, kind))


def _switch(found: _Found, on: bool, before: Callable[[], None] = lambda: None) -> Changed:
    """Suspend the job or resume it, after what has to be done `before` where it is not that way already."""
    change = found.kind.suspend
    if change is None:
        raise SpecError(
            f"a {found.kind.name} cannot be suspended",
            f"delete it, and start it anew later by what this prints: arena get {found.aimed} -o command",
        )
    _check_alive(found, "suspended" if on else "resumed")
    held = _in_queue(found)
    if held is not None:
        return _hold(found, held, on)
    if _is_suspended(found, change) is on:
        return _unchanged(found, on)
    before()
    return Changed(found.read(_send(found, change(found.obj, on), "suspend it")), True)


def _is_suspended(found: _Found, change: Callable[[Object, bool], Change]) -> bool:
    patch = change(found.obj, True).patch
    return _has(found.obj, patch) if patch is not None else found.job.phase is Phase.SUSPENDED


def _in_queue(found: _Found) -> _Found | None:
    """What stands for the job in a queue of Kueue, which alone then starts and stops it."""
    workloads = preferred(found.cluster, WORKLOADS) if _queue(found.obj) else None
    if workloads is None:
        return None
    meta = found.obj["metadata"]
    there = found.cluster.list(workloads, meta["namespace"], labels=f"{labels.KUEUE_JOB_UID}={meta['uid']}")
    return next((replace(found, resource=workloads, obj=one) for one in there), None)


def _queue(obj: Object) -> str:
    return str((obj["metadata"].get("labels") or {}).get(labels.KUEUE_QUEUE) or "")


def _hold(found: _Found, held: _Found, on: bool) -> Changed:
    """Hold the job back in its queue, or let it take part again."""
    if (held.obj["spec"].get("active") is False) is not on:
        _send(held, Change(patch={"spec": {"active": not on}}), "hold a job")
        return Changed(found.job, True)
    return _unchanged(found, on)


def _unchanged(found: _Found, on: bool) -> Changed:
    job = found.job
    if job.phase is Phase.QUEUING and not on:
        raise Conflict(f"{found.title} {job.reason}", "it starts when it is its turn")
    return Changed(job, False)


def _has(obj: Object, patch: Mapping[str, Any]) -> bool:
    """Whether the object is as the patch would make it; a switch that is not there is off."""
    for key, value in patch.items():
        there = obj.get(key)
        if isinstance(value, Mapping):
            if not _has(there or {}, value):
                return False
        elif there != value and not (value is False and there is None):
            return False
    return True


def _check_alive(found: _Found, what: str) -> None:
    job = found.job
    if job.phase.is_final:
        raise Conflict(
            f"{found.title} has ended ({job.phase.value}) and cannot be {what}",
            f"run it once more: arena rerun {found.aimed}",
        )
    if job.phase is Phase.STOPPING:
        raise Conflict(f"{found.title} is being deleted and cannot be {what}")


def _send(found: _Found, change: Change, what: str) -> Object:
    """Do it, and see that the cluster did: one that does not know a field may drop it without a word."""
    meta = found.obj["metadata"]
    if change.patch is None:
        asking.request(found.cluster, found.resource, found.obj, change)
        return found.obj
    now = found.cluster.patch(found.resource, meta["namespace"], meta["name"], _with_uid(change.patch, meta))
    if not _has(now, change.patch):
        kind = found.resource.kind
        raise MissingOperator(
            f"{found.cluster.name} took no notice: its {kind} is too old to {what}",
            "have its operator updated",
        )
    return now


def _with_uid(patch: Mapping[str, Any], meta: Object) -> Object:
    """The patch, which is a conflict where another object took the name meanwhile."""
    return {**patch, "metadata": {**patch.get("metadata", {}), "uid": meta["uid"]}}


def adopt(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Changed:
    """Label a job that others made as arena's own; nothing else of it is touched.

    Raises:
        NotFound: there is no such job.
        Conflict: another tool says that it manages the job.
    """
    found = _find(cluster, name, namespace, kind)
    own = found.obj["metadata"].get("labels") or {}
    if found.job.managed:
        return Changed(found.job, False)
    if own.get(labels.MANAGED_BY):
        raise Conflict(
            f"{found.title} is managed by {own[labels.MANAGED_BY]}",
            f"if that is over, remove its label {labels.MANAGED_BY} first",
        )
    # What its maker chose stays: `app` is many people's own.
    missing = {key: value for key, value in labels.common(name, found.kind.name).items() if key not in own}
    return Changed(
        found.read(_send(found, Change(patch={"metadata": {"labels": missing}}), "label it")), True
    )


def release(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Changed:
    """Take the labels of `adopt` off again; raises as that.

    Raises:
        Conflict: the job was submitted by arena, not adopted.
    """
    found = _find(cluster, name, namespace, kind)
    meta = found.obj["metadata"]
    if labels.SPEC in (meta.get("annotations") or {}):
        raise Conflict(f"{found.title} was submitted by arena, not adopted", "it stays arena's own")
    if not found.job.managed:
        return Changed(found.job, False)
    own, marks = meta.get("labels") or {}, labels.common(name, found.kind.name)
    taken = {key: None for key, value in marks.items() if own.get(key) == value}
    return Changed(found.read(_send(found, Change(patch={"metadata": {"labels": taken}}), "label it")), True)
