"""The nouns of arena: frozen values that actions return, views show and JSON output is made of.

Jobs and what belongs to them; what a cluster has besides them is in `inventory.py`. No Kubernetes words
beyond name, namespace and uid, and no I/O. Times are aware datetimes; what depends on the present is a
method that takes `now`. Changing a field is changing an API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple


class Phase(str, Enum):
    """Where a job is in its life."""

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
        """Whether a job in this phase never leaves it."""
        return self in (Phase.SUCCEEDED, Phase.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of an instance and how it stands."""

    name: str
    ready: bool = False
    restarts: int = 0
    reason: str = ""
    """Why it waits or how it ended: `ImagePullBackOff`, `Error`, `OOMKilled`, `Completed`."""
    message: str = ""
    exit_code: int | None = None
    started: datetime | None = None
    finished: datetime | None = None
    init: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One pod of a job."""

    name: str
    namespace: str
    uid: str = ""
    status: str = ""
    """In kubectl's words: `Running`, `Pending`, `Completed`, `Init:0/1`, `CrashLoopBackOff`."""
    phase: str = ""
    """The pod's own phase: Pending, Running, Succeeded, Failed or Unknown."""
    reason: str = ""
    message: str = ""
    role: str = ""
    index: int = 0
    chief: bool = False
    node: str = ""
    node_ip: str = ""
    ip: str = ""
    gpus: int = 0
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    containers: tuple[Container, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether it runs and every container of it is ready."""
        return self.phase == "Running" and all(one.ready for one in self.containers if not one.init)

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.phase in ("Succeeded", "Failed")

    def age(self, now: datetime) -> timedelta:
        """How long it has existed."""
        return now - self.created if self.created else timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of one resource the jobs of a queue hold."""

    flavor: str
    resource: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue that a job waits in or came from."""

    name: str
    system: str
    """`kueue` or `volcano`."""
    position: int = 0
    """The job's place among those that wait, counted from 1; 0: it does not wait, or nobody tells."""
    waiting: int = 0
    """How many jobs wait in it; 0 where nobody tells."""
    usage: tuple[Usage, ...] = ()

    @property
    def place(self) -> str:
        """As people say it: `position 3 of 7`; "" where nobody tells."""
        of_all = f" of {self.waiting}" if self.waiting >= self.position else ""
        return f"position {self.position}{of_all}" if self.position else ""


class Model(NamedTuple):
    """What the result of a job is to be registered as."""

    name: str = ""
    version: str = ""
    source: str = ""


NO_MODEL = Model()


class Code(NamedTuple):
    """Which code a job was submitted with: the digest of its files, and where in Git they are from."""

    digest: str
    commit: str = ""
    branch: str = ""
    remote: str = ""
    changed: str = ""
    """How many files differed from the commit; "" where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A training job of any kind, ours or somebody else's."""

    name: str
    namespace: str
    kind: str
    """The kind's name: `tfjob`, `pytorchjob`, `mpijob`, `horovodjob`."""
    phase: Phase
    reason: str = ""
    """Why it is in that phase, in a few words: `ImagePullBackOff on worker-1`."""
    uid: str = ""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    instances: tuple[Instance, ...] = ()
    wanted: int = 0
    """How many instances the job asks for; fewer exist while it starts, or where a quota refuses some."""
    gpus: int = 0
    """GPUs the job asks for in all."""
    priority: str = ""
    queue: Queue | None = None
    """None where it names no queue."""
    model: Model = NO_MODEL
    code: Code | None = None
    """None where it was submitted without its code."""
    submitter: str = ""
    managed: bool = False
    """Whether arena made it."""
    tensorboard: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def chief(self) -> Instance | None:
        """The instance whose end is the job's end, where it exists."""
        return next((one for one in self.instances if one.chief), None)

    @property
    def gpus_allocated(self) -> int:
        """GPUs held now: those of pods that are placed on a node and have not ended."""
        return sum(one.gpus for one in self.instances if one.node and not one.is_final)

    @property
    def ready(self) -> int:
        """How many instances run and are ready."""
        return sum(one.is_ready for one in self.instances)

    def duration(self, now: datetime) -> timedelta:
        """From start (or creation) to end, or to `now` while it lives."""
        start = self.started or self.created
        return (self.finished or now) - start if start else timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One of the jobs that a schedule has started."""

    name: str
    phase: Phase
    reason: str = ""
    created: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A job that is submitted again and again on a schedule: `active` of its runs go on."""

    name: str
    namespace: str
    uid: str = ""
    kind: str = ""
    """The kind of its jobs; "" where it is none that arena knows."""
    type: str = ""
    """The cluster's word for that kind: `TFJob`."""
    group: str = ""
    schedule: str = ""
    timezone: str = ""
    """"" where it is that of the cluster."""
    suspended: bool = False
    policy: str = "Allow"
    deadline: datetime | None = None
    history_limit: int | None = None
    active: int = 0
    created: datetime | None = None
    last: datetime | None = None
    submitter: str = ""
    managed: bool = False
    runs: tuple[Run, ...] = ()
    """The newest first; only where they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A job that evaluates a model."""

    job: Job
    model: str = ""
    version: str = ""
    model_path: str = ""
    dataset_path: str = ""
    metrics_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something the cluster remarked on an object."""

    subject: str
    """`pod/bert-worker-0`, `tfjob/bert`."""
    type: str
    reason: str
    message: str
    count: int = 1
    last: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which two jobs differ; None where one of them does not say."""

    what: str
    """An option such as `workers` or `env.LR`, a path below `spec`, `kind`, or `status`."""
    left: str | None
    right: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of one instance's output."""

    instance: str
    container: str
    text: str
    stamp: str = ""
    """The cluster's own RFC 3339 stamp, nanoseconds included; "" where none was asked for."""
