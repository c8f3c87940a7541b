"""Change a job after its submit: check that it can change, and that the cluster applied the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.jobs import change_requests, find
from arena.errors import Conflict, MissingOperator, aimed
from arena.kinds.kind import Kind, Modification
from arena.model.jobs import Job, Phase
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
Unchanged = Callable[[Job], None]
"""Called with a job that already is in the requested state, so that nothing was sent."""


def ignore(found: object) -> None:
    """Ignore that no change was necessary."""


@dataclass(frozen=True, slots=True)
class Changing:
    """A job that is being changed."""

    cluster: Cluster
    kind: Kind
    resource: Resource
    obj: Object

    @property
    def job(self) -> Job:
        """The job as it was found, without its instances."""
        return self.read(self.obj)

    @property
    def aimed(self) -> str:
        """Its name and -n as words of a command line."""
        meta = self.obj["metadata"]
        return aimed(meta["name"], meta.get("namespace", ""))

    def read(self, obj: Object) -> Job:
        """Return the job for another version of its object."""
        return self.kind.read(obj, [])

    @property
    def title(self) -> str:
        """What messages call it: `tfjob "bert" in namespace "team-a"`."""
        meta = self.obj["metadata"]
        return f'{self.kind.name} "{meta["name"]}" in namespace "{meta.get("namespace", "")}"'


def find_job(session: Session, name: str, kind: Kind | str | None) -> Changing:
    """Find a job; raises as `arena.actions.jobs.find.find`."""
    cluster = session.cluster()
    return Changing(cluster, *find.find(cluster, name, session.namespace, kinds.named(kind)))


def same(job: Job, unchanged: Unchanged) -> Job:
    """Return the job, after reporting that it already is in the requested state."""
    unchanged(job)
    return job


def has(obj: Object, patch: Mapping[str, Any]) -> bool:
    """Whether a patch would leave the object unchanged; a missing boolean counts as false."""
    for key, value in patch.items():
        there = obj.get(key)
        if isinstance(value, Mapping):
            if not has(there or {}, value):
                return False
        elif there != value and not (value is False and there is None):
            return False
    return True


def check_alive(found: Changing, what: str) -> None:
    """Raise a Conflict if the job has ended or is being deleted."""
    job = found.job
    if job.phase.is_final:
        raise Conflict(
            f"{found.title} has ended ({job.phase.value}) and cannot be {what}",
            f"submit it again: arena rerun {found.aimed}",
        )
    if job.phase is Phase.STOPPING:
        raise Conflict(f"{found.title} is being deleted and cannot be {what}")


def send(found: Changing, change: Modification, what: str) -> Object:
    """Send a change and check the answer: a cluster that does not know a field may drop it silently.

    Raises:
        MissingOperator: the cluster dropped the change.
    """
    meta = found.obj["metadata"]
    if change.patch is None:
        change_requests.request(found.cluster, found.resource, found.obj, change)
        return found.obj
    now = found.cluster.patch(found.resource, meta["namespace"], meta["name"], _with_uid(change.patch, meta))
    if not has(now, change.patch):
        kind = found.resource.kind
        raise MissingOperator(
            f"{found.cluster.name} ignored the change: its {kind} is too old to {what}",
            "update its operator",
        )
    return now


def _with_uid(patch: Mapping[str, Any], meta: Object) -> Object:
    """The patch, with a uid, so that it conflicts if another object has taken the name."""
    return {**patch, "metadata": {**patch.get("metadata", {}), "uid": meta["uid"]}}
