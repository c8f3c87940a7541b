"""What recurring jobs share: the run that is due, the concurrency policy, and the history.

A run is named after the moment at which it was due. A run that was started just before a crash is found
again by its name, so no run is started twice.
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from arena.local import definitions
from arena.local.definitions import Outcome
from arena.local.machinery import conditions
from arena.local.machinery.clock import parse, stamp
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.writes import RETRY
from arena.local.objects import Object, Refused, Resource
from arena.local.operators.batch.schedule import Schedule

LOOK = 60.0
"""Longest wait until the clock is read again: it may have been set, or the machine may have slept."""
POLICIES = ("Allow", "Forbid", "Replace")
_AGES = 10**9
"""The largest number of seconds by which a run is late: 31 years."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """The spec of a recurring job.

    Attributes:
        runs: the type of its runs.
        schedule: the moments at which runs are due.
        policy: whether a run may start while others are active: one of POLICIES.
        patience: seconds by which a run may start late; None for any number.
        until: when the last run may start; None for no end.
    """

    runs: Resource
    schedule: Schedule
    policy: str
    patience: int | None = None
    until: datetime | None = None


def is_scheduled(obj: Object) -> bool:
    """Whether a recurring job will start runs."""
    return not obj["spec"].get("suspend")


class RecurringJob(Reconciler):
    """One pass over one recurring job.

    Attributes:
        field: the field in errors if the recurrence is invalid.
        recurrence: the recurrence in the spec.
        runs: its runs, the oldest first.
    """

    field: ClassVar[str] = "spec"
    recurrence: Recurrence
    runs: list[Object]

    @abstractmethod
    def read(self) -> Recurrence:
        """Read the spec.

        Raises:
            ValueError: a field of it cannot be read.
        """

    @abstractmethod
    def name(self, due: datetime) -> str:
        """The name of the run of that moment."""

    @abstractmethod
    def body(self, due: datetime) -> Object:
        """The run of that moment, without its name."""

    @abstractmethod
    def keep_history(self) -> None:
        """Write the history of ended runs into the status, and delete old ones."""

    def reconcile(self) -> float | None:
        """Start the run that is due, write the active and the ended runs, and delete old ones."""
        try:
            self.recurrence = self.read()
        except ValueError as error:
            self.event("InvalidSchedule", f"{self.field}: {error}", "Warning")
            return None
        self.runs = self.owned(self.recurrence.runs)
        self._report_ended()
        delay = self._advance() if is_scheduled(self.obj) else None
        active = [run for run in self.runs if _stays(run) and not self.is_over(run)]
        self.status.pop("active", None)
        if active:  # an empty list would not be stored
            self.status["active"] = list(map(self._reference, active))
        self.keep_history()
        self.write_status()
        return delay

    def outcome(self, run: Object) -> Outcome:
        """How a run ended."""
        kinds = (one for one in definitions.every() if one.resource == self.recurrence.runs)
        own = next((one.outcome for one in kinds), None)
        return (own or conditions.outcome)(run)

    def is_over(self, run: Object) -> bool:
        """Whether a run has ended."""
        return bool(self.outcome(run).word)

    def prune(self, ended: list[Object], keep: int | None) -> None:
        """Delete the oldest runs that have ended, except for `keep` of them; None keeps all."""
        if keep is not None:
            for run in ended[: max(0, len(ended) - keep)]:
                self.remove(self.recurrence.runs, run)

    def _advance(self) -> float | None:
        """Start the run that is due, if any; the seconds until the next check."""
        spec = self.recurrence
        if spec.until and self.now > spec.until:
            self.event("Deadline", "The deadline has passed: no more runs are started")
            return None
        last = self.status.get("lastScheduleTime") or self.obj["metadata"].get("creationTimestamp")
        since = parse(last) or self.now
        if spec.patience is not None:
            since = max(since, self.now - timedelta(seconds=min(spec.patience, _AGES) + 1))
        # Of several missed runs, only the last one is started.
        due = spec.schedule.latest(since, self.now)
        if due is not None:
            if not self._start(due):
                return RETRY
            if self._exists(due):
                self.status["lastScheduleTime"] = stamp(due)
        upcoming = spec.schedule.next(self.now)
        return min(LOOK, (upcoming - self.now).total_seconds()) if upcoming else None

    def _start(self, due: datetime) -> bool:
        """Start the run of that moment unless it exists or must wait; return False if it was refused."""
        active = [run for run in self.runs if not self.is_over(run)]
        if self._exists(due):
            return True
        if self.recurrence.policy == "Forbid" and active:
            why = "an earlier one is still active and the concurrency policy is Forbid"
            self.event("JobAlreadyActive", f"Not starting a run because {why}")
            return True
        for run in filter(_stays, active) if self.recurrence.policy == "Replace" else ():
            self.remove(self.recurrence.runs, run)
            self.event("SuccessfulDelete", f"Deleted run {run['metadata']['name']}")
        return self._create(due)

    def _exists(self, due: datetime) -> bool:
        return self.name(due) in [run["metadata"]["name"] for run in self.runs]

    def _create(self, due: datetime) -> bool:
        body, name = self.body(due), self.name(due)
        body["metadata"]["name"] = name
        try:
            self.runs.append(self.ensure(self.recurrence.runs, body))
        except Refused as refusal:
            self.event("FailedCreate", f"Error creating run {name}: {refusal.message}", "Warning")
            return False
        self.event("SuccessfulCreate", f"Created run {name}")
        return True

    def _report_ended(self) -> None:
        """Report by an Event each run that has ended and that the status lists as active."""
        known = {one.get("uid") for one in self.status.get("active") or []}
        for run in self.runs:
            if self.is_over(run) and run["metadata"]["uid"] in known:
                word = self.outcome(run).word
                self.event("SawCompletedJob", f"Saw completed run {run['metadata']['name']}, {word}")

    def _reference(self, run: Object) -> Object:
        resource, meta = self.recurrence.runs, run["metadata"]
        kind = {"apiVersion": resource.api_version, "kind": resource.kind}
        return {**kind, "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _stays(run: Object) -> bool:
    return not run["metadata"].get("deletionTimestamp")
