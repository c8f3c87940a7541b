"""What explainers of queues share: the finding that a job waits in one, and helpers for conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Queue
from arena.values import replace

Object = dict[str, Any]


def waits(job: Job, queue: Queue, why: str, shown: Evidence | None = None, id: str = "quota.kueue") -> Job:
    """The job with its queue, and with the finding that it waits there and why."""
    place = f", {queue.place}" if queue.place else ""
    cause = f"waits in queue {queue.name}{place}" + (f": {why}" if why else "")
    return told(job, Finding(id, cause, (shown,) if shown and shown.text else ()), queue=queue)


def told(job: Job, finding: Finding, **changes: Any) -> Job:
    """The job with the finding, which replaces what its own object says about the queue."""
    others = tuple(one for one in job.findings if one.id != "quota.kueue")
    return replace(job, findings=others, **changes).explained(finding)


def is_true(known: Mapping[Any, Object], kind: str) -> bool:
    """Whether the condition of that type is true."""
    return known.get(kind, {}).get("status") == "True"


def message(known: Mapping[Any, Object], kind: str) -> str:
    """The message of the condition of that type, or else its reason, on one line."""
    one = known.get(kind, {})
    return " ".join(str(one.get("message") or one.get("reason") or "").split()).rstrip(".")
