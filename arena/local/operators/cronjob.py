"""CronJob (batch/v1): a Job at every moment of its schedule.

Runs missed while the server was down are made up for by one, unless startingDeadlineSeconds says
that it is too late.
"""

import copy
from collections.abc import Iterator
from datetime import datetime

from arena.local.causes import LABEL, Cause, check_count, invalid, unsupported
from arena.local.definitions import Definition
from arena.local.objects import JOBS, Object, Objects, Resource
from arena.local.operators import recurring, schedule
from arena.local.operators.clock import stamp
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.recurring import POLICIES, Plan, outcome
from arena.local.operators.writes import event, owned, write_status

CRONJOBS = Resource("batch", "v1", "cronjobs", "CronJob")
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
LONGEST = 52
"""Characters of a name: a run's has eleven more."""


def operator() -> Operator:
    """The operator of CronJobs."""
    return of_kind(CRONJOBS, reconcile, owns=(JOBS,))


def reconcile(objects: Objects, cron: Object, now: datetime) -> float | None:
    """Start what is due, note what goes on, and forget what ended long ago."""
    status, spec = copy.deepcopy(cron.get("status") or {}), cron["spec"]
    try:
        plan = _plan(cron)
    except ValueError as error:
        event(objects, (CRONJOBS, cron), now, "Warning", "InvalidSchedule", f"spec.schedule: {error}")
        return None
    jobs = owned(objects, JOBS, cron)
    recurring.tell_ended(objects, plan, jobs, status, now)
    delay = None if spec.get("suspend") else recurring.advance(objects, plan, jobs, status, now)
    for word, field in (("Succeeded", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        recurring.prune(objects, JOBS, [one for one in jobs if outcome(one) == word], spec.get(field))
    recurring.note_active(plan, jobs, status)
    ends = [recurring.finished_at(one) for one in jobs if outcome(one) == "Succeeded"]
    if newest := max([*filter(None, ends), status.get("lastSuccessfulTime", "")]):
        status["lastSuccessfulTime"] = newest
    write_status(objects, CRONJOBS, cron, status)
    return delay


def _plan(cron: Object) -> Plan:
    spec, name = cron["spec"], cron["metadata"]["name"]
    return Plan(
        parent=(CRONJOBS, cron),
        runs=JOBS,
        schedule=schedule.parse(spec["schedule"], spec.get("timeZone") or ""),
        policy=spec.get("concurrencyPolicy", "Allow"),
        patience=spec.get("startingDeadlineSeconds"),
        name=lambda due: f"{name}-{int(due.timestamp()) // 60}",
        body=lambda due: _job(spec["jobTemplate"], due),
    )


def _job(template: Object, due: datetime) -> Object:
    meta = template.get("metadata") or {}
    notes = {**(meta.get("annotations") or {}), SCHEDULED: stamp(due)}
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {"labels": dict(meta.get("labels") or {}), "annotations": notes},
        "spec": copy.deepcopy(template["spec"]),
    }


def _check(obj: Object) -> Iterator[Cause]:
    """What the API refuses in a CronJob."""
    name, spec = obj["metadata"]["name"], obj["spec"]
    if len(name) > LONGEST or not LABEL.fullmatch(name):
        yield invalid("metadata.name", name, f"must be a DNS label of no more than {LONGEST} characters")
    yield from check_times(spec["schedule"], spec.get("timeZone"))
    if spec.get("concurrencyPolicy") not in (None, *POLICIES):
        yield unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], POLICIES)
    for field in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        yield from check_count(f"spec.{field}", spec.get(field))
    restart = spec["jobTemplate"]["spec"]["template"]["spec"].get("restartPolicy")
    if restart not in ("OnFailure", "Never"):
        path = "spec.jobTemplate.spec.template.spec.restartPolicy"
        yield unsupported(path, restart or "Always", ("OnFailure", "Never"))


def check_times(text: str, zone: str | None) -> Iterator[Cause]:
    """What is wrong with a schedule and its time zone, where that has a field of its own."""
    if zone is not None:
        try:
            schedule.time_zone(zone)
        except ValueError as error:
            yield invalid("spec.timeZone", zone, str(error))
        if "TZ" in text:
            yield invalid(
                "spec.schedule", text, "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            )
    try:
        schedule.parse(text)
    except ValueError as error:
        yield invalid("spec.schedule", text, str(error))


def _fill(obj: Object) -> None:
    spec = obj["spec"]
    defaults = {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    for field, value in defaults.items():
        if spec.get(field) is None:
            spec[field] = value


SHAPES = """
CronJob metadata:ObjectMeta spec:CronJobSpec! status:any
CronJobSpec schedule:s! timeZone:s startingDeadlineSeconds:i concurrencyPolicy:s suspend:b \
jobTemplate:JobTemplateSpec! successfulJobsHistoryLimit:i failedJobsHistoryLimit:i
JobTemplateSpec metadata:ObjectMeta spec:JobSpec!
"""

DEFINITIONS = (
    Definition(
        resource=CRONJOBS,
        shapes=SHAPES,
        check=_check,
        columns=(
            ("Schedule", lambda obj: obj["spec"].get("schedule")),
            ("Timezone", lambda obj: obj["spec"].get("timeZone") or "<none>"),
            ("Suspend", lambda obj: str(bool(obj["spec"].get("suspend")))),
            ("Active", lambda obj: len((obj.get("status") or {}).get("active") or [])),
            ("Last Schedule", lambda obj: (obj.get("status") or {}).get("lastScheduleTime") or "<none>"),
        ),
        short=("cj",),
        fill=_fill,
        custom=False,
    ),
)
