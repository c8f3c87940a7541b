"""Predecessors of instances: pods that were replaced, cleaned up or evicted.

A cluster that serves PodLogs keeps the output of such pods until their job is deleted. Others answer 404 and
know only existing pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.jobs import find
from arena.errors import MissingOperator, NotAllowed, NotFound
from arena.kinds.kind import Kind
from arena.kinds.workload.instances import instance
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.resources import POD_LOGS, PODS
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster

Place = tuple[str, int] | str
"""Role and number; the name of the pod if its kind does not number them."""
ABSENT = (MissingOperator, NotFound, NotAllowed)
"""Errors of a cluster that keeps no logs: it does not know the type, or forbids reading it."""


@dataclass(frozen=True)
class History:
    """The pods that a job has had, as far as the cluster knows them.

    Attributes:
        pods: the oldest first, each with its place.
        kept: whether the cluster keeps their output; otherwise, only existing pods have theirs.
    """

    pods: tuple[tuple[Place, Instance], ...] = ()
    kept: bool = False

    def before(self, one: Instance) -> list[Instance]:
        """The predecessors of an instance, the oldest first."""
        places = ((one.role, one.index), one.name)
        there = [other for place, other in self.pods if place in places]
        uids = [other.uid for other in there]
        return there[: uids.index(one.uid)] if one.uid in uids else there

    def lost(self, instances: Iterable[Instance]) -> list[Instance]:
        """The last pod of each place that none of these instances has."""
        last = dict(self.pods)
        for one in instances:
            last.pop((one.role, one.index), None)
            last.pop(one.name, None)
        return list(last.values())


def history(cluster: Cluster, job: Job, *, there: bool = False) -> History:
    """The pods that a job has had.

    Args:
        there: whether to read the existing pods if the cluster keeps no logs.
    """
    kind = kinds.of_name(job.kind)
    if kind is None:
        return History(())
    try:
        of_job = f"job.uid={job.uid}"
        pods = [one["pod"] for one in cluster.list(POD_LOGS, job.namespace, fields=of_job)]
        return History(_placed(job, kind, pods), kept=True)
    except ABSENT:
        # A serving, which has no uid here, has no history: it shows the pods that it has.
        return History(_placed(job, kind, _pods(cluster, job, kind)) if there and job.uid else ())


def _pods(cluster: Cluster, job: Job, kind: Kind) -> list[Any]:
    try:
        _, _, obj = find.find(cluster, job.name, job.namespace, kind)
    except NotFound:
        return []
    return list(cluster.list(PODS, job.namespace, labels=find.pod_selector(kind, obj)))


def _placed(job: Job, kind: Kind, pods: Iterable[Mapping[str, Any]]) -> tuple[tuple[Place, Instance], ...]:
    """The pods that belong to the job, and not to an earlier one of its name."""
    of_job = [(instance(dict(pod), kind.conventions), pod) for pod in pods if kind.job_of(pod) == job.name]
    found = [
        (_place(job, kind, one, pod), one)
        for one, pod in of_job
        if not (job.created and one.created) or one.created >= job.created
    ]
    # The order is stable: within a second, it is the cluster's.
    return tuple(sorted(found, key=lambda item: by_age(item[1])[:2]))


def _place(job: Job, kind: Kind, one: Instance, pod: Mapping[str, Any]) -> Place:
    meta = pod["metadata"]
    marks = {**(meta.get("annotations") or {}), **(meta.get("labels") or {})}
    single = job.wanted == 1 or one.role in kind.conventions.chief_roles
    return (
        (one.role, one.index)
        if single or any(marks.get(key) for key in kind.conventions.index_labels)
        else one.name
    )
