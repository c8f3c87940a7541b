"""The job's own object: nobody acts on it, or something keeps it from being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from arena import labels
from arena.diagnosis.json_fields import mapping, moment, text
from arena.diagnosis.signals.signal import Case, Signal, conditions, stated, told, true
from arena.diagnosis.standing import subject

Object = dict[str, Any]
PATIENCE = timedelta(minutes=1)
"""How long an operator may take; a busy one takes seconds."""


def signals(case: Case) -> Iterator[Signal]:
    """What the object itself shows."""
    if not case.job:
        return
    if text(case.job, "metadata", "deletionTimestamp"):
        yield from _undeleted(case)
    elif not case.record.pods and not case.is_final:
        yield from _untouched(case)
        yield from _complaints(case)
    if failed := true(case.job, "Failed", "FailureTarget"):
        yield stated(case.job, failed, "job")
    if not case.record.pods:
        yield from _unready(case)


def _unready(case: Case) -> Iterator[Signal]:
    """What a serving without pods says of itself, such as that its image could not be resolved."""
    for one in conditions(case.job):
        if text(one, "type").endswith("Ready") and text(one, "status") == "False" and text(one, "message"):
            yield stated(case.job, one, "unready")


def is_suspended(job: Object) -> bool:
    """Whether a queue or a user holds a job back."""
    spec = mapping(job, "spec")
    return "true" in (text(spec, "suspend"), text(spec, "runPolicy", "suspend"))


def _undeleted(case: Case) -> Iterator[Signal]:
    since = moment(case.job, "metadata", "deletionTimestamp")
    held = mapping(case.job, "metadata").get("finalizers")
    if isinstance(held, list) and held and not case.record.pods and case.is_older(since, PATIENCE):
        yield Signal("undeleted", subject(case.job), "Finalizers", ", ".join(map(str, held)), since)


def _untouched(case: Case) -> Iterator[Signal]:
    since = case.created
    queue = text(case.job, "metadata", "labels", labels.KUEUE_QUEUE)
    if is_suspended(case.job) and not queue:
        yield Signal("held", subject(case.job), "Suspended", "spec.suspend is true", since)
    if not case.is_older(since, PATIENCE):
        return
    if is_suspended(case.job):
        if queue and not any(case.is_ours(one) for one in case.record.of_kind("Workload")):
            words = f"it waits for queue {queue}, and no Workload of Kueue exists for it"
            yield Signal("untouched", subject(case.job), "Unqueued", words, since)
    elif not case.of(case.job) and not mapping(case.job, "status") and not conditions(case.job):
        yield Signal("untouched", subject(case.job), "Untouched", "no status, no pods and no events", since)


def _complaints(case: Case) -> Iterator[Signal]:
    """Warnings of the operator about the job itself, while it has no pods."""
    for event in reversed(case.of(case.job)):
        if text(event, "type") == "Warning" and not text(event, "reason").startswith("FailedCreate"):
            yield told(event, "complaint")
