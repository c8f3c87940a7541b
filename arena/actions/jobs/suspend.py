"""Suspend and resume jobs, or hold them in a queue of Kueue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from arena import labels
from arena.actions.diagnosis.explainers.kueue import WORKLOADS
from arena.actions.jobs import change, find
from arena.actions.jobs.change import Changing, Object, Unchanged
from arena.actions.served import preferred
from arena.actions.watches import Source, Watching
from arena.errors import Conflict, NotAllowed, SpecError
from arena.kinds.kind import Kind, Modification
from arena.model.jobs import Job, Phase
from arena.resources import PODS

if TYPE_CHECKING:
    from arena.session import Session

PATIENCE = 60.0
"""Seconds to wait for pods to end: twice their usual grace period."""

NOTICE = 5.0
"""Seconds to wait until an operator terminates them; before Kubernetes 1.22, none suspends a launcher's Job.
"""


def suspend(
    session: Session, name: str, *, kind: Kind | str | None = None, unchanged: Unchanged = change.ignore
) -> Job:
    """End the pods of a job and keep the job until it is resumed.

    Args:
        kind: required if several kinds have a job of that name.
        unchanged: called with the job if it already is suspended.

    Raises:
        NotFound: there is no such job.
        SpecError: jobs of its kind cannot be suspended.
        Conflict: it has ended.
        MissingOperator: its operator is too old to suspend jobs.
    """
    return _switch(change.find_job(session, name, kind), True, unchanged)


def resume(
    session: Session,
    name: str,
    *,
    kind: Kind | str | None = None,
    unchanged: Unchanged = change.ignore,
    within: float = PATIENCE,
    wait: Callable[[int], None] = lambda pods: None,
) -> Job:
    """Start a suspended job again once its earlier pods have ended; raises as `suspend`.

    Args:
        kind: required if several kinds have a job of that name.
        unchanged: called with the job if it is not suspended.
        within: seconds to wait for the earlier pods before raising a Conflict.
        wait: called with the number of those pods if there are any to wait for.
    """
    found = change.find_job(session, name, kind)
    return _switch(found, False, unchanged, lambda: _await_end(found, within, wait))


def _await_end(found: Changing, within: float, wait: Callable[[int], None]) -> None:
    """Wait for the earlier pods: the training operator takes pods that still end for failed ones."""
    pods = Source(PODS, found.job.namespace, labels=find.pod_selector(found.kind, found.obj))
    begun = monotonic()
    try:
        with Watching(found.cluster, [pods]) as watching:
            if count := _leaving(watching, True):
                wait(count)
            while count := _leaving(watching, monotonic() < begun + min(NOTICE, within)):
                if monotonic() > begun + within:
                    why = f"{found.title} was not resumed: {count} of its instances have not ended"
                    raise Conflict(why, f"try again when they have ended; arena get {found.aimed} shows them")
                watching.wait(find.TICK)
    except NotAllowed:
        # A user who may not list the pods resumes without waiting.
        return


def _leaving(watching: Watching, soon: bool) -> int:
    """The number of terminating pods; with `soon`, including running ones, which may be about to end."""
    pods = watching.objects(0)
    going = [one for one in pods if "deletionTimestamp" in one["metadata"]]
    running = [one for one in pods if (one.get("status") or {}).get("phase") in (None, "Pending", "Running")]
    return len(running if soon and not going else going)


def _switch(
    found: Changing, on: bool, unchanged: Unchanged, before: Callable[[], None] = lambda: None
) -> Job:
    """Suspend or resume the job, after calling `before` if it is not yet in that state."""
    switch = found.kind.suspend
    if switch is None:
        raise SpecError(
            f"a {found.kind.name} cannot be suspended",
            f"delete it, and later run the command that arena get {found.aimed} -o command prints",
        )
    change.check_alive(found, "suspended" if on else "resumed")
    held = in_queue(found)
    if held is not None:
        return _hold(found, held, on, unchanged, before)
    if _is_suspended(found, switch) is on:
        return _unchanged(found, on, unchanged)
    before()
    return found.read(change.send(found, switch(found.obj, on), "suspend it"))


def _is_suspended(found: Changing, switch: Callable[[Object, bool], Modification]) -> bool:
    patch = switch(found.obj, True).patch
    return change.has(found.obj, patch) if patch is not None else found.job.phase is Phase.SUSPENDED


def in_queue(found: Changing) -> Changing | None:
    """The Workload of the job in a queue of Kueue, which alone starts and stops the job."""
    workloads = preferred(found.cluster, WORKLOADS) if _queue(found.obj) else None
    if workloads is None:
        return None
    meta = found.obj["metadata"]
    there = found.cluster.list(workloads, meta["namespace"], labels=f"{labels.KUEUE_JOB_UID}={meta['uid']}")
    return next((replace(found, resource=workloads, obj=one) for one in there), None)


def _queue(obj: Object) -> str:
    return str((obj["metadata"].get("labels") or {}).get(labels.KUEUE_QUEUE) or "")


def _hold(found: Changing, held: Changing, on: bool, unchanged: Unchanged, before: Callable[[], None]) -> Job:
    """Hold the job in its queue, or release it."""
    if (held.obj["spec"].get("active") is False) is not on:
        before()
        hold(held, on)
        return found.job
    return _unchanged(found, on, unchanged)


def hold(held: Changing, on: bool) -> None:
    """Hold a Workload in its queue, or release it."""
    change.send(held, Modification(patch={"spec": {"active": not on}}), "hold a job")


def _unchanged(found: Changing, on: bool, unchanged: Unchanged) -> Job:
    job = found.job
    if job.phase is Phase.QUEUING and not on:
        raise Conflict(f"{found.title} {job.reason}", "it starts when its turn comes")
    return change.same(job, unchanged)
