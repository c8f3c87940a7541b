"""Wait for jobs: the state to wait for, and the time limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings
from arena.actions.diagnosis import explain
from arena.actions.diagnosis.periodic import Periodic
from arena.actions.jobs import find, lingering
from arena.actions.watches import Source, Watching
from arena.errors import ArenaError, JobFailed, NotFound, SpecError, TimedOut, aimed
from arena.kinds.kind import Kind
from arena.kinds.training.base.status import output_hint
from arena.model.findings import STILL_RUNNING
from arena.model.jobs import Job, Phase
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """The state to wait for; by default the end of the job."""

    phase: Phase | None = None
    condition: str = ""
    value: str = "True"
    """The status of the condition: True, False or Unknown."""
    gone: bool = False
    within: float | None = None
    """Time limit in seconds for all jobs together; None for no limit."""

    @property
    def is_end(self) -> bool:
        """Whether the goal is the end, as success or failure."""
        return not (self.phase or self.condition or self.gone)

    def is_reached(self, obj: Object, job: Job) -> bool:
        """Whether the job, which still exists, has reached the goal."""
        if self.gone:
            return False
        if self.condition:
            return any(map(self._is_meant, (obj.get("status") or {}).get("conditions") or ()))
        if self.is_end:
            return job.phase.is_final
        # A wait for RUNNING must not miss a short job.
        passed = self.phase is Phase.RUNNING and job.phase is Phase.SUCCEEDED
        return job.phase is self.phase or passed

    def _is_meant(self, condition: Object) -> bool:
        """Whether it is the awaited condition with the awaited value, ignoring case like kubectl."""
        told = (str(condition.get("type")).lower(), str(condition.get("status")).lower())
        return told == (self.condition.lower(), self.value.lower())

    def __str__(self) -> str:
        if self.gone:
            return "deleted"
        value = "" if self.value == "True" else f"={self.value}"
        known = f"condition={self.condition}{value}"
        return known if self.condition else f"phase={self.phase and self.phase.value}"


@dataclass(frozen=True, slots=True)
class Waited:
    """A job at the end of the wait."""

    job: Job
    reached: bool
    """Whether it reached the goal, rather than ended otherwise."""


END = Goal()
"""Success or failure."""


def goal(text: str) -> Goal:
    """Parse `--for`: `phase=RUNNING`, `condition=Created`, `condition=Ready=False` or `deleted`.

    Raises:
        SpecError: it is none of these.
    """
    key, _, value = text.partition("=")
    if key.lower() in ("delete", "deleted") and not value:
        return Goal(gone=True)
    kind, sign, wanted = value.partition("=")
    if key.lower() == "condition" and kind and (not sign or wanted.title() in ("True", "False", "Unknown")):
        return Goal(condition=kind, value=wanted.title() or "True")
    phases = {one.value: one for one in Phase}
    word = (value if key.lower() == "phase" else text).upper()
    if word not in phases:
        known = ", ".join(phases)
        raise SpecError(
            f'--for: "{text}" is not a valid state',
            f"write phase=PHASE with one of {known}, condition=TYPE, condition=TYPE=False, or deleted",
        )
    return Goal(phase=phases[word])


def wait(
    session: Session,
    name: str,
    *,
    until: str = "",
    timeout: float | None = None,
    progress: Callable[[Job], None] = lambda job: None,
    kind: Kind | str | None = None,
) -> Job:
    """Wait until a job has succeeded, or has reached the state `until`, and return it.

    Args:
        until: `phase=RUNNING`, `condition=Created` or another goal of `arena wait --for`.
        timeout: seconds; None waits without a limit.
        progress: called with the job after every change and every second.
        kind: required if several kinds have a job of that name.

    Raises:
        JobFailed: it failed.
        TimedOut: it took longer than `timeout`.
        NotFound: it does not exist, or was deleted.
        ArenaError: it ended without reaching that state.
    """
    target = replace(goal(until) if until else END, within=timeout)
    ended = wait_all(session, [name], kind=kind, until=target, progress=lambda found: progress(found[0]))
    if not ended:
        raise NotFound(f'no job "{name}" in namespace "{session.namespace}"', "it may have been deleted")
    return judged(session, ended[0], target)


def wait_all(
    session: Session,
    names: Sequence[str],
    *,
    kind: Kind | str | None = None,
    until: Goal = END,
    progress: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> list[Waited]:
    """Wait until each job has reached a state or has ended otherwise, and return the jobs as they were then.

    Waiting for the end includes waiting for the instances to end, for `lingering.patience` at most.
    With the goal `deleted`, jobs that do not exist are omitted.

    Args:
        progress: called with all jobs after every change and every second.

    Raises:
        TimedOut: it took longer than the goal allows.
        NotFound: a job does not exist, or was deleted meanwhile.
    """
    cluster, namespace = session.cluster(), session.namespace
    found = _find(cluster, names, namespace, kinds.named(kind), until)
    waits = _Waits(cluster, namespace, until, found)
    if not waits.jobs:
        return []
    with Watching(cluster, waits.sources) as watching:
        while waits.look(watching):
            progress(waits.jobs)
            waits.check_time()
            watching.wait(find.TICK)
        progress(waits.jobs)
    return [Waited(job, number in waits.reached) for number, job in enumerate(waits.jobs)]


Found = tuple[Kind, Resource, Object]


def _find(
    cluster: Cluster, names: Sequence[str], namespace: str, kind: Kind | None, until: Goal
) -> list[Found]:
    found = []
    for name in names:
        try:
            found.append(find.find(cluster, name, namespace, kind))
        except NotFound:
            if not until.gone:
                raise
    return found


class _Waits:
    """The progress of some jobs towards the goal."""

    def __init__(self, cluster: Cluster, namespace: str, until: Goal, found: Sequence[Found]) -> None:
        self._explain = Periodic(cluster, namespace)
        self._namespace = namespace
        self._until = until
        self._deadline = inf if until.within is None else monotonic() + until.within
        self._found = found
        self._open = set(range(len(found)))
        self._lingering: dict[int, float] = {}
        self.reached: set[int] = set()
        self.jobs = [kind.read(obj, []) for kind, _, obj in found]

    @property
    def sources(self) -> list[Source]:
        """Two sources for each job: its object and its pods."""
        return [
            source
            for kind, resource, obj in self._found
            for source in (
                Source(resource, self._namespace, fields=f"metadata.name={obj['metadata']['name']}"),
                Source(PODS, self._namespace, labels=find.pod_selector(kind, obj), optional=True),
            )
        ]

    def look(self, watching: Watching) -> bool:
        """Update the states of the jobs; return whether to wait any longer."""
        there = {number: self._there(watching, number) for number in sorted(self._open)}
        for number in (number for number, obj in there.items() if obj is None):
            self._miss(number)
        left = [(number, obj) for number, obj in there.items() if obj is not None]
        read = [self._read(watching, number, obj) for number, obj in left]
        for (number, obj), job in zip(left, self._explain(read), strict=True):
            self.jobs[number] = job
            if self._until.is_reached(obj, job):
                self.reached.add(number)
            over = number in self.reached or (job.phase.is_final and not self._until.gone)
            if over and not self._lingers(number):
                self._open.discard(number)
        return bool(self._open)

    def _read(self, watching: Watching, number: int, obj: Object) -> Job:
        """The job with its instances, as far as those can be watched."""
        pods = 2 * number + 1
        job = self._found[number][0].read(obj, watching.objects(pods))
        if error := watching.errors.get(pods):
            return job.unseen(readings.unread(PODS, error, readings.INSTANCES))
        return job

    def _lingers(self, number: int) -> bool:
        """Whether an ended job is still awaited, because some instances still run."""
        job = self.jobs[number]
        if not (self._until.is_end and lingering.late(job)):
            return False
        # Counted from when it was first seen, since clocks may differ.
        left = self._lingering.setdefault(number, monotonic() + lingering.patience(job))
        return monotonic() < min(left, self._deadline)

    def _there(self, watching: Watching, number: int) -> Object | None:
        """Exactly this job as it is now; None if it is gone."""
        uid = self._found[number][2]["metadata"]["uid"]
        return next((one for one in watching.objects(2 * number) if one["metadata"]["uid"] == uid), None)

    def _miss(self, number: int) -> None:
        if not self._until.gone:
            name = self.jobs[number].name
            raise NotFound(f'job "{name}" was deleted from namespace "{self._namespace}"')
        self.reached.add(number)
        self._open.discard(number)

    def check_time(self) -> None:
        """Raise TimedOut, with the states of the awaited jobs, if the time is over."""
        late = [self.jobs[number] for number in sorted(self._open - self.reached)]
        if monotonic() <= self._deadline or not late:
            return
        told = ", ".join(f'job "{job.name}" is still {job.phase.value}' for job in late)
        first = aimed(late[0].name, self._namespace)
        raise TimedOut(f"{told} after {self._until.within:g}s", f"arena get {first} -e shows why")


def judged(session: Session, one: Waited, until: Goal = END) -> Job:
    """Return the job if it reached the goal, or without a goal, if it succeeded.

    Raises:
        JobFailed: it failed instead.
        ArenaError: it ended otherwise, so it never will.
    """
    if (not one.reached or until.is_end) and one.job.phase is Phase.FAILED:
        succeeded(explain.job(session.cluster(), one.job))
    if not one.reached:
        raise ArenaError(f'job "{one.job.name}" ended {one.job.phase.value} without {until}')
    return one.job


def succeeded(job: Job) -> Job:
    """Return the job, unless it failed.

    Raises:
        JobFailed: it failed.
    """
    if job.phase is Phase.FAILED:
        reason = (f": {job.reason}" if job.reason else "") + (f"\n{job.error}" if job.error else "")
        remedies = [one.remedy for one in (job.finding(STILL_RUNNING), *job.findings) if one]
        hint = next(filter(None, remedies), output_hint(job.name, job.namespace, job.instances))
        raise JobFailed(f'job "{job.name}" failed{reason}', hint)
    return job
