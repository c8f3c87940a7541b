"""Jobs that have ended, as if they were trials: values from their options, metrics from their logs.

The jobs stay as they are. Each trial holds what was read of them, so no crash and no deletion loses it.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena.actions.jobs import find as jobs_found
from arena.actions.jobs import records
from arena.actions.sweeps.foreground import observer
from arena.actions.sweeps.foreground.find import There
from arena.actions.sweeps.foreground.observer import Broken, Ended, Event, Reported, Values
from arena.errors import Conflict, NotFound, SpecError, aimed
from arena.kinds import shell
from arena.kinds.kind import Kind
from arena.kinds.spec import plain, spellings
from arena.kinds.sweeps import metrics_file, placeholders, trial_jobs, trial_results
from arena.kinds.sweeps.imports import Imported
from arena.kinds.sweeps.spec import SweepSpec
from arena.model.jobs import Job
from arena.search.assignments import SearchError
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.session import Session

LONGEST = 20_000
"""The length of an option that is compared with the one of a sweep."""
MOST = 200
"""The number of jobs that a sweep knows."""


class Like(NamedTuple):
    """The sweep whose trials the jobs resemble."""

    kind: Kind
    options: Mapping[str, Any]
    """The options of its jobs, with placeholders."""
    spec: SweepSpec


def jobs(
    session: Session, like: Like, names: Sequence[str], values: Mapping[str, str] | None = None
) -> tuple[Imported, ...]:
    """Read jobs that have ended.

    Args:
        values: of parameters, which the options of the jobs do not tell.

    Raises:
        NotFound: there is no such job.
        Conflict: a job has not succeeded.
        SpecError: its values are unknown or not in the space, or it reported no metric.
    """
    if len(names) > MOST:
        raise SpecError(f"{len(names)} jobs are too many to import", f"name at most {MOST}")
    return tuple(_read(session, like, name, values or {}) for name in dict.fromkeys(names))


def tell(session: Session, there: Sequence[There], more: Sequence[Imported]) -> None:
    """Write what was read of jobs on each trial of a sweep, also while others change these.

    Raises:
        NotFound: all trials are gone.
    """
    told = [_told(session, one, more) for one in there]
    if not any(told):
        raise NotFound(f'no sweep "{trial_jobs.sweep_of(there[0].obj)}" any more', "its trials were deleted")


def _told(session: Session, one: There, more: Sequence[Imported]) -> bool:
    cluster, where = session.cluster(), (one.resource, one.job.namespace, one.job.name)
    while True:
        try:
            obj = cluster.get(*where)
            body = trial_jobs.importing(trial_jobs.mark_of(obj), more)
            body["metadata"]["resourceVersion"] = obj["metadata"]["resourceVersion"]
            cluster.patch(*where, body)
        except NotFound:
            return False
        except Conflict:  # its result was recorded, or the sweep was extended
            continue
        return True


def _read(session: Session, like: Like, name: str, values: Mapping[str, str]) -> Imported:
    kind, _, obj = jobs_found.find(session.cluster(), name, session.namespace)
    job = kind.read(obj, [])
    where = aimed(name, session.namespace)
    if not job.phase.is_final:
        raise Conflict(f'job "{name}" is {job.phase.value}', f"wait for its end: arena wait {where}")
    parameters = like.spec.parameters
    alone = {one.name: one.first() for one in parameters if one.count() == 1 and not one.condition}
    try:
        assignments = like.spec.space.check({**alone, **_values(like, obj), **values})
    except SearchError as error:
        raise SpecError(
            f'job "{name}" cannot be imported: {error}',
            "give what its options do not tell: arena sweep import SWEEP JOB --set PARAM=VALUE",
        ) from error
    result = trial_results.result(_reported(session, kind, job, like.spec), like.spec, job)
    if result.state != "succeeded":
        raise SpecError(f'job "{name}" cannot be imported: {result.reason}', f"arena logs {where}")
    wanted = [one.metric for one in like.spec.goals]
    return Imported(job=name, assignments=assignments, metrics={one: result.metrics[one] for one in wanted})


def _reported(session: Session, kind: Kind, job: Job, spec: SweepSpec) -> Mapping[str, Sequence[float]]:
    """What a job has reported in its output, by metric."""
    events: queue.Queue[Event] = queue.Queue()
    reported = Values()
    observer.observe(session.cluster(), kind, job, 0, metrics_file.reader(spec), events.put)
    while True:
        event = events.get()
        if isinstance(event, Broken):
            raise event.error
        if isinstance(event, Reported):
            reported.add(event)
        if isinstance(event, Ended):
            return reported.of(event.job or job)


def _values(like: Like, obj: Mapping[str, Any]) -> dict[str, str]:
    """The values of parameters that the options of a job tell."""
    try:
        known = dict(_texts(like.kind, records.options(obj)))
    except NotFound:  # others created it
        return {}
    found: dict[str, str] = {}
    for at, template in _texts(like.kind, like.options):
        text = known.get(at, "")
        if text and len(text) < LONGEST and any(placeholders.names(template)):
            is_command = at[0] == "command"
            made = placeholders.values_of(text, template, is_command=is_command)
            found |= made or (dict(_flagged(text, template)) if is_command else {})
    return found


def _flagged(command: str, template: str) -> Iterator[tuple[str, str]]:
    """The values of options of a command that have the names of the placeholders."""
    for name in set(placeholders.names(template)):
        value = placeholders.value_of(command, placeholders.flags(name))
        if value is not None:
            yield name, value


def _texts(kind: Kind, options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts of options by their places, such as ("env", "LR")."""
    known = spellings(kind.spec)
    for key, value in options.items():
        if one := known.get(plain(key)):
            whole = shell.command(value) if one.type.positional else value
            yield from _below((one.name,), whole)


def _below(at: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _below((*at, str(key)), one)
    elif isinstance(value, (list, tuple)):
        yield from _entries(at, value)
    elif isinstance(value, (str, int, float)):
        yield at, str(value)


def _entries(at: tuple[str, ...], values: Iterable[Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for number, one in enumerate(values):
        name, equals, text = str(one).partition("=")
        yield (*at, name if equals else str(number)), text if equals else name
