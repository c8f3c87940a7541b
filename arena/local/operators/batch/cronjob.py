"""CronJob (batch/v1) starts a Job at every moment of its schedule.

Of the runs missed while the server was down, only one is started, unless startingDeadlineSeconds has passed.
"""

import copy
from collections.abc import Iterator
from datetime import datetime

from arena.local.checks import at_least, enum, fields, mapping
from arena.local.definitions import Definition
from arena.local.field_errors import FieldError, invalid, missing, unsupported
from arena.local.machinery.clock import stamp
from arena.local.machinery.operator import Operator
from arena.local.objects import JOBS, Object, Resource
from arena.local.operators.batch import job_validation, recurring, schedule
from arena.local.operators.batch.recurring import POLICIES, Recurrence, RecurringJob

CRONJOBS = Resource("batch", "v1", "cronjobs", "CronJob")
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
LONGEST = 52
"""Characters of a name: a run's has eleven more."""


def operator() -> Operator:
    """The operator of CronJobs."""
    return CronJob.operator(owns=(JOBS,))


class CronJob(RecurringJob):
    """One pass over one CronJob."""

    resource = CRONJOBS
    field = "spec.schedule"

    def read(self) -> Recurrence:
        """Read the spec."""
        spec = self.obj["spec"]
        return Recurrence(
            runs=JOBS,
            schedule=schedule.parse(spec["schedule"], spec.get("timeZone") or ""),
            policy=spec.get("concurrencyPolicy", "Allow"),
            patience=spec.get("startingDeadlineSeconds"),
        )

    def name(self, due: datetime) -> str:
        """The name of the run of that moment, in minutes."""
        return f"{self.obj['metadata']['name']}-{int(due.timestamp()) // 60}"

    def body(self, due: datetime) -> Object:
        """A Job as the template describes it."""
        template = self.obj["spec"]["jobTemplate"]
        meta = template.get("metadata") or {}
        notes = {**(meta.get("annotations") or {}), SCHEDULED: stamp(due)}
        return {
            "metadata": {"labels": dict(meta.get("labels") or {}), "annotations": notes},
            "spec": copy.deepcopy(template["spec"]),
        }

    def keep_history(self) -> None:
        """Write when a run succeeded last, and delete old runs by the two limits."""
        spec, outcomes = self.obj["spec"], [(run, self.outcome(run)) for run in self.runs]
        for word, field in (
            ("Succeeded", "successfulJobsHistoryLimit"),
            ("Failed", "failedJobsHistoryLimit"),
        ):
            self.prune([run for run, outcome in outcomes if outcome.word == word], spec.get(field))
        ends = [outcome.time for _, outcome in outcomes if outcome.word == "Succeeded"]
        if newest := max([*filter(None, ends), self.status.get("lastSuccessfulTime", "")]):
            self.status["lastSuccessfulTime"] = newest


_spec = fields(
    {
        "concurrencyPolicy": enum(*POLICIES),
        "failedJobsHistoryLimit": at_least(0),
        "startingDeadlineSeconds": at_least(0),
        "successfulJobsHistoryLimit": at_least(0),
    }
)


def _check(obj: Object) -> Iterator[FieldError]:
    """Yield what the API refuses in a CronJob."""
    name, spec = obj["metadata"]["name"], obj["spec"]
    if len(name) > LONGEST:
        yield invalid("metadata.name", name, f"must be no more than {LONGEST} characters")
    yield from _spec("spec", spec)
    if not spec.get("schedule"):
        yield missing("spec.schedule")
    else:
        yield from check_times(spec["schedule"], spec.get("timeZone"))
    where, job = "spec.jobTemplate.spec", mapping(mapping(spec.get("jobTemplate")).get("spec"))
    yield from job_validation.check_spec(where, job)
    if job.get("selector") is not None:
        yield invalid(f"{where}.selector", job["selector"], "`selector` will be auto-generated")
    if job.get("manualSelector"):
        yield unsupported(f"{where}.manualSelector", True, ("nil", "false"))


def check_times(text: str, zone: str | None) -> Iterator[FieldError]:
    """Yield the errors of a schedule, and of its time zone if that has its own field."""
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


DEFINITIONS = (
    Definition(
        resource=CRONJOBS,
        check=_check,
        columns=(
            ("Schedule", lambda obj: obj["spec"].get("schedule")),
            ("Timezone", lambda obj: obj["spec"].get("timeZone") or "<none>"),
            ("Suspend", lambda obj: str(bool(obj["spec"].get("suspend")))),
            ("Active", lambda obj: len((obj.get("status") or {}).get("active") or [])),
            ("Last Schedule", lambda obj: (obj.get("status") or {}).get("lastScheduleTime") or "<none>"),
        ),
        short=("cj",),
        custom=False,
        scheduled=recurring.is_scheduled,
    ),
)
