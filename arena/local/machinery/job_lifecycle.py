"""The life of a job: one state machine for all kinds that start, fail, restart, suspend and end.

    created --> running <--> suspended
                |     ^
                |     +----> restarting
                v
    succeeded or failed --> cleaned up --> deleted, when its time to live is over

`JobLifecycle.reconcile` is one pass over one job: it decides by spec and status which step follows, takes it
and stores the status. The subclass of a kind gives the texts of its conditions as class attributes, and
overrides the verbs: what each step does to pods and status. A pass may be cut off after any write; the next
one finishes it.
"""

from abc import abstractmethod
from typing import ClassVar

from arena.local.machinery import conditions
from arena.local.machinery.clock import earliest, left, stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.reconciler import Reconciler
from arena.local.objects import Object
from arena.tuples import NamedTuple


class Text(NamedTuple):
    """The reason and the message of a condition."""

    reason: str
    message: str


class JobLifecycle(Reconciler):
    """One pass over one job.

    Attributes:
        created: the text of the condition Created, with `{kind}` and `{title}`; None for a kind without it.
        suspended: the same of the condition Suspended while it holds.
        resumed: the same once it no longer holds.
        overdue: the reason and the message of a job that was active for longer than its deadline.
        failed: the message of a job that has failed, with `{title}` and `{why}`.
        records_times: whether the status has startTime and completionTime.
        has_run_policy: whether the spec has a runPolicy with what other kinds have in the spec itself.
    """

    created: ClassVar[Text | None] = Text("{kind}Created", "{title} is created.")
    suspended: ClassVar[Text] = Text("{kind}Suspended", "{title} is suspended.")
    resumed: ClassVar[Text] = Text("{kind}Resumed", "{title} is resumed.")
    overdue: ClassVar[Text] = Text("DeadlineExceeded", "it was active longer than its deadline")
    failed: ClassVar[str] = "{title} has failed because {why}."
    records_times: ClassVar[bool] = True
    has_run_policy: ClassVar[bool] = False

    def reconcile(self) -> float | None:
        """Take the step that follows; the seconds until the next pass, None to wait for a change."""
        if self.is_finished():
            return earliest(self.clean_up(), self.expire())
        delay = self.advance()
        self.report()
        self.write_status()
        return delay

    def advance(self) -> float | None:
        """Take the next step of a job that has not ended."""
        if self.created and not conditions.is_known(self.status, conditions.CREATED):
            self.announce(conditions.CREATED, self._filled(self.created))
        if self.is_suspended():
            self.suspend()
            return None
        self.resume()
        if failure := self.failure():
            self.fail(*failure)
            return None
        return earliest(self.seconds_left(), self.run())

    def suspend(self) -> None:
        """Remove the job's pods, and report that it is suspended."""
        self.stop()
        text = self._filled(self.suspended)
        if conditions.holds(self.status, conditions.RUNNING):
            self.set_condition(conditions.RUNNING, text, "False")
        self.announce(conditions.SUSPENDED, text)

    def resume(self) -> None:
        """Report that a suspended job is resumed, and record when a job starts."""
        if conditions.holds(self.status, conditions.SUSPENDED):
            self.announce(conditions.SUSPENDED, self._filled(self.resumed), value="False")
        if self.records_times:
            self.status.setdefault("startTime", stamp(self.now))

    def fail(self, reason: str, message: str) -> None:
        """Restart the job if its policy allows that for this reason, otherwise end it."""
        if self.can_restart(reason):
            self.restart(reason, message)
        else:
            text = Text(reason, self.failed.format(title=self.title, why=message))
            self.end(conditions.FAILED, text, "Warning")

    def end(self, kind: str, text: Text, urgency: str = "Normal") -> None:
        """End the job by the condition `kind`."""
        if self.records_times:
            self.status["completionTime"] = stamp(self.now)
        self.announce(kind, text, urgency)

    def expire(self) -> float | None:
        """Delete the job when its time to live is over; the seconds until then."""
        limit, end = self.policy.get("ttlSecondsAfterFinished"), self.ended_at()
        if limit is None or not end:
            return None
        seconds = left(end, float(limit), self.now)
        if seconds > 0:
            return seconds
        self.remove(self.resource, self.obj)
        return None

    # What the spec and the status say; a kind that says it elsewhere overrides it.

    @property
    def policy(self) -> Object:
        """The mapping that holds suspend, limits and times to live: the runPolicy, or the spec itself."""
        found: Object = self.obj["spec"]
        return (found.get("runPolicy") or {}) if self.has_run_policy else found

    @property
    def deadline(self) -> int | None:
        """The seconds for which the job may be active."""
        limit: int | None = self.policy.get("activeDeadlineSeconds")
        return limit

    @property
    def title(self) -> str:
        """The job's kind and name, as messages call it."""
        return f"{self.resource.kind} {self.obj['metadata']['name']}"

    def is_suspended(self) -> bool:
        """Whether the job is to have no pods."""
        return bool(self.policy.get("suspend"))

    def is_finished(self) -> bool:
        """Whether the job has succeeded or failed, which is final."""
        return bool(conditions.final(self.status))

    def ended_at(self) -> str | None:
        """When the job ended, as the API's text."""
        return self.status.get("completionTime") or conditions.final(self.status).get("lastTransitionTime")

    def seconds_left(self) -> float | None:
        """The seconds until the deadline; None if there is none."""
        start = self.status.get("startTime")
        return left(start, float(self.deadline), self.now) if self.deadline is not None and start else None

    # The verbs that a kind overrides.

    @abstractmethod
    def run(self) -> float | None:
        """Bring pods and status of an active job nearer to its spec; the seconds until the next pass."""

    @abstractmethod
    def stop(self) -> None:
        """Remove what runs of a job that is suspended."""

    def clean_up(self) -> float | None:
        """Remove what a job that has ended does not keep; the seconds until the next pass."""
        return None

    def report(self) -> None:
        """Write the part of the status that is written in every state."""

    def failure(self) -> Text | None:
        """Why the job has failed, by the limits of its spec; None while it is within them."""
        seconds = self.seconds_left()
        return self.overdue if seconds is not None and seconds <= 0 else None

    def can_restart(self, reason: str) -> bool:
        """Whether a job that failed for this reason starts again."""
        return False

    def restart(self, reason: str, message: str) -> None:
        """Start the job again."""

    # Building blocks for the verbs.

    def _filled(self, text: Text) -> Text:
        names = {"kind": self.resource.kind, "title": self.title}
        return Text(text.reason.format(**names), text.message.format(**names))

    def set_condition(self, kind: str, text: Text, value: str = "True") -> bool:
        """Set a condition; False when it was there with this value and reason."""
        return conditions.put(self.status, Condition(kind, *text, value), self.now)

    def announce(self, kind: str, text: Text, urgency: str = "Normal", value: str = "True") -> None:
        """Set a condition and, when it is new, report it by an Event."""
        if self.set_condition(kind, text, value):
            self.event(text.reason, text.message, urgency)
