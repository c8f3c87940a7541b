"""Explain jobs: run all explainers in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from arena import entry_points
from arena.actions import readings
from arena.actions.diagnosis.explainer import Explainer
from arena.errors import ArenaError
from arena.model.jobs import Job
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster


def jobs(cluster: Cluster, namespace: str | None, found: Sequence[Job]) -> list[Job]:
    """The jobs with the findings of the explainers.

    The number of requests does not depend on the number of jobs, and is 0 if none waits or lacks instances.

    Args:
        namespace: the namespace of the jobs; None if they are from several.
    """
    well = [job.is_well for job in found]
    told = without_cluster([job for job, is_well in zip(found, well, strict=True) if not is_well])
    for one in _needed(told):
        if one.read and not one.for_one:
            told = _explained(one, partial(one.read, cluster, namespace), told)
    rest = iter(told)
    return [job if is_well else next(rest) for job, is_well in zip(found, well, strict=True)]


def without_cluster(found: Sequence[Job]) -> list[Job]:
    """The jobs with the findings of explainers that read nothing."""
    told = list(found)
    for one in _needed(told):
        told = told if one.read else _explained(one, lambda jobs: None, told)
    return told


def job(cluster: Cluster, found: Job) -> Job:
    """The job with findings that take a request of their own, such as for the log of a failed instance."""
    for one in _needed([found]):
        if one.read and one.for_one:
            [found] = _explained(one, partial(one.read, cluster, found.namespace), [found])
    return found


def is_unclear(found: Job) -> bool:
    """Whether the cluster may explain more than the job itself."""
    return any(_concerns(one, found) for one in _needed([found]) if one.read and not one.for_one)


def _needed(found: Sequence[Job]) -> tuple[Explainer[Any], ...]:
    """The explainers; none is imported if all jobs are well."""
    return () if all(job.is_well for job in found) else explainers()


@cache
def explainers() -> tuple[Explainer[Any], ...]:
    """All explainers, those of installed packages among them, ordered.

    Raises:
        ArenaError: that of an installed package cannot be imported.
    """
    from arena.actions.diagnosis import explainers as package

    names = entry_points.modules(package.__path__[0])
    found = [import_module(f"{package.__name__}.{name}").EXPLAINER for name in names]
    return tuple(sorted((*found, *entry_points.load(entry_points.EXPLAINERS)), key=lambda one: one.order))


def _explained(one: Explainer[Any], read: Callable[[Sequence[Job]], Any], found: Sequence[Job]) -> list[Job]:
    concerned = [job for job in found if _concerns(one, job)]
    if not concerned:
        return list(found)
    try:
        facts = read(concerned)
    except ArenaError as error:
        missing = readings.unread("reasons", error, readings.REASONS)
        return [replace(job, unread=(*job.unread, missing)) if _concerns(one, job) else job for job in found]
    told = {job.uid: one.explain(job, facts) for job in concerned}
    return [told.get(job.uid, job) for job in found]


def _concerns(one: Explainer[Any], job: Job) -> bool:
    return not job.is_well and one.concerns(job)
