"""Instances that outlive their job, and how long to wait for them."""

from __future__ import annotations

from datetime import datetime, timezone

from arena import kinds
from arena.kinds.kind import Kind
from arena.kinds.workload.instance_findings import place
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase

LINGER = 60.0
"""Seconds to wait for the others once a job has succeeded; `logs -f` counts from their last line."""
BRIEF = 10.0
"""The same if they hardly end by themselves: those of a failed job, and those that serve others."""


def late(job: Job) -> list[Instance]:
    """The instances whose program still runs, rather than only a sidecar."""
    return [one for one in job.survivors if not one.sidecar]


def limit(job: Job) -> float:
    """Seconds to wait for the instances that outlive the job, from its end or their last line."""
    kind = _kind(job)
    servers = kind.servers if kind else ()
    own = any(one.role not in servers for one in late(job))
    return LINGER if own and job.phase is Phase.SUCCEEDED else BRIEF


def patience(job: Job) -> float:
    """The rest of these seconds, counted from its end."""
    since = (datetime.now(timezone.utc) - job.finished).total_seconds() if job.finished else 0.0
    return min(limit(job), max(0.0, limit(job) - since))


def names(job: Job) -> str:
    """The instances that outlive the job: `worker-1, worker-2, worker-3 and 4 more`."""
    found = [place(one) for one in late(job)]
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def are_recreated(job: Job) -> bool:
    """Whether the operator of the job recreates instances that are deleted after its end."""
    kind = _kind(job)
    return kind is not None and kind.renews


def _kind(job: Job) -> Kind | None:
    return kinds.of_name(job.kind)
