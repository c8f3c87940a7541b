"""Cron (apps.kubedl.io/v1alpha1): a job of any kind at every moment of its schedule.

Its status keeps a history of the runs; those beyond historyLimit are deleted once they have ended.
"""

import copy
from collections.abc import Iterator
from datetime import datetime

from arena.local import definitions
from arena.local.causes import Cause, check_count, invalid, missing, unsupported
from arena.local.definitions import Definition
from arena.local.objects import JOBS, Object, Objects, Resource
from arena.local.operators import conditions, recurring, schedule
from arena.local.operators.cronjob import CRONJOBS, check_times
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.recurring import POLICIES, Plan, outcome
from arena.local.operators.writes import event, owned, write_status

CRONS = Resource("apps.kubedl.io", "v1alpha1", "crons", "Cron")
NAME = "kubedl.io/cron-name"


def operator() -> Operator:
    """The operator of Crons."""
    return of_kind(CRONS, reconcile, owns=tuple(workloads().values()))


def workloads() -> dict[tuple[str, str], Resource]:
    """(apiVersion, kind) -> type, of all that a Cron may start."""
    every = (JOBS, *(one.resource for one in definitions.every()))
    fit = (one for one in every if one.namespaced and one not in (CRONS, CRONJOBS))
    return {(one.api_version, one.kind): one for one in fit}


def reconcile(objects: Objects, cron: Object, now: datetime) -> float | None:
    """Start what is due, keep the history, and forget what ended long ago."""
    status, spec = copy.deepcopy(cron.get("status") or {}), cron["spec"]
    try:
        plan = _plan(cron)
    except ValueError as error:
        event(objects, (CRONS, cron), now, "Warning", "InvalidSchedule", f"spec: {error}")
        return None
    jobs = owned(objects, plan.runs, cron)
    recurring.tell_ended(objects, plan, jobs, status, now)
    delay = None if spec.get("suspend") else recurring.advance(objects, plan, jobs, status, now)
    recurring.note_active(plan, jobs, status)
    limit = spec.get("historyLimit")
    status["history"] = _history(plan.runs, jobs, status.get("history") or [], limit)
    recurring.prune(objects, plan.runs, [one for one in jobs if outcome(one)], limit)
    write_status(objects, CRONS, cron, status)
    return delay


def _plan(cron: Object) -> Plan:
    """What it asks for.

    Raises:
        ValueError: its schedule or deadline cannot be read, or its kind of job is not known here.
    """
    spec, name = cron["spec"], cron["metadata"]["name"]
    wanted = spec["template"].get("apiVersion", ""), spec["template"].get("kind", "")
    resource = workloads().get(wanted)
    if resource is None:
        raise ValueError(f"there is no {wanted[1]} of {wanted[0]} here")
    return Plan(
        parent=(CRONS, cron),
        runs=resource,
        schedule=schedule.parse(spec["schedule"]),
        policy=spec.get("concurrencyPolicy") or "Allow",
        until=_moment(spec["deadline"]) if spec.get("deadline") else None,
        name=lambda due: f"{name}-{int(due.timestamp())}",
        body=lambda due: _workload(cron, resource),
    )


def _workload(cron: Object, resource: Resource) -> Object:
    template = copy.deepcopy(cron["spec"]["template"].get("workload") or {})
    meta = template.get("metadata") or {}
    labels = {**(meta.get("labels") or {}), NAME: cron["metadata"]["name"]}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"labels": labels, "annotations": dict(meta.get("annotations") or {})},
        "spec": template.get("spec") or {},
    }


def _moment(text: str) -> datetime:
    """A time of RFC 3339.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("a time must say its time zone, as in 2026-01-31T12:00:00Z")
    return moment


def _history(resource: Resource, jobs: list[Object], known: list[Object], limit: int | None) -> list[Object]:
    """One record a run, the oldest first; of runs that are gone, what was last known."""
    records = {one["object"]["name"]: one for one in known}
    for job in jobs:
        record = _record(resource, job)
        records[record["object"]["name"]] = record
    ordered = sorted(records.values(), key=lambda one: (one.get("created", ""), one["object"]["name"]))
    return ordered if limit is None else ordered[max(0, len(ordered) - limit) :]


def _record(resource: Resource, job: Object) -> Object:
    about = {"apiGroup": resource.group, "kind": resource.kind, "name": job["metadata"]["name"]}
    state = outcome(job) or conditions.latest(job) or conditions.CREATED
    record = {"object": about, "status": state, "created": job["metadata"]["creationTimestamp"]}
    ended = recurring.finished_at(job) if outcome(job) else None
    return {**record, "finished": ended} if ended else record


def _check(obj: Object) -> Iterator[Cause]:
    """What would never run."""
    spec = obj["spec"]
    yield from check_times(spec["schedule"], None)
    if spec.get("concurrencyPolicy") not in (None, "", *POLICIES):
        yield unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], POLICIES)
    yield from check_count("spec.historyLimit", spec.get("historyLimit"))
    if spec.get("deadline") is not None:
        try:
            _moment(spec["deadline"])
        except ValueError as error:
            yield invalid("spec.deadline", spec["deadline"], str(error))
    if not isinstance(spec["template"].get("workload"), dict):
        yield missing("spec.template.workload")
    if (spec["template"].get("apiVersion", ""), spec["template"].get("kind", "")) not in workloads():
        kinds = sorted({kind for _, kind in workloads()})
        yield unsupported("spec.template.kind", spec["template"].get("kind", ""), kinds)


SHAPES = """
Cron metadata:ObjectMeta spec:CronSpec! status:any
CronSpec schedule:s! concurrencyPolicy:s suspend:b deadline:s historyLimit:i template:CronTemplate!
CronTemplate apiVersion:s kind:s workload:any
"""


def _state(obj: Object) -> str:
    history = (obj.get("status") or {}).get("history") or []
    return str(history[-1]["status"]) if history else ""


DEFINITIONS = (Definition(resource=CRONS, shapes=SHAPES, check=_check, columns=(("State", _state),)),)
