"""The shape of an explainer: what a module in `explainers/` must offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from arena.model.jobs import Job
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster

Facts = TypeVar("Facts")


@frozen
class Explainer(Generic[Facts]):
    """A cause for which jobs may wait or fail, and how to find it."""

    order: int
    """Explainers run from the lowest to the highest, and each puts its finding before those of the others.

    So a more specific cause, such as a quota that refuses pods, has a higher order.
    """
    concerns: Callable[[Job], bool]
    """Whether it may explain a job, which is none that is well. If it concerns no job, nothing is read."""
    explain: Callable[[Job, Facts], Job]
    """(job, facts) -> the job with a finding, or the same job. It does not ask the cluster."""
    read: Callable[[Cluster, str | None, Sequence[Job]], Facts] | None = None
    """(cluster, namespace of the jobs or None for several, the jobs concerned) -> facts.

    It is called once for all jobs, so that its requests do not grow with their number. If it raises an
    ArenaError, `Job.unread` says that reasons may be missing. Without this function, the facts are None.
    """
    for_one: bool = False
    """Whether it takes a request for each job, so that it runs only for a single job."""
