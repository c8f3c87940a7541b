"""What the queue of a job does with it: its place, the quota, and when it will likely start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from arena import units
from arena.actions import readings
from arena.actions.diagnosis.explainers.kueue import WORKLOADS, waiting
from arena.actions.served import preferred
from arena.actions.submit.queues import QUEUES
from arena.errors import ArenaError, NotFound
from arena.kinds.training.base.queues import KUEUE, VOLCANO
from arena.model.fits import Forecast
from arena.model.partial import Unread
from arena.resources import LOCAL_QUEUES, POD_GROUPS, Resource
from arena.scheduling import amounts, forecasts
from arena.scheduling.forecasts import Line, Run
from arena.values import frozen, replace

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
Amounts = Mapping[str, int]
CLUSTER_QUEUES = Resource("kueue.x-k8s.io", "v1beta2", "clusterqueues", False, kind="ClusterQueue")
FLAVORS = Resource("kueue.x-k8s.io", "v1beta2", "resourceflavors", False, kind="ResourceFlavor")
QUOTA = "the quota of the queue is unknown"


@frozen
class Queued:
    """What is known of the queue of a job."""

    forecast: Forecast
    selector: Mapping[str, str]
    """Labels of the nodes that the queue gives it."""
    unread: tuple[Unread, ...] = ()


def queued(
    cluster: Cluster, namespace: str, system: str, name: str, wants: Amounts, now: datetime
) -> Queued | None:
    """Read the queue of a job; None if the cluster does not have the system.

    Args:
        wants: what all pods of the job request together.
    """
    if system == VOLCANO:
        return _volcano(cluster, namespace, name, wants)
    kind = preferred(cluster, LOCAL_QUEUES)
    if kind is None:
        return None
    blank = Forecast(queue=name, system=KUEUE)
    try:
        local = cluster.get(kind, namespace, name)
    except NotFound:
        blank = replace(blank, room=False, reasons=(f'namespace "{namespace}" has no such queue',))
        return Queued(forecast=blank, selector={})
    except ArenaError as error:
        return Queued(forecast=blank, selector={}, unread=(readings.unread(kind, error, QUOTA),))
    return _Kueue(cluster, blank, local, wants, now).read()


class _Kueue:
    """Reads a queue of Kueue."""

    def __init__(
        self, cluster: Cluster, blank: Forecast, local: Object, wants: Amounts, now: datetime
    ) -> None:
        self._cluster = cluster
        self._blank = blank
        self._local = local
        self._wants = wants
        self._now = now
        self._unread: list[Unread] = []

    def read(self) -> Queued:
        own = (self._local.get("spec") or {}).get("clusterQueue") or ""
        found = self._get(CLUSTER_QUEUES, own)
        workloads = self._workloads()
        pending = [
            one for one in map(waiting, workloads) if one.pending and one.queue[1] == self._blank.queue
        ]
        status = self._local.get("status") or {}
        # The queue counts also what this user may not read.
        ahead = max(len(pending), int(status.get("pendingWorkloads") or 0))
        forecast = replace(self._blank, ahead=ahead)
        stops = [(one.get("spec") or {}).get("stopPolicy") for one in (self._local, found or {})]
        if any(one not in (None, "None") for one in stops):
            forecast = replace(forecast, room=False, reasons=("the queue is stopped",))
            return Queued(forecast=forecast, selector={}, unread=tuple(self._unread))
        if found is None:
            return Queued(forecast=forecast, selector={}, unread=tuple(self._unread))
        return self._judged(forecast, found, workloads, {one.name for one in pending})

    def _get(self, resource: Resource, name: str) -> Object | None:
        try:
            kind = preferred(self._cluster, resource) or resource
            return self._cluster.get(kind, None, name)
        except ArenaError as error:
            self._unread.append(readings.unread(resource, error, QUOTA))
            return None

    def _workloads(self) -> list[Object]:
        kind = preferred(self._cluster, WORKLOADS) or WORKLOADS
        try:
            return list(self._cluster.list(kind, self._local["metadata"]["namespace"]))
        except ArenaError as error:
            self._unread.append(readings.unread(kind, error, "earlier jobs of the queue are unknown"))
            return []

    def _judged(
        self, forecast: Forecast, queue: Object, workloads: Sequence[Object], pending: set[str]
    ) -> Queued:
        flavor, free, nominal = _flavor(queue, self._wants)
        uncovered = [name for name, amount in self._wants.items() if amount and name not in nominal]
        line = Line(
            free=free,
            ahead=[_requests(one) for one in workloads if one["metadata"]["name"] in pending],
            runs=[one for one in map(_run, workloads) if one],
            durations=[one for one in map(_duration, workloads) if one is not None],
        )
        spec = queue.get("spec") or {}
        enough = all(amount <= free.get(name, 0) for name, amount in self._wants.items() if amount)
        held = spec.get("queueingStrategy") == "StrictFIFO" and forecast.ahead > 0
        room = enough and not held
        reasons = [*_quota(self._wants, free, nominal, flavor)]
        reasons += [f"the queue covers no {name}" for name in uncovered]
        reasons += ["its queue is StrictFIFO: jobs ahead start first"] * held
        never = uncovered or [name for name in nominal if self._wants.get(name, 0) > nominal[name]]
        if cohort := spec.get("cohortName") or spec.get("cohort"):
            reasons += [f"it may also borrow from cohort {cohort}, which is not considered"] * (not enough)
        begins, hidden = None, forecast.ahead > len(pending)
        # Where the quota has room for all, nobody knows what keeps those ahead.
        if not room and not never and not forecasts.has_room(line, self._wants):
            times = None if hidden else forecasts.start(line, self._wants, self._now)
            begins = times[1] if times else None
            reasons += _basis(line, times, self._now, hidden=hidden)
        made = replace(forecast, room=room, start=begins, reasons=tuple(reasons))
        return Queued(forecast=made, selector=self._labels(flavor), unread=tuple(self._unread))

    def _labels(self, flavor: str) -> Mapping[str, str]:
        found = self._get(FLAVORS, flavor) if flavor else None
        labels: Mapping[str, str] = ((found or {}).get("spec") or {}).get("nodeLabels") or {}
        return labels


def _flavor(queue: Object, wants: Amounts) -> tuple[str, dict[str, int], dict[str, int]]:
    """The first flavor with room for a job, else the largest; with what is free of it, and its quota."""
    used = {
        (one.get("name"), each.get("name")): str(each.get("total") or 0)
        for one in (queue.get("status") or {}).get("flavorsReservation")
        or (queue.get("status") or {}).get("flavorsUsage")
        or ()
        for each in one.get("resources") or ()
    }
    best: tuple[str, dict[str, int], dict[str, int]] = ("", {}, {})
    for group in (queue.get("spec") or {}).get("resourceGroups") or ():
        for flavor in group.get("flavors") or ():
            name = flavor.get("name") or ""
            nominal = {
                one["name"]: amounts.whole(one["name"], str(one.get("nominalQuota") or 0))
                for one in flavor.get("resources") or ()
            }
            free = {key: one - amounts.whole(key, used.get((name, key), "0")) for key, one in nominal.items()}
            if all(amount <= free.get(key, 0) for key, amount in wants.items() if amount):
                return name, free, nominal
            if sum(nominal.get(key, 0) for key in wants) >= sum(best[2].get(key, 0) for key in wants):
                best = name, free, nominal
    return best


def _requests(workload: Object) -> dict[str, int]:
    """What all pods of a Workload request together."""
    sets = (workload.get("spec") or {}).get("podSets") or ()
    return total(
        (amounts.requested((one.get("template") or {}).get("spec") or {}), one.get("count") or 0)
        for one in sets
    )


def _times(workload: Object) -> dict[str, datetime | None]:
    """When each condition of a Workload that is true came true."""
    return {
        one.get("type", ""): units.when(one.get("lastTransitionTime"))
        for one in (workload.get("status") or {}).get("conditions") or ()
        if one.get("status") == "True"
    }


def _run(workload: Object) -> Run | None:
    times = _times(workload)
    began = times.get("Admitted") or times.get("QuotaReserved")
    return Run(_requests(workload), began) if began and "Finished" not in times else None


def _duration(workload: Object) -> float | None:
    times = _times(workload)
    began, ended = times.get("Admitted"), times.get("Finished")
    return (ended - began).total_seconds() if began and ended and ended > began else None


def _quota(wants: Amounts, free: Amounts, nominal: Amounts, flavor: str) -> Iterator[str]:
    for name, amount in wants.items():
        if amount and name in nominal and amount > free[name]:
            needed, left = amounts.text(name, amount), amounts.text(name, max(free[name], 0))
            whole = amounts.text(name, nominal[name])
            yield f"it needs {needed} {name} of {flavor}, and {left} of {whole} are free"


def _basis(
    line: Line, times: tuple[datetime, datetime, datetime] | None, now: datetime, *, hidden: bool
) -> Iterator[str]:
    """What an estimate is based on, or why there is none."""
    if hidden:
        yield "no estimate: jobs of other namespaces wait, too, which cannot be seen"
    elif times is None and (known := len(line.durations)) < forecasts.ENOUGH:
        yield f"no estimate: only {known} earlier job{'s' * (known != 1)} of the queue ended, too few to tell"
    elif times is None:
        yield "no estimate: what holds the quota has run longer than all earlier jobs, or cannot be seen"
    else:
        early, late = (units.age((one - now).total_seconds()) for one in (times[0], times[2]))
        yield f"in {early} to {late}, if jobs take as long as the {len(line.durations)} that ended before"


def _volcano(cluster: Cluster, namespace: str, name: str, wants: Amounts) -> Queued | None:
    kind = preferred(cluster, QUEUES)
    if kind is None:
        return None
    blank = Forecast(queue=name, system=VOLCANO)
    unread: list[Unread] = []
    room: bool | None = None
    reasons: list[str] = []
    try:
        queue = cluster.get(kind, None, name)
        room, reasons = _of_volcano(queue, wants)
    except NotFound:
        room, reasons = False, ["the cluster has no such queue"]
    except ArenaError as error:
        unread.append(readings.unread(kind, error, QUOTA))
    ahead = 0
    try:
        groups = list(cluster.list(preferred(cluster, POD_GROUPS) or POD_GROUPS, namespace))
        ahead = sum(_waits(one, name) for one in groups)
    except ArenaError as error:
        unread.append(readings.unread(POD_GROUPS, error, "jobs that wait in the queue are unknown"))
    return Queued(
        forecast=replace(blank, ahead=ahead, room=room, reasons=tuple(reasons)),
        selector={},
        unread=tuple(unread),
    )


def _of_volcano(queue: Object, wants: Amounts) -> tuple[bool, list[str]]:
    spec, status = queue.get("spec") or {}, queue.get("status") or {}
    if status.get("state", "Open") != "Open":
        return False, [f"the queue is {status['state']}"]
    limits = amounts.amounts(spec.get("capability"))
    used = amounts.amounts(status.get("allocated"))
    free = {name: limit - used.get(name, 0) for name, limit in limits.items()}
    reasons = list(_quota(wants, free, limits, "the queue"))
    return not reasons, reasons


def _waits(group: Object, queue: str) -> bool:
    phase = (group.get("status") or {}).get("phase")
    return (group.get("spec") or {}).get("queue") == queue and phase in ("Pending", "Inqueue")


def total(several: Iterable[tuple[Amounts, int]]) -> dict[str, int]:
    """What pods request together, each kind of them a number of times."""
    return amounts.total({name: count * one for name, one in wants.items()} for wants, count in several)
