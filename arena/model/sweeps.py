"""Sweeps: searches for good hyperparameters, their trials, and which of these are the best."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from arena.model.findings import Finding
from arena.model.jobs import Job, Phase
from arena.model.partial import Unread
from arena.search.assignments import Value
from arena.search.parameters import Parameter
from arena.tuples import NamedTuple
from arena.values import field, frozen

STOPPED = "STOPPED"
"""The status of a trial that was ended before its end."""


class Point(NamedTuple):
    """One value of a metric, as a trial reported it while it ran."""

    metric: str
    step: int
    """The number of the report, counted from 0."""
    value: float


@frozen
class Goal:
    """A metric that a sweep optimizes."""

    metric: str
    maximize: bool = True
    goal: float | None = None
    """The value at which the sweep ends; None if it ends by its number of trials."""

    def loss(self, value: float) -> float:
        """The value as a number of which less is better."""
        return -value if self.maximize else value


@frozen
class Trial:
    """One job of a sweep, with the values that it tried and what it achieved."""

    name: str
    namespace: str
    number: int
    """Its place in the order of creation, counted from 1."""
    phase: Phase
    assignments: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The result of each metric: its best value if the sweep does not say otherwise."""
    points: tuple[Point, ...] = ()
    """All values while it ran, in their order; empty if the cluster does not keep them."""
    job: str = ""
    """The name of its job."""
    kind: str = ""
    """The kind of its job; "" if arena does not know it."""
    reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    stopped: bool = False
    """Whether early stopping or a user ended it before its end."""

    @property
    def status(self) -> str:
        """`STOPPED` if it was ended before its end, otherwise its phase."""
        return STOPPED if self.stopped else self.phase.value

    @property
    def succeeded(self) -> bool:
        """Whether its results count; those of a trial that was stopped early do."""
        return self.phase is Phase.SUCCEEDED

    def duration(self, now: datetime) -> timedelta:
        """The time from its start to its end, or to `now` if it has not ended."""
        return (self.ended or now) - self.started if self.started else timedelta(0)

    def losses(self, objectives: tuple[Goal, ...]) -> tuple[float, ...]:
        """One finite number for each objective, of which less is better; () if one is missing."""
        found = tuple(one.loss(self.metrics.get(one.metric, math.nan)) for one in objectives)
        return found if all(map(math.isfinite, found)) else ()


class Counts(NamedTuple):
    """The number of trials of a sweep in each state."""

    waiting: int = 0
    running: int = 0
    succeeded: int = 0
    stopped: int = 0
    failed: int = 0

    @property
    def ended(self) -> int:
        """The number of trials that have ended."""
        return self.succeeded + self.stopped + self.failed


class Budget(NamedTuple):
    """What a sweep may use beyond its number of trials; None for no limit."""

    seconds: int | None = None
    """The time from its creation after which it ends."""
    gpu_hours: float | None = None
    """The GPU hours after which no more trials begin."""
    gpu_hours_ended: float = 0.0
    """Those that were used by the trials with a result."""
    others: tuple[Job, ...] = ()
    """The jobs of the trials without a result."""

    def gpu_hours_used(self, now: datetime) -> float:
        """By all trials, those that are running included."""
        return self.gpu_hours_ended + sum(one.gpu_hours(now) for one in self.others)


class Why(NamedTuple):
    """What is known of why a sweep or a trial is in its state."""

    subject: str
    """`sweep digits` or `trial 4 (digits-0a1b2c3d)`."""
    status: str
    findings: tuple[Finding, ...]


@frozen
class Sweep:
    """A search for good hyperparameters, whichever tool started it."""

    name: str
    namespace: str
    engine: str
    """What runs it: `katib`, or `foreground` for a process of the user."""
    kind: str
    """The kind of its jobs; "" if arena does not know it."""
    algorithm: str
    objectives: tuple[Goal, ...]
    """The metrics that it optimizes, the first one first."""
    parameters: tuple[Parameter, ...]
    phase: Phase
    max_trials: int | None = None
    """The number of trials after which it ends; None if it has no such limit."""
    parallel: int = 1
    """The number of trials that run at the same time."""
    trials: tuple[Trial, ...] = ()
    """Its trials in the order of creation."""
    imported: tuple[Trial, ...] = ()
    """Jobs that the search knows as if they were trials; they have no numbers, and count for no limit."""
    reason: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    ours: bool = False
    """Whether arena started it."""
    uid: str = ""
    type: str = ""
    """The Kubernetes name of the kind: `PyTorchJob`."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The settings of the algorithm."""
    constraints: tuple[str, ...] = ()
    early_stopping: str = ""
    """The rule that ends bad trials early; "" for none."""
    early_stop_settings: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = Budget()
    importance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Metric -> parameter -> its share, from 0 to 1; a metric of which too little is known is missing."""
    max_failed: int | None = None
    """The number of failed trials after which it fails; None if it has no such limit."""
    metrics: tuple[str, ...] = ()
    """Further metrics that it records."""
    submitter: str = ""
    unread: tuple[Unread, ...] = ()
    """What could not be read of the sweep, such as its trials."""

    def best(self) -> Trial | None:
        """The trial that succeeded with the best value of the first objective; None if none has one.

        A trial that was stopped early has succeeded.
        """
        scored = [(one.losses(self.objectives[:1]), one) for one in self.trials if one.succeeded]
        known = [(loss, one.number, one) for loss, one in scored if loss]
        return min(known, key=lambda each: each[:2])[2] if known else None

    def front(self) -> tuple[Trial, ...]:
        """The succeeded trials than which no other is as good in all objectives and better in one."""
        scored = [(one.losses(self.objectives), one) for one in self.trials if one.succeeded]
        known = [(losses, one) for losses, one in scored if losses]
        return tuple(one for losses, one in known if not any(_dominates(other, losses) for other, _ in known))

    def marked(self) -> tuple[Trial, ...]:
        """The trials that are worth choosing from: the best one, or with several objectives the front."""
        if len(self.objectives) > 1 and (front := self.front()):
            return front
        best = self.best()
        return (best,) if best else ()

    def counts(self) -> Counts:
        """The number of trials in each state."""
        found = [_state(one) for one in self.trials]
        return Counts(*map(found.count, Counts._fields))

    def ranked(self) -> tuple[Trial, ...]:
        """The trials, the best values of the first objective first; then those that have not succeeded."""

        def rank(one: Trial) -> tuple[bool, bool, tuple[float, ...], int]:
            losses = one.losses(self.objectives[:1]) if one.succeeded else ()
            return not losses, one.phase.is_final, losses, one.number

        return tuple(sorted(self.trials, key=rank))

    def trial(self, word: str) -> Trial | None:
        """The trial of that number or name, or the end of its name; None if there is none."""
        for one in self.trials:
            if word in (one.name, str(one.number), one.name.removeprefix(f"{self.name}-")):
                return one
        return None

    def duration(self, now: datetime) -> timedelta:
        """The time from its creation to its end, or to `now` if it has not ended."""
        return (self.ended or now) - self.created if self.created else timedelta(0)


class Contender(NamedTuple):
    """A trial that is compared with others, and its sweep."""

    sweep: Sweep
    trial: Trial | None
    """None if the best one of the sweep is not known yet."""


def _state(one: Trial) -> str:
    """The field of Counts that a trial counts in."""
    if one.stopped:
        return "stopped"
    known = {Phase.SUCCEEDED: "succeeded", Phase.FAILED: "failed", Phase.PENDING: "waiting"}
    known |= {Phase.QUEUING: "waiting", Phase.SUSPENDED: "waiting"}
    return known.get(one.phase, "running")


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether losses are at most the others', and one is less."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
