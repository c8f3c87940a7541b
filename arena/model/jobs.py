"""Training jobs, with their phase, queue, model and code."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from arena.model.findings import NO_INSTANCES, STILL_RUNNING, Finding
from arena.model.instances import Instance
from arena.model.partial import Unread
from arena.model.progress import Progress
from arena.tuples import NamedTuple
from arena.values import field, frozen, replace


class Phase(str, Enum):
    """A phase in the life of a job."""

    QUEUING = "QUEUING"
    SUSPENDED = "SUSPENDED"
    PENDING = "PENDING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    RESTARTING = "RESTARTING"
    SCALING = "SCALING"
    STOPPING = "STOPPING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_final(self) -> bool:
        """Whether this phase is the last: the job never leaves it."""
        return self in _FINAL

    @property
    def is_held(self) -> bool:
        """Whether a queue or a user holds the job, so that it has no instances but ending ones."""
        return self in _HELD


_FINAL = (Phase.SUCCEEDED, Phase.FAILED)
_HELD = (Phase.QUEUING, Phase.SUSPENDED)


@frozen
class Usage:
    """The amount of one resource that the jobs of a queue hold."""

    flavor: str
    resource: str
    total: str


@frozen
class Queue:
    """The queue that a job waits in, or that admitted it."""

    name: str
    system: str
    """`kueue` or `volcano`."""
    position: int = 0
    """Position of the job in the queue, counted from 1; 0 if it does not wait or is unknown."""
    waiting: int = 0
    """The number of jobs that wait in the queue; 0 if unknown."""
    usage: tuple[Usage, ...] = ()

    @property
    def place(self) -> str:
        """The position as text, `position 3 of 7`; "" if it is unknown."""
        of_all = f" of {self.waiting}" if self.waiting >= self.position else ""
        return f"position {self.position}{of_all}" if self.position else ""


class Model(NamedTuple):
    """The name under which the result of a job will be registered as a model."""

    name: str = ""
    version: str = ""
    source: str = ""


NO_MODEL = Model()


class Code(NamedTuple):
    """The code that a job was submitted with: the digest of its files, and their origin in Git."""

    digest: str
    commit: str = ""
    branch: str = ""
    remote: str = ""
    changed: str = ""
    """The number of files that differed from the commit; "" if none did."""


@frozen
class Job:
    """A training job of any kind, whichever tool created it."""

    name: str
    namespace: str
    kind: str
    """The name of the kind: `tfjob`, `pytorchjob`, `mpijob`, `horovodjob`."""
    phase: Phase
    findings: tuple[Finding, ...] = ()
    """Why it is in that phase, the most specific cause first."""
    uid: str = ""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    instances: tuple[Instance, ...] = ()
    wanted: int = 0
    """The number of instances that the job requests; fewer exist while it starts or a quota refuses some."""
    gpus: int = 0
    """The number of GPUs that all instances together request."""
    priority: str = ""
    queue: Queue | None = None
    """None if the job names no queue."""
    model: Model = NO_MODEL
    code: Code | None = None
    """None if the job was submitted without its code."""
    submitter: str = ""
    managed: bool = False
    """Whether arena created or adopted the job."""
    tensorboard: str = ""
    progress: Progress | None = None
    """How far it is; None if it was not looked for, or its output does not tell."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    """What could not be read of the job, such as its pods."""

    @property
    def reason(self) -> str:
        """Why it is in its phase, such as `ImagePullBackOff on worker-1`: the cause of its first finding.

        For a job that has ended, it also names instances that still run.
        """
        causes = [one.cause for one in self.findings[:1]]
        causes += [one.cause for one in self.findings[1:] if one.id == STILL_RUNNING]
        return "; ".join(causes)

    @property
    def error(self) -> str:
        """The line of a failed instance's output that looks like an error; "" unless its log was read."""
        evidence = (shown for one in self.findings for shown in one.evidence)
        return next((shown.text for shown in evidence if shown.kind == "log"), "")

    def finding(self, id: str) -> Finding | None:
        """The finding with that id, if there is one."""
        return next((one for one in self.findings if one.id == id), None)

    def explained(self, finding: Finding, **changes: Any) -> "Job":
        """The job with a finding before all others, in place of an earlier one with the same id.

        Args:
            changes: other fields that differ with it.
        """
        others = [one for one in self.findings if one.id != finding.id]
        return replace(self, findings=(finding, *others), **changes)

    def unseen(self, *unread: Unread) -> "Job":
        """The job as its own object shows it, since its pods could not be read."""
        findings = tuple(one for one in self.findings if one.id != NO_INSTANCES)
        return replace(self, findings=findings, unread=(*self.unread, *unread))

    @property
    def is_unseen(self) -> bool:
        """Whether its pods could not be read, so that nothing is known of its instances."""
        return any(one.what == "pods" for one in self.unread)

    @property
    def chief(self) -> Instance | None:
        """The instance that ends the job when it ends; None if it does not exist."""
        return next((one for one in self.instances if one.chief), None)

    @property
    def gpus_allocated(self) -> int:
        """The number of GPUs that pods hold now: those on a node that have not ended."""
        return sum(one.gpus for one in self.instances if one.node and not one.is_final)

    @property
    def survivors(self) -> tuple[Instance, ...]:
        """The instances that still run after the end of the job, and hold their resources."""
        return tuple(one for one in self.instances if one.holds) if self.phase.is_final else ()

    @property
    def is_well(self) -> bool:
        """Whether it neither waits nor fails, and leaves nothing behind, so that nothing needs explaining."""
        if self.findings or self.unread or self.survivors:
            return False
        complete = self.phase is Phase.RUNNING and len(self.instances) >= self.wanted
        return complete or self.phase is Phase.SUCCEEDED

    @property
    def ready(self) -> int:
        """The number of instances that are running and ready; those of a held job are of its last run."""
        return 0 if self.phase.is_held else sum(one.is_ready for one in self.instances)

    def duration(self, now: datetime) -> timedelta:
        """The time from the start (or the creation) to the end, or to `now` if the job has not ended."""
        start = self.started or self.created
        return (self.finished or now) - start if start else timedelta(0)

    def gpu_hours(self, now: datetime) -> float:
        """The hours from the start to the end, or to `now`, multiplied by the GPUs that it requests."""
        if self.started is None:
            return 0.0
        return self.gpus * max(0.0, self.duration(now).total_seconds()) / 3600
