"""Jobs that start at once although they name a Kueue queue, because Kueue does not manage their type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.served import preferred
from arena.kinds.training.base.queues import KUEUE
from arena.model.findings import Finding
from arena.model.jobs import Job, Phase
from arena.resources import LOCAL_QUEUES, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster


def finding(cluster: Cluster, resource: Resource, job: Job) -> Finding | None:
    """The finding that Kueue does not manage a job that was just created.

    Kueue suspends what it manages already in the request that creates it.

    Args:
        resource: the type of the job's object.
    """
    waits = job.queue is None or job.queue.system != KUEUE or job.phase is Phase.QUEUING
    kind = kinds.of_name(job.kind)
    if waits or not (kind and kind.kueue(resource)) or not preferred(cluster, LOCAL_QUEUES):
        return None
    return Finding(
        "queue.ignored",
        f"Kueue does not manage {resource.kind} on this cluster, so the job does not wait in its queue",
        remedy=f"an administrator has to add {framework(resource)} to Kueue's integrations",
    )


def framework(resource: Resource) -> str:
    """The name of a type in Kueue's configuration."""
    return f"{resource.group}/{resource.kind.lower()}"
