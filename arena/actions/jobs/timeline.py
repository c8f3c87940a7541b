"""Where the time of a job went, stage by stage, and against its earlier runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from arena import labels, units
from arena.actions.diagnosis import events
from arena.actions.jobs import find, listing
from arena.errors import ArenaError
from arena.kinds.kind import Kind
from arena.kube import LogQuery
from arena.model import timelines
from arena.model.events import Event
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.model.timelines import Milestones, Stage, Timeline
from arena.parallel import thread_pool
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

LOGS = 16
"""At most so many logs are asked for their first line."""
EARLIER = 10
"""At most so many earlier runs are compared."""


def timeline(session: Session, name: str, *, kind: Kind | str | None = None) -> Timeline:
    """Return the stages of a job from its submission to its end.

    Earlier runs are jobs of the same kind that run the same command in the same image. Events and logs that
    cannot be read leave out the stages that only they tell.

    Raises:
        NotFound, SpecError: as `job`.
    """
    cluster = session.cluster()
    job = find.job(session, name, kind=kind)
    told = _events(session)
    first = _first_lines(cluster, job.instances)
    times = {name: one._replace(spoke=first.get(name)) for name, one in _known(job, told).items()}
    alone = {instance: tuple(timelines.stages(None, one)) for instance, one in times.items()}
    now = session.now()
    earlier = _earlier(job, listing.jobs(session, kind=job.kind))
    return Timeline(
        name=job.name,
        namespace=job.namespace,
        kind=job.kind,
        status=job.phase.value,
        reason=job.reason,
        stages=tuple(
            one._replace(last=timelines.laggard(one.name, alone, now)) for one in _of_job(job, times)
        ),
        instances=alone,
        usual=timelines.medians([_of_job(one, _known(one, told)) for one in earlier]),
        runs=tuple(one.name for one in earlier),
    )


def _of_job(job: Job, times: Mapping[str, Milestones]) -> list[Stage]:
    """The stages of a job, from the milestones of its instances."""
    whole = timelines.together(times)
    if not times:
        whole = Milestones(created=job.finished and job.started)  # its pods are gone
    elif len(times) < job.wanted and not job.phase.is_final:
        whole = Milestones()
    return timelines.stages(job.created, whole._replace(finished=job.finished))


def _known(job: Job, told: Mapping[str, Sequence[Event]]) -> dict[str, Milestones]:
    return {one.name: _milestones(one, told) for one in job.instances}


def _milestones(instance: Instance, told: Mapping[str, Sequence[Event]]) -> Milestones:
    """What the instance and its events tell."""
    # A later pod may have the name of an earlier one.
    known = told.get(f"pod/{instance.name}", ())
    found = [one for one in known if one.first and instance.created and one.first >= instance.created]
    pulling = [one.first for one in found if one.first and one.reason == "Pulling"]
    pulled = [one.last for one in found if one.reason == "Pulled" and one.last]
    began = [one.first for one in found if one.reason == "Started" and one.first]
    main = instance.main
    started = main.started if main else None
    if main and main.restarts and began:
        started = min(began)  # of its first run
    return Milestones(
        created=instance.created,
        placed=instance.started,
        prepared=min(pulling) if pulling else None,
        pulled=max(pulled) if pulling and pulled else None,
        started=started,
        finished=instance.finished,
    )


def _events(session: Session) -> dict[str, list[Event]]:
    """The events of the namespace, by the object that they are about."""
    found: dict[str, list[Event]] = {}
    with suppress(ArenaError):  # without them, some stages are shown as one
        for event in events.events(session):
            found.setdefault(event.subject, []).append(event)
    return found


def _first_lines(cluster: Cluster, instances: Sequence[Instance]) -> dict[str, datetime]:
    """When the instances that run for the first time logged their first line; at once, if that is unknown."""
    asked = [one for one in instances if one.main and one.main.started and not one.main.restarts]
    if len(asked) > LOGS:
        return {one.name: one.main.started for one in asked if one.main and one.main.started}
    with thread_pool() as pool:
        tasks = {one.name: pool.submit(_first_line, cluster, one) for one in asked}
        found = {name: task.result() for name, task in tasks.items()}
    return {name: at for name, at in found.items() if at}


def _first_line(cluster: Cluster, instance: Instance) -> datetime | None:
    assert instance.main
    query = LogQuery(container=instance.main.name, timestamps=True)
    try:
        with closing(cluster.logs(instance.namespace, instance.name, query)) as lines:
            for line in lines:
                return units.when(line.split(b" ", 1)[0].decode(errors="replace"))
    except ArenaError:
        return instance.main.started
    return None


def _earlier(job: Job, others: Iterable[Job]) -> list[Job]:
    """The last earlier jobs with the same image and command, the newest first."""
    same = _program(job)
    return [
        one
        for one in others
        if same and one.uid != job.uid and _program(one) == same and not by_age(one) > by_age(job)
    ][:EARLIER]


def _program(job: Job) -> tuple[object, object] | None:
    """The image and the command; None if they are not recorded."""
    try:
        spec = json.loads(job.annotations.get(labels.SPEC) or "null")
    except (ValueError, RecursionError):  # edited by others
        return None
    return (spec.get("image"), spec.get("command")) if isinstance(spec, dict) else None
