"""Waiting for jobs: what they are waited for, and how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena.actions import events, training
from arena.actions.watching import Source, Watching
from arena.errors import ArenaError, JobFailed, NotFound, SpecError, TimedOut, aimed
from arena.kinds.kind import Kind
from arena.model import Job, Phase
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a job is waited for; none of these: its end."""

    phase: Phase | None = None
    condition: str = ""
    value: str = "True"
    """Of the condition: as Kubernetes has it, True, False or Unknown."""
    gone: bool = False
    within: float | None = None
    """Seconds that all together may take; None: any."""

    @property
    def is_end(self) -> bool:
        """Whether it is the end, good or bad."""
        return not (self.phase or self.condition or self.gone)

    def is_reached(self, obj: Object, job: Job) -> bool:
        """Whether the job, which is still there, is as far as that."""
        if self.gone:
            return False
        if self.condition:
            return any(map(self._is_meant, (obj.get("status") or {}).get("conditions") or ()))
        if self.is_end:
            return job.phase.is_final
        # Who waits for a job to run need not be quicker than a short one.
        passed = self.phase is Phase.RUNNING and job.phase is Phase.SUCCEEDED
        return job.phase is self.phase or passed

    def _is_meant(self, condition: Object) -> bool:
        """Whether it is the condition that is waited for, with its value; in any case, as kubectl has it."""
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
    """A job when the wait for it was over."""

    job: Job
    reached: bool
    """Whether it came as far as it was waited for, rather than ended otherwise."""


END = Goal()
"""Success or failure."""


def goal(text: str) -> Goal:
    """What `--for` says: `phase=RUNNING`, `condition=Created`, `condition=Ready=False` or `deleted`.

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
            f'--for: "{text}" is nothing to wait for',
            f"write phase=PHASE with one of {known}, condition=TYPE, condition=TYPE=False, or deleted",
        )
    return Goal(phase=phases[word])


def wait(
    cluster: Cluster,
    names: Sequence[str],
    namespace: str,
    *,
    kind: Kind | None = None,
    until: Goal = END,
    progress: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> list[Waited]:
    """Wait until every one of the jobs is as far as that, or has ended otherwise; each as it then was.

    Jobs that are waited for to be deleted and are not there are left out.

    Args:
        progress: called with all jobs after every change and every second.

    Raises:
        TimedOut: it took longer.
        NotFound: one does not exist, or was deleted meanwhile.
    """
    waits = _Waits(cluster, namespace, until, _find(cluster, names, namespace, kind, until))
    if not waits.jobs:
        return []
    with Watching(cluster, waits.sources) as watching:
        while waits.look(watching):
            progress(waits.jobs)
            waits.check_time()
            watching.wait(training.TICK)
        progress(waits.jobs)
    return [Waited(job, number in waits.reached) for number, job in enumerate(waits.jobs)]


Found = tuple[Kind, Resource, Object]


def _find(
    cluster: Cluster, names: Sequence[str], namespace: str, kind: Kind | None, until: Goal
) -> list[Found]:
    found = []
    for name in names:
        try:
            found.append(training.find(cluster, name, namespace, kind))
        except NotFound:
            if not until.gone:
                raise
    return found


class _Waits:
    """How far some jobs are."""

    def __init__(self, cluster: Cluster, namespace: str, until: Goal, found: Sequence[Found]) -> None:
        self._explain = events.Explained(cluster, namespace)
        self._namespace = namespace
        self._until = until
        self._deadline = inf if until.within is None else monotonic() + until.within
        self._found = found
        self._open = set(range(len(found)))
        self.reached: set[int] = set()
        self.jobs = [kind.read(obj, []) for kind, _, obj in found]

    @property
    def sources(self) -> list[Source]:
        """Two for each job: its object, its pods."""
        return [
            source
            for kind, resource, obj in self._found
            for source in (
                Source(resource, self._namespace, fields=f"metadata.name={obj['metadata']['name']}"),
                Source(PODS, self._namespace, labels=training.pod_selector(kind, obj)),
            )
        ]

    def look(self, watching: Watching) -> bool:
        """Take in how the jobs are now; whether there is one still to wait for."""
        there = {number: self._there(watching, number) for number in sorted(self._open)}
        for number in (number for number, obj in there.items() if obj is None):
            self._miss(number)
        left = [(number, obj) for number, obj in there.items() if obj is not None]
        read = [self._found[number][0].read(obj, watching.objects(2 * number + 1)) for number, obj in left]
        for (number, obj), job in zip(left, self._explain(read), strict=True):
            self.jobs[number] = job
            if self._until.is_reached(obj, job):
                self.reached.add(number)
            if number in self.reached or (job.phase.is_final and not self._until.gone):
                self._open.discard(number)
        return bool(self._open)

    def _there(self, watching: Watching, number: int) -> Object | None:
        """The very job as it is now; None where it is gone."""
        uid = self._found[number][2]["metadata"]["uid"]
        return next((one for one in watching.objects(2 * number) if one["metadata"]["uid"] == uid), None)

    def _miss(self, number: int) -> None:
        if not self._until.gone:
            name = self.jobs[number].name
            raise NotFound(f'job "{name}" was deleted in namespace "{self._namespace}" meanwhile')
        self.reached.add(number)
        self._open.discard(number)

    def check_time(self) -> None:
        """Raise TimedOut, which says what those that are waited for still are, where the time is over."""
        if monotonic() <= self._deadline:
            return
        late = [self.jobs[number] for number in sorted(self._open)]
        told = ", ".join(f'job "{job.name}" is still {job.phase.value}' for job in late)
        first = aimed(late[0].name, self._namespace)
        raise TimedOut(f"{told} after {self._until.within:g}s", f"arena get {first} -e shows why")


def judged(one: Waited, until: Goal = END) -> Job:
    """The job, where it came as far as it was waited for; without a goal, where it succeeded.

    Raises:
        JobFailed: it failed instead.
        ArenaError: it ended otherwise, and so never will.
    """
    if not one.reached or until.is_end:
        succeeded(one.job)
    if not one.reached:
        raise ArenaError(f'job "{one.job.name}" ended {one.job.phase.value} without {until}')
    return one.job


def succeeded(job: Job) -> Job:
    """The job back, where it did not fail.

    Raises:
        JobFailed: it did, and why.
    """
    if job.phase is Phase.FAILED:
        reason = f": {job.reason}" if job.reason else ""
        kept = "none of its instances is left; submit it with --logs to see their output while they run"
        hint = f"arena logs {aimed(job.name, job.namespace)} shows its output" if job.instances else kept
        raise JobFailed(f'job "{job.name}" failed{reason}', hint)
    return job
