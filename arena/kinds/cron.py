"""Jobs that are submitted again and again on a schedule: what is asked for, what is sent, how it is read.

A Cron (of KubeDL) starts jobs of any kind, a CronJob of Kubernetes plain Jobs. The job inside is the one
that submit would send, without its name: each run has a name of its own, made of the time.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from arena import labels, units
from arena.errors import SpecError
from arena.kinds import forms, words
from arena.kinds.forms import choice
from arena.kinds.kind import Object
from arena.kinds.record import Record
from arena.kinds.schedule import FIELDS, SCHEDULE
from arena.kinds.spec import REQUIRED, option
from arena.kinds.training.base import TrainingSpec
from arena.model import Cron, Job, Phase, Run
from arena.resources import Resource

CRONS = Resource("apps.kubedl.io", "v1alpha1", "crons", kind="Cron")
ZONED = Resource("batch", "v1", "cronjobs", kind="CronJob", field="timeZone")
CRONJOBS = ZONED._replace(field="")
"""Of Kubernetes before 1.24: its schedules are in the time zone of the cluster."""
OLD_CRONJOBS = CRONJOBS._replace(version="v1beta1")
"""Of Kubernetes before 1.21."""
CARRIERS = (CRONS, CRONJOBS, OLD_CRONJOBS)

SUFFIX = "-1234567890"
"""What a run has after the name of its cron: seconds, or for CronJobs minutes, since 1970."""
_PLAIN = "job"
"""The kind of job that a CronJob starts."""
_ZONE = "CRON_TZ="
_RUN = "ARENA_RUN"
"""Variable of a run's programs: its name."""


def _time(value: object) -> str:
    word = words.text(value)
    moment = units.when(word)
    return units.rfc3339(moment) if moment else ""


def _zone(value: object) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    word, known = words.text(value), available_timezones()
    if word and known and word not in known:
        close = get_close_matches(word, known, 1)
        hint = f"did you mean {close[0]}?" if close else "write it like Europe/Berlin"
        raise SpecError(f"{words.shown(word)} is no time zone", hint)
    return word


class CronSpec(Record):
    """When and how often a job is submitted."""

    schedule: str = option(REQUIRED, "When runs start: minute hour day month weekday, or @daily", SCHEDULE)
    timezone: str = option("", "Time zone of the schedule, such as Europe/Berlin", forms.Form(_zone, "ZONE"))
    concurrency_policy: str = option(
        "Allow", "What a run does while an earlier one goes on", choice("Allow", "Forbid", "Replace")
    )
    suspend: bool = option(False, "Start no run before it is resumed")
    deadline: str = option("", "Start no run after this time (RFC 3339)", forms.Form(_time, "TIME"))
    history_limit: int = option(10, "How many runs that have ended are kept")


def carriers(kind: str, spec: CronSpec) -> tuple[Resource, ...]:
    """The types that can start jobs of a kind as it is asked for, the preferred first."""
    if kind != _PLAIN or spec.deadline:
        return (CRONS,)
    return (ZONED, CRONS) if spec.timezone else (CRONJOBS, OLD_CRONJOBS, CRONS)


def room(spec: type[TrainingSpec]) -> int:
    """How long a name may be so that those of the runs, and of what they consist of, fit."""
    return words.LONGEST - len(spec.suffix) - len(SUFFIX)


def check_name(spec: type[TrainingSpec], name: str) -> None:
    """Refuse the name of a job that leaves no room for what the names of runs end with; raises SpecError."""
    if len(name) > room(spec):
        raise SpecError(
            f"--name: {words.shown(name)} is too long: the time is added to it for each run",
            f"use at most {room(spec)} characters",
        )


def remarks(spec: CronSpec, given: str, now: datetime) -> list[str]:
    """What the user should hear about a schedule that is valid but perhaps not meant so.

    Args:
        given: the schedule as it was written.
        now: the present.
    """
    found = []
    if len(given.split()) == len(FIELDS) + 1:
        found.append(f'--schedule: it is read without its seconds, as "{spec.schedule}"')
    deadline = units.when(spec.deadline)
    if deadline and deadline <= now:
        found.append(f"--deadline {spec.deadline} is over: no run will start")
    return found


def template(resource: Resource) -> str:
    """The file under `templates/` that makes a carrier."""
    return "cron.yaml" if resource.kind == CRONS.kind else "cronjob.yaml"


def values(spec: CronSpec, job: Object, kind: str, resource: Resource) -> dict[str, Any]:
    """The values of the carrier's template.

    Args:
        spec: when and how often.
        job: the object that submit would send.
        kind: the job's kind, such as `tfjob`.
        resource: the carrier's type.
    """
    name = job["metadata"]["name"]
    notes = job["metadata"].get("annotations") or {}
    own = spread(job, name)
    own["metadata"] = {
        "labels": {**(own["metadata"].get("labels") or {}), labels.CRON: name},
        "annotations": dict(notes),
    }
    return {
        "api_version": resource.api_version,
        "name": name,
        "labels": labels.common(name, kind, "cron"),
        "annotations": {key: notes[key] for key in (labels.SUBMITTER, labels.VERSION) if key in notes},
        "policy": spec.concurrency_policy,
        "suspend": spec.suspend,
        "history": spec.history_limit,
        **(_of_cron(spec, own, name) if resource.kind == CRONS.kind else _of_cronjob(spec, own, name)),
    }


def _of_cron(spec: CronSpec, job: Object, name: str) -> dict[str, Any]:
    """What a Cron of KubeDL says in its own way, with the job that it starts."""
    zone = f"{_ZONE}{spec.timezone} " if spec.timezone else ""
    return {
        "schedule": zone + spec.schedule,
        "deadline": spec.deadline or None,
        "job_version": job["apiVersion"],
        "job_kind": job["kind"],
        "job": {**_met(job, name), "metadata": job["metadata"]},
    }


def _of_cronjob(spec: CronSpec, job: Object, name: str) -> dict[str, Any]:
    """What a CronJob says in its own way, with the Job that it starts."""
    return {
        "schedule": spec.schedule,
        "timezone": spec.timezone or None,
        "job": {"metadata": job["metadata"], "spec": _addressed(job["spec"], name)},
    }


def spread(node: Any, name: str) -> Any:
    """The node of a manifest, with pods told by what was submitted: each run has a name of its own."""
    if isinstance(node, list):
        return [spread(one, name) for one in node]
    if not isinstance(node, dict):
        return node
    if node.get(labels.JOB_NAME) == name:
        node = {labels.NAME: name, **{key: one for key, one in node.items() if key != labels.JOB_NAME}}
    return {key: spread(one, name) for key, one in node.items()}


def _addressed(spec: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The spec of a Job whose workers find those of the same run: it is the run that they are named after."""
    pod = spec["template"]["spec"]
    if not pod.get("subdomain"):
        return spec
    parts = [{**one, "env": _variables(one.get("env") or [], name)} for one in pod["containers"]]
    return {**spec, "template": {**spec["template"], "spec": {**pod, "containers": parts}}}


def _variables(env: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    first = f"{name}-0.{name}"
    run = {"name": _RUN, "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}}}
    own = {"value": f"$({_RUN})-0.{name}"}
    return [run, *({**one, **own} if one.get("value") == first else one for one in env)]


def _met(node: Any, name: str) -> Any:
    """The node of a manifest, with pods that find those of the same JobSet, whatever its name."""
    if isinstance(node, list):
        return [_met(one, name) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _met(one, name) for key, one in node.items()}
    pod = re.compile(rf"{re.escape(name)}(-[-a-z0-9]+-0-0)\.{re.escape(name)}")
    env = node.get("env")
    if isinstance(env, list) and any(pod.fullmatch(str(one.get("value", ""))) for one in env):
        run = {
            "name": _RUN,
            "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{labels.JOBSET_NAME}']"}},
        }
        host = rf"$({_RUN})\1.$({_RUN})"
        named = [{**one, "value": pod.sub(host, one["value"])} if one.get("value") else one for one in env]
        found["env"] = [run, *named]
    return found


def workload(obj: Object) -> Object:
    """The job inside a carrier, with its apiVersion and kind."""
    spec = obj.get("spec") or {}
    if _is_cronjob(obj):
        return {"metadata": {}, **spec["jobTemplate"], "apiVersion": "batch/v1", "kind": "Job"}
    made = spec.get("template") or {}
    about = {"apiVersion": made.get("apiVersion", ""), "kind": made.get("kind", "")}
    return {"metadata": {}, **(made.get("workload") or {}), **about}


def owns(obj: Object) -> bool:
    """Whether a carrier starts training jobs: of CronJobs only those that arena made."""
    own = obj["metadata"].get("labels") or {}
    return not _is_cronjob(obj) or own.get(labels.MANAGED_BY) == labels.ARENA


def _is_cronjob(obj: Object) -> bool:
    """Whether it is a CronJob; in lists objects do not say their kind."""
    return "jobTemplate" in (obj.get("spec") or {})


def selector(obj: Object) -> str:
    """The label selector that finds the runs."""
    key = labels.CRON if _is_cronjob(obj) else labels.KUBEDL_CRON
    return f"{key}={obj['metadata']['name']}"


def read(obj: Object, kind: str, jobs: Sequence[Job] = ()) -> Cron:
    """A carrier as a Cron.

    Args:
        kind: the name of its jobs' kind, "" for one that arena does not know.
        jobs: its runs that are there.
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
    """The schedule of a carrier without its time zone, and that."""
    written = str(spec.get("schedule", ""))
    prefix, _, rest = written.partition(" ")
    if prefix.startswith(_ZONE):
        return rest, prefix.removeprefix(_ZONE)
    return written, spec.get("timeZone") or ""


def _runs(history: Sequence[Mapping[str, Any]], jobs: Sequence[Job]) -> tuple[Run, ...]:
    """The runs that are there, and those of which only the history tells; the newest first."""
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
