"""Crons start jobs on a schedule: their options, what is sent, and how they are read.

A Cron of KubeDL starts jobs of any kind, and a CronJob of Kubernetes starts plain Jobs. Both are called
carriers here. The job inside is what a submit would create, except for its name: each run has a name of its
own, which contains the time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from arena import labels, units
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.kind import Kind, Object
from arena.kinds.option_types import choice
from arena.kinds.record import Record
from arena.kinds.schedule import FIELDS, SCHEDULE
from arena.kinds.spec import REQUIRED, option
from arena.kinds.training.specs.base.spec import TrainingSpec
from arena.model.crons import Cron, Run
from arena.model.jobs import Job, Phase
from arena.resources import Resource

CRONS = Resource("apps.kubedl.io", "v1alpha1", "crons", kind="Cron")
ZONED = Resource("batch", "v1", "cronjobs", kind="CronJob", field="timeZone")
CRONJOBS = ZONED._replace(field="")
"""Of Kubernetes before 1.24: its schedules are in the time zone of the cluster."""
OLD_CRONJOBS = CRONJOBS._replace(version="v1beta1")
"""Of Kubernetes before 1.21."""
CARRIERS = (CRONS, CRONJOBS, OLD_CRONJOBS)

SUFFIX = "-1234567890"
"""What the name of a run appends to that of its cron: seconds since 1970, or minutes for CronJobs."""
_ZONE = "CRON_TZ="


def _time(value: object) -> str:
    word = validators.text(value)
    moment = units.when(word)
    return units.rfc3339(moment) if moment else ""


def _zone(value: object) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    word, known = validators.text(value), available_timezones()
    if word and known and word not in known:
        close = get_close_matches(word, known, 1)
        hint = f"did you mean {close[0]}?" if close else "write it like Europe/Berlin"
        raise SpecError(f"{validators.shown(word)} is not a time zone", hint)
    return word


class CronSpec(Record):
    """The options of a schedule."""

    schedule: str = option(
        REQUIRED, "Schedule: minute hour day month weekday, or a word such as @daily", SCHEDULE
    )
    timezone: str = option(
        "", "Time zone of the schedule, such as Europe/Berlin", types.OptionType(_zone, "ZONE")
    )
    concurrency_policy: str = option(
        "Allow", "What happens if an earlier run is still active", choice("Allow", "Forbid", "Replace")
    )
    suspend: bool = option(False, "Create the cron suspended")
    deadline: str = option("", "Start no run after this time (RFC 3339)", types.OptionType(_time, "TIME"))
    history_limit: int = option(10, "Number of ended runs to keep")


def carriers(kind: Kind, spec: CronSpec) -> tuple[Resource, ...]:
    """The types that can start jobs of a kind on such a schedule, the preferred one first."""
    if not starts_as_job(kind) or spec.deadline:
        return (CRONS,)
    return (ZONED, CRONS) if spec.timezone else (CRONJOBS, OLD_CRONJOBS, CRONS)


def starts_as_job(kind: Kind) -> bool:
    """Whether jobs of the kind are Jobs of Kubernetes, which CronJobs start."""
    return (kind.resources[0].group, kind.resources[0].kind) == ("batch", "Job")


def room(spec: type[TrainingSpec]) -> int:
    """Maximum length of a name, so that the names of runs and their pods fit."""
    return validators.LONGEST - len(spec.suffix) - len(SUFFIX)


def check_name(spec: type[TrainingSpec], name: str) -> None:
    """Raise SpecError if the names of runs would be too long."""
    if len(name) > room(spec):
        raise SpecError(
            f"--name: {validators.shown(name)} is too long, because the name of each run appends the time",
            f"use at most {room(spec)} characters",
        )


def remarks(spec: CronSpec, given: str, now: datetime) -> list[str]:
    """Warnings about a schedule that is valid but perhaps not intended.

    Args:
        given: the schedule as it was written.
        now: the present.
    """
    found = []
    if len(given.split()) == len(FIELDS) + 1:
        found.append(f'--schedule: the seconds are ignored; the schedule is "{spec.schedule}"')
    deadline = units.when(spec.deadline)
    if deadline and deadline <= now:
        found.append(f"--deadline {spec.deadline} is in the past: no run will start")
    return found


def template(resource: Resource) -> str:
    """The file under `templates/` for a type of carrier."""
    return "cron.yaml" if resource.kind == CRONS.kind else "cronjob.yaml"


def values(spec: CronSpec, job: Object, kind: str, resource: Resource) -> dict[str, Any]:
    """The values of the carrier's template.

    Args:
        spec: the schedule.
        job: the object that a submit would create.
        kind: the name of its kind, such as `tfjob`.
        resource: the type of the carrier.
    """
    name = job["metadata"]["name"]
    notes = job["metadata"].get("annotations") or {}
    marks = {**(job["metadata"].get("labels") or {}), labels.CRON: name}
    run = {**job, "metadata": {"labels": marks, "annotations": dict(notes)}}
    return {
        "api_version": resource.api_version,
        "name": name,
        "labels": labels.common(name, kind, "cron"),
        "annotations": {key: notes[key] for key in (labels.SUBMITTER, labels.VERSION) if key in notes},
        "policy": spec.concurrency_policy,
        "suspend": spec.suspend,
        "history": spec.history_limit,
        **(_of_cron(spec, run) if resource.kind == CRONS.kind else _of_cronjob(spec, run)),
    }


def _of_cron(spec: CronSpec, run: Object) -> dict[str, Any]:
    """The values of the template of a Cron alone."""
    zone = f"{_ZONE}{spec.timezone} " if spec.timezone else ""
    return {
        "schedule": zone + spec.schedule,
        "deadline": spec.deadline or None,
        "job_version": run["apiVersion"],
        "job_kind": run["kind"],
        "job": run,
    }


def _of_cronjob(spec: CronSpec, run: Object) -> dict[str, Any]:
    """The values of the template of a CronJob alone."""
    return {
        "schedule": spec.schedule,
        "timezone": spec.timezone or None,
        "job": {"metadata": run["metadata"], "spec": run["spec"]},
    }


def workload(obj: Object) -> Object:
    """The job inside a carrier, with its apiVersion and kind."""
    spec = obj.get("spec") or {}
    if _is_cronjob(obj):
        return {"metadata": {}, **spec["jobTemplate"], "apiVersion": "batch/v1", "kind": "Job"}
    made = spec.get("template") or {}
    about = {"apiVersion": made.get("apiVersion", ""), "kind": made.get("kind", "")}
    return {"metadata": {}, **(made.get("workload") or {}), **about}


def owns(obj: Object) -> bool:
    """Whether a carrier starts training jobs; CronJobs that arena did not create count as something else."""
    own = obj["metadata"].get("labels") or {}
    return not _is_cronjob(obj) or own.get(labels.MANAGED_BY) == labels.ARENA


def _is_cronjob(obj: Object) -> bool:
    """Whether it is a CronJob; objects in lists do not contain their kind."""
    return "jobTemplate" in (obj.get("spec") or {})


def selector(obj: Object) -> str:
    """The label selector that finds the runs."""
    key = labels.CRON if _is_cronjob(obj) else labels.KUBEDL_CRON
    return f"{key}={obj['metadata']['name']}"


def read(obj: Object, kind: str, jobs: Sequence[Job] = ()) -> Cron:
    """A carrier as a Cron.

    Args:
        kind: the name of its jobs' kind; "" if arena does not know it.
        jobs: its existing runs.
    """
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    job = workload(obj)
    schedule, zone = _timing(spec)
    return Cron(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        uid=meta.get("uid", ""),
        kind=kind,
        type=job["kind"],
        group=job["apiVersion"].rpartition("/")[0],
        schedule=schedule,
        timezone=zone,
        suspended=bool(spec.get("suspend")),
        policy=spec.get("concurrencyPolicy") or "Allow",
        deadline=units.when(spec.get("deadline")),
        history_limit=spec.get("historyLimit", spec.get("successfulJobsHistoryLimit")),
        active=len(status.get("active") or ()),
        created=units.when(meta.get("creationTimestamp")),
        last=units.when(status.get("lastScheduleTime")),
        submitter=(meta.get("annotations") or {}).get(labels.SUBMITTER, ""),
        managed=labels.managed(meta.get("labels") or {}),
        runs=_runs(status.get("history") or (), jobs),
    )


def _timing(spec: Mapping[str, Any]) -> tuple[str, str]:
    """The schedule of a carrier without the time zone, and the time zone."""
    written = str(spec.get("schedule", ""))
    prefix, _, rest = written.partition(" ")
    if prefix.startswith(_ZONE):
        return rest, prefix.removeprefix(_ZONE)
    return written, spec.get("timeZone") or ""


def _runs(history: Sequence[Mapping[str, Any]], jobs: Sequence[Job]) -> tuple[Run, ...]:
    """The existing runs and those that only the history contains, the newest first."""
    found = {one["object"]["name"]: _remembered(one) for one in history if one.get("object")}
    for job in jobs:
        found[job.name] = Run(
            name=job.name, phase=job.phase, reason=job.reason, created=job.created, finished=job.finished
        )
    return tuple(sorted(found.values(), key=units.by_age, reverse=True))


def _remembered(record: Mapping[str, Any]) -> Run:
    phases = {"Succeeded": Phase.SUCCEEDED, "Failed": Phase.FAILED, "Running": Phase.RUNNING}
    phases |= {"Restarting": Phase.RESTARTING, "": Phase.PENDING, "Created": Phase.PENDING}
    return Run(
        name=record["object"]["name"],
        phase=phases.get(record.get("status", ""), Phase.UNKNOWN),
        created=units.when(record.get("created")),
        finished=units.when(record.get("finished")),
    )
