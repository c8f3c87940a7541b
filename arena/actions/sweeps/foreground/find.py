"""Sweeps without Katib, read from the jobs that are their trials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.actions.jobs.object_names import owned
from arena.errors import ArenaError, NotAllowed, NotFound, SpecError, Unreachable
from arena.kinds.sweeps import trial_jobs
from arena.kinds.sweeps.trial_jobs import Mark
from arena.model.jobs import Job
from arena.model.partial import Partial
from arena.model.sweeps import Sweep
from arena.resources import Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
WITHOUT_KATIB = "sweeps without Katib may be missing"


class There(NamedTuple):
    """A trial as it was found."""

    resource: Resource
    obj: Object
    job: Job
    mark: Mark

    @property
    def is_active(self) -> bool:
        """Whether it has not ended, or was stopped and its pods have not been told."""
        result = self.mark.result
        return not self.job.phase.is_final if result is None else trial_jobs.is_left(self.job, result)


def sweeps(cluster: Cluster, namespace: str | None, selector: str = "") -> Partial[Sweep]:
    """All such sweeps of a namespace (None: all) whose trials have these labels.

    Trials whose annotations cannot be read are left out.
    """
    wanted = ",".join(filter(None, (trial_jobs.SELECTOR, selector)))
    try:
        reading = _read(cluster, namespace, wanted)
    except ArenaError as error:  # no type of jobs can be read
        return Partial([], (readings.unread("training jobs", error, WITHOUT_KATIB),))
    found: dict[tuple[str, str], list[There]] = defaultdict(list)
    for one in read(reading.objects):
        found[one.job.namespace, trial_jobs.sweep_of(one.obj)].append(one)
    unread = [readings.unread(one, error, WITHOUT_KATIB) for one, error in reading.errors.items()]
    made = []
    for (_, name), several in found.items():
        try:
            made.append(assembled(several))
        except SpecError as error:  # others have changed its annotations
            unread.append(readings.unread(f"sweep {name}", error, "it is missing"))
    return Partial(made, tuple(unread))


def trials(cluster: Cluster, name: str, namespace: str) -> list[There]:
    """The trials of a sweep, in the order of their numbers; [] if there are none, or none can be read."""
    with suppress(NotAllowed):
        reading = _read(cluster, namespace, trial_jobs.selector(name))
        for error in reading.errors.values():
            if isinstance(error, Unreachable):  # trials that are not seen would run again
                raise error
        return read(reading.objects)
    return []


def names(cluster: Cluster, namespace: str) -> list[str]:
    """The names of such sweeps, for completion."""
    return [one.name for one in sweeps(cluster, namespace)]


def sweep(session: Session, name: str) -> Sweep:
    """One such sweep.

    Raises:
        NotFound: there is none of that name.
    """
    there = trials(session.cluster(), name, session.namespace)
    if not there:
        raise NotFound(f'no sweep "{name}" in namespace "{session.namespace}"', "its trials were deleted")
    return assembled(there)


def remove(removal: Removal, there: Sequence[There]) -> None:
    """Delete the trials of a sweep as part of a larger removal."""
    for one in there:
        removal.delete(one.resource, one.obj["metadata"], f"trial {one.job.name}")


def first(there: Sequence[There]) -> There:
    """The first trial, which holds the end of the sweep."""
    return min(there, key=lambda one: one.mark.number)


def assembled(there: Sequence[There]) -> Sweep:
    """The sweep that its trials form, of which there is at least one."""
    return trial_jobs.sweep([(one.obj, one.job, one.mark) for one in there])


def _read(cluster: Cluster, namespace: str | None, selector: str) -> readings.Reading:
    types = served.occupied(cluster, kinds.training_kinds(), namespace)
    return readings.read(types, lambda one: list(cluster.list(one, namespace, labels=selector)))


def read(objects: Mapping[Resource, Iterable[Object]]) -> list[There]:
    """The trials among some jobs, in the order of their numbers; those that cannot be read are left out."""
    return sorted(_there(objects), key=lambda one: one.mark.number)


def _there(objects: Mapping[Resource, Iterable[Object]]) -> Iterator[There]:
    for kind in kinds.training_kinds():
        for resource in kind.resources:
            for obj in owned(kind, {resource: objects.get(resource, ())}):
                try:
                    yield There(resource, obj, kind.read(obj, []), trial_jobs.mark_of(obj))
                except SpecError:  # others have changed its annotations
                    continue
