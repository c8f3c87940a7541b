"""Timelines: which stages a job went through, and how long each took."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from arena.tuples import NamedTuple
from arena.values import frozen

QUEUED, SCHEDULING, PREPARING, PULLING, INITIALIZING, STARTING, SILENT, RUNNING = STAGES = (
    "queued",
    "scheduling",
    "preparing",
    "pulling",
    "initializing",
    "starting",
    "silent",
    "running",
)
"""In their order; `starting` stands for the three before it where no events tell them apart."""
WHAT = {
    QUEUED: "until its pods were created",
    SCHEDULING: "until the pods had nodes",
    PREPARING: "until volumes and network were ready",
    PULLING: "until the images were there",
    INITIALIZING: "until the programs started",
    STARTING: "from nodes to programs",
    SILENT: "until the first line of output",
    RUNNING: "",
}


class Milestones(NamedTuple):
    """When an instance, or all instances of a job, got that far; None if not yet, or if it is unknown."""

    created: datetime | None = None
    placed: datetime | None = None
    prepared: datetime | None = None
    pulled: datetime | None = None
    started: datetime | None = None
    spoke: datetime | None = None
    finished: datetime | None = None


class Stage(NamedTuple):
    """A part of the life of a job or an instance."""

    name: str
    began: datetime
    ended: datetime | None
    """None if it goes on."""
    last: str = ""
    """The instance that took longest, if others were much quicker."""

    def took(self, now: datetime) -> timedelta:
        """How long it took, or has taken so far."""
        return max((self.ended or now) - self.began, timedelta())


@frozen
class Timeline:
    """The stages of a job, of each of its instances, and how long stages took in earlier runs."""

    name: str
    namespace: str
    kind: str
    status: str
    reason: str
    stages: tuple[Stage, ...]
    instances: Mapping[str, tuple[Stage, ...]]
    usual: Mapping[str, timedelta]
    """Stage -> the median of earlier runs."""
    runs: tuple[str, ...]
    """The names of the earlier runs, the newest first."""


def stages(queued: datetime | None, times: Milestones) -> list[Stage]:
    """The stages between milestones; unknown milestones leave their stage out.

    Args:
        queued: when the job was created; None for an instance, which begins with its own creation.
    """
    middle = [(PREPARING, times.prepared), (PULLING, times.pulled), (INITIALIZING, times.started)]
    if times.pulled is None and times.prepared is None:
        middle = [(STARTING, times.started)]
    order = [(SCHEDULING, times.placed), *middle, (SILENT, times.spoke), (RUNNING, times.finished)]
    if times.spoke is None and (times.finished or times.started is None):
        order = [one for one in order if one[0] != SILENT]  # it said nothing, or its log is not known
    began = times.created
    found = []
    if queued is not None:
        began, order = queued, [(QUEUED, times.created), *order]
    for name, ended in order:
        if began is None:
            break
        at = None if ended is None else max(ended, began)
        if at is None and times.finished is not None:
            at = times.finished  # it ended before it got that far
        found.append(Stage(name, began, at))
        began = at
        if times.finished is not None and at == times.finished and ended is None:
            break
    return found


def together(instances: Mapping[str, Milestones]) -> Milestones:
    """The milestones of a job: each is reached with its last instance, but one line of output is enough."""
    every = list(instances.values())
    whole = Milestones(*(_last([one[field] for one in every]) for field in range(len(Milestones._fields))))
    return whole._replace(spoke=min((one.spoke for one in every if one.spoke), default=None))


def _last(moments: Sequence[datetime | None]) -> datetime | None:
    known = [one for one in moments if one is not None]
    return max(known) if known and len(known) == len(moments) else None


def laggard(name: str, instances: Mapping[str, Sequence[Stage]], now: datetime) -> str:
    """The instance that took at least twice as long, and 2 s longer, for a stage than half of the others."""
    took = {
        instance: one.took(now) for instance, found in instances.items() for one in found if one.name == name
    }
    if len(took) < 2:
        return ""
    longest = max(took, key=lambda one: took[one])
    middle = sorted(took.values())[(len(took) - 1) // 2]
    return longest if took[longest] > max(2 * middle, middle + timedelta(seconds=2)) else ""


def medians(runs: Sequence[Sequence[Stage]]) -> dict[str, timedelta]:
    """How long each stage usually took, by those runs in which it has ended."""
    took: dict[str, list[timedelta]] = {}
    for run in runs:
        for one in run:
            if one.ended is not None:
                took.setdefault(one.name, []).append(one.ended - one.began)
    return {name: sorted(each)[len(each) // 2] for name, each in took.items()}
