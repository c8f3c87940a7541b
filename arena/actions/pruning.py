"""Old jobs: which ones ended long ago, and their end for good."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions import overview, training
from arena.errors import Conflict, NotFound
from arena.kinds.kind import Kind
from arena.model import Job

if TYPE_CHECKING:
    from arena.kube import Cluster


@dataclass(frozen=True, slots=True)
class Old:
    """Jobs that ended before some moment."""

    ours: Sequence[Job]
    """Those that arena made or adopted, the newest first."""
    others: Sequence[Job]
    """Those of others, which stay."""


def old(
    cluster: Cluster,
    namespace: str | None,
    before: datetime,
    *,
    kind: Kind | None = None,
    selector: str = "",
) -> Old:
    """The jobs of a namespace (None: of all) known to have ended before the moment.

    Args:
        selector: labels that they must have.
    """
    found = overview.jobs(cluster, namespace, kind=kind, selector=selector)
    ended = [job for job in found if job.phase.is_final and job.finished and job.finished < before]
    return Old([job for job in ended if job.managed], [job for job in ended if not job.managed])


def removed(cluster: Cluster, jobs: Sequence[Job]) -> list[Job]:
    """Delete these very jobs, and return those that were still there."""
    found = []
    for one in jobs:
        with suppress(NotFound, Conflict):
            remove(cluster, one)
            found.append(one)
    return found


def remove(cluster: Cluster, job: Job) -> None:
    """Delete this very job, with all that was made with it.

    Raises:
        NotFound: it is gone.
        Conflict: another job has taken its name.
    """
    _, resource, obj = training.find(cluster, job.name, job.namespace, kinds.find(job.kind))
    cluster.delete(resource, job.namespace, obj["metadata"]["name"], uid=job.uid)
