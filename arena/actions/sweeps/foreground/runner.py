"""Keeps all slots of a sweep busy until its budget is spent."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from arena.actions.sweeps import search
from arena.actions.sweeps.foreground import observer
from arena.actions.sweeps.foreground.begun import Begun
from arena.actions.sweeps.foreground.budget import Budget
from arena.actions.sweeps.foreground.observer import Broken, Ended, Event, Reported, Started
from arena.actions.sweeps.foreground.trials import Sweep, Trials
from arena.errors import ArenaError, Conflict, NotFound, SpecError
from arena.kinds.sweeps import metrics_file, trial_jobs, trial_results
from arena.kinds.sweeps.imports import Imported
from arena.kinds.sweeps.trial_jobs import SPENT, TIMED_OUT, Result
from arena.model.jobs import Phase
from arena.model.sweeps import Trial
from arena.search.records import SUCCEEDED, Objective, Record
from arena.search.samplers import Proposal
from arena.search.search import Search
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session

AGAIN = 10.0
"""Seconds after which a trial that the cluster refused is created again, while others run."""
LOOK = 3.0
"""Seconds between two looks at whether another command has ended the sweep."""
IMPORTED = "imported "
"""What begins the names of imported jobs among the records, as trials may have the same ones."""
GOAL, ALL, EXHAUSTED = "the goal was reached", "all trials have ended", "all combinations were tried"
"""Reasons for the end of a sweep."""
Progress = Callable[[Trial], None]
"""Called with each trial that begins, and with each that has ended."""


class Runner:
    """Runs the trials of one sweep.

    Args:
        there: the trials that exist already, after an interruption.
    """

    def __init__(
        self, session: Session, sweep: Sweep, trials: Trials, progress: Progress, there: Sequence[Begun] = ()
    ) -> None:
        self._cluster, self._session = session.cluster(), session
        self._sweep, self._trials, self._progress = sweep, trials, progress
        self._objectives = [
            Objective(metric=one.metric, maximize=one.maximize, goal=one.goal)
            for one in search.optimized(sweep.spec)
        ]
        spec = sweep.spec
        self._rule = search.stopping_of(spec, self._objectives[0])
        self._search = Search(
            spec.space, self._objectives, spec.algorithm, spec.algorithm_setting, sweep.seed
        )
        self._budget = Budget(sweep, session.now)
        self._begun = {one.number: one for one in there}
        self._events: queue.Queue[Event] = queue.Queue()
        self._next_attempt = self._next_look = 0.0
        self._asked = ""
        self._imported = sweep.search.imported

    def run(self) -> str:
        """Run all trials; return why the sweep has ended.

        Raises:
            Conflict: another job has the name of a trial.
            ArenaError: a trial cannot be created while none is running, or the cluster does not answer.
        """
        for one in self._begun.values():
            if one.is_running:
                self._observe(one)
            elif one.is_left:
                assert one.result
                self._trials.stop(one.resource, one.job.name, one.result)
        while True:
            reason = self._over() or self._fill()
            running = self._running()
            if not running:
                break
            if reason and reason not in (ALL, SPENT, trial_jobs.PAUSED):
                self._stop(running, reason)
            else:
                self._take(min(self._due(), monotonic() + self._budget.seconds()))
        return self._end(reason)

    def finish(self, number: int) -> Trial:
        """Follow one trial to its end, and begin none; another process may record its end first."""
        one = self._begun[number]
        self._observe(one)
        while one.is_running:
            if monotonic() >= self._next_look:
                self._next_look = monotonic() + LOOK
                self._look_at(one)
            self._take(self._next_look)
        return one.trial()

    def _look_at(self, one: Begun) -> None:
        """See whether somebody else has recorded the end of a trial."""
        with suppress(NotFound):  # as the observer will tell
            there = self._cluster.get(one.resource, one.job.namespace, one.job.name)
            one.result = trial_jobs.mark_of(there).result

    def _running(self) -> list[Begun]:
        return [one for one in self._begun.values() if one.is_running]

    def _over(self) -> str:
        """Why the sweep ends now, although not all trials have begun; "" if it goes on."""
        if asked := self._asked_for():
            return asked
        if self._begun and self._budget.seconds() <= 0:
            return TIMED_OUT
        first = self._objectives[0]
        for one in self._begun.values():
            value = one.result.metrics.get(first.metric) if one.result else None
            if value is not None and first.is_reached(value):
                return GOAL
        failed = [one for one in self._begun.values() if one.result and one.result.state == "failed"]
        if len(failed) >= self._sweep.spec.max_failed:
            last = failed[-1]
            assert last.result
            why = f"{len(failed)} trials failed, trial {last.number} because {last.result.reason}"
            return trial_jobs.FAILED + why
        return ""

    def _fill(self) -> str:
        """Begin as many trials as there are free slots; return why no more will begin, or ""."""
        spec = self._sweep.spec
        left = spec.max_trials - len(self._begun)
        if left <= 0:
            return ALL
        if self._budget.is_spent(self._begun.values()):
            return SPENT
        free = min(spec.parallel - len(self._running()), left)
        if free <= 0 or monotonic() < self._next_attempt:
            return ""
        self._next_look = 0.0  # a sweep that was paused meanwhile begins no more
        if asked := self._asked_for():
            return asked
        records = [self._imported_record(one) for one in self._imported]
        records += [one.record(self._objectives) for one in self._begun.values()]
        for proposal in self._search.propose(free, records):
            if not self._begin(proposal):
                return ""
        return EXHAUSTED if self._search.exhausted and not self._running() else ""

    def _imported_record(self, one: Imported) -> Record:
        known = [one.metrics[each.metric] for each in self._objectives if each.metric in one.metrics]
        name = f"{IMPORTED}{one.job}"
        return Record(name=name, assignments=one.assignments, state=SUCCEEDED, values=tuple(known))

    def _begin(self, proposal: Proposal) -> bool:
        number = max(self._begun, default=0) + 1
        try:
            resource, obj = self._trials.create(number, proposal)
        except (SpecError, Conflict):
            raise
        except ArenaError:
            if not self._running():
                raise
            # Such as a quota of jobs: the end of another trial may make room.
            self._next_attempt = monotonic() + AGAIN
            return False
        begun = Begun(resource, self._sweep.request.kind.read(obj, []), trial_jobs.mark_of(obj))
        self._begun[number] = begun
        self._progress(begun.trial())
        self._observe(begun)
        return True

    def _observe(self, one: Begun) -> None:
        find, kind = metrics_file.reader(self._sweep.spec), self._sweep.request.kind
        observer.observe(self._cluster, kind, one.job, one.number, find, self._events.put)

    def _due(self) -> float:
        """When something else than an event is due."""
        return min(self._next_look, self._next_attempt or self._next_look)

    def _take(self, due: float) -> None:
        """Handle the next events, or none if something else is due.

        All that are there, so that trials that end together share one look at the sweep and one proposal.
        """
        try:
            self._handle(self._events.get(timeout=max(0.0, due - monotonic())))
            for _ in range(self._sweep.spec.parallel):
                self._handle(self._events.get_nowait())
        except queue.Empty:
            return

    def _handle(self, event: Event) -> None:
        one = self._begun[event.number]
        if isinstance(event, Broken):
            if not isinstance(event.error, NotFound):
                raise event.error
            event = Ended(one.number, None)
        if isinstance(event, Started):
            one.job = event.job
        elif isinstance(event, Reported):
            one.reported.add(event)
            self._judge(one)
        elif one.is_running:
            self._next_attempt = 0.0
            self._ended(one, event)

    def _judge(self, one: Begun) -> None:
        """Stop a trial that early stopping finds too bad."""
        if self._rule is None or not one.is_running:
            return
        records = [each.record(self._objectives) for each in self._begun.values()]
        if why := self._rule.should_stop(one.record(self._objectives), records):
            self._stop([one], why)

    def _ended(self, one: Begun, event: Ended) -> None:
        one.job = event.job or one.job
        if event.job is None:
            one.is_gone = True
            one.result = Result(state="failed", reason="its job was deleted")
            one.job = replace(one.job, phase=Phase.FAILED)
        else:
            one.result = trial_results.result(one.values, self._sweep.spec, event.job)
            self._trials.record(one.resource, one.job.name, one.result)
        self._progress(one.trial())

    def _stop(self, running: Sequence[Begun], reason: str) -> None:
        for one in running:
            ended = replace(one.job, phase=Phase.SUCCEEDED, finished=self._session.now())
            finite = trial_results.result(one.values, self._sweep.spec, ended)
            why = reason.removeprefix(trial_jobs.FAILED)
            one.result = replace(finite, state="stopped", reason=why)
            self._trials.stop(one.resource, one.job.name, one.result)
            self._progress(one.trial())

    def _asked_for(self) -> str:
        """The end that another command has asked for, such as `arena sweep stop`; "" if none has."""
        first = self._first()
        if first is None or monotonic() < self._next_look:
            return self._asked
        self._next_look = monotonic() + LOOK
        try:
            now = self._cluster.get(first.resource, first.job.namespace, first.job.name)
        except NotFound:
            first.is_gone = True
            return self._asked
        mark = trial_jobs.mark_of(now)
        self._asked, self._imported = mark.end.get("reason", ""), mark.search.imported
        return self._asked

    def _end(self, reason: str) -> str:
        reason = reason or ALL
        if first := self._first():
            self._trials.record_end(first.resource, first.job.name, reason)
        return reason

    def _first(self) -> Begun | None:
        """The first trial that is there, which holds the end of the sweep."""
        there = [number for number, one in self._begun.items() if not one.is_gone]
        return self._begun[min(there)] if there else None
