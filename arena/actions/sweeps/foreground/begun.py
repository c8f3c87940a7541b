"""A trial of a sweep whose job exists, as the process that runs the sweep knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arena.actions.sweeps.foreground.observer import Values
from arena.kinds.sweeps import trial_jobs
from arena.kinds.sweeps.trial_jobs import Mark, Result
from arena.model.jobs import Job
from arena.model.sweeps import Trial
from arena.resources import Resource
from arena.search.records import RUNNING, Objective, Record
from arena.values import replace


class Begun:
    """A trial whose job exists."""

    def __init__(self, resource: Resource, job: Job, mark: Mark) -> None:
        self.resource, self.job = resource, job
        self._mark = mark
        self.number, self.result = mark.number, mark.result
        self.is_gone = False
        self.reported = Values()
        self._known: tuple[Result | None, int, Record] | None = None

    @property
    def is_left(self) -> bool:
        """Whether it was stopped by a process that was killed before it ended the pods."""
        return trial_jobs.is_left(self.job, self.result)

    @property
    def is_running(self) -> bool:
        """Whether its end is not known yet."""
        return self.result is None

    @property
    def values(self) -> Mapping[str, Sequence[float]]:
        """Metric -> all values so far."""
        return self.reported.of(self.job)

    def record(self, objectives: Sequence[Objective]) -> Record:
        """What the search is told of it; the same object as long as nothing has changed."""
        known, count = self._known, self.reported.count
        if known is None or known[0] is not self.result or known[1] != count:
            known = self._known = (self.result, count, self._made(objectives))
        return known[2]

    def _made(self, objectives: Sequence[Objective]) -> Record:
        known = self.result.metrics if self.result else {}
        return Record(
            name=self.job.name,
            assignments=self._mark.assignments,
            state=self.result.state if self.result else RUNNING,
            values=tuple(known[one.metric] for one in objectives if one.metric in known),
            points=tuple(enumerate(self._points(objectives[0].metric), 1)),
            parent=self._mark.parent,
        )

    def _points(self, metric: str) -> Sequence[float]:
        return self.result.points.get(metric, ()) if self.result else self.values.get(metric, ())

    def trial(self) -> Trial:
        """The trial, as readers see it."""
        return trial_jobs.trial(self.job, replace(self._mark, result=self.result))
