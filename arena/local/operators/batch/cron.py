"""Cron (apps.kubedl.io/v1alpha1) starts a job of any kind at every moment of its schedule.

Its status keeps a history of the runs; those beyond historyLimit are deleted once they have ended.
"""

import copy
from collections.abc import Iterator
from datetime import datetime

from arena.local import definitions
from arena.local.definitions import Definition
from arena.local.field_errors import FieldError, check_count, missing, unsupported
from arena.local.machinery import conditions
from arena.local.machinery.operator import Operator
from arena.local.objects import JOBS, Object, Resource
from arena.local.operators.batch import recurring, schedule
from arena.local.operators.batch.cronjob import check_times
from arena.local.operators.batch.recurring import POLICIES, Recurrence, RecurringJob

CRONS = Resource("apps.kubedl.io", "v1alpha1", "crons", "Cron")
NAME = "kubedl.io/cron-name"


def operator() -> Operator:
    """The operator of Crons."""
    return Cron.operator(owns=tuple(workloads().values()))


def workloads() -> dict[tuple[str, str], Resource]:
    """The types that a Cron may start, by apiVersion and kind."""
    defined = (one.resource for one in definitions.every() if one.scheduled is None)
    found = (one for one in (JOBS, *defined) if one.namespaced)
    return {(one.api_version, one.kind): one for one in found}


class Cron(RecurringJob):
    """One pass over one Cron."""

    resource = CRONS

    def read(self) -> Recurrence:
        """Read the spec.

        Raises:
            ValueError: its schedule or deadline cannot be read, or there is no operator of its kind of job.
        """
        spec = self.obj["spec"]
        version, kind = spec["template"].get("apiVersion", ""), spec["template"].get("kind", "")
        runs = workloads().get((version, kind))
        if runs is None:
            raise ValueError(f"the local cluster has no {kind} of {version}")
        return Recurrence(
            runs=runs,
            schedule=schedule.parse(spec["schedule"]),
            policy=spec.get("concurrencyPolicy") or "Allow",
            until=_moment(spec["deadline"]) if spec.get("deadline") else None,
        )

    def name(self, due: datetime) -> str:
        """The name of the run of that moment, in seconds."""
        return f"{self.obj['metadata']['name']}-{int(due.timestamp())}"

    def body(self, due: datetime) -> Object:
        """A job as the template describes it."""
        template = copy.deepcopy(self.obj["spec"]["template"].get("workload") or {})
        meta = template.get("metadata") or {}
        labels = {**(meta.get("labels") or {}), NAME: self.obj["metadata"]["name"]}
        return {
            "metadata": {"labels": labels, "annotations": dict(meta.get("annotations") or {})},
            "spec": template.get("spec") or {},
        }

    def keep_history(self) -> None:
        """Write one record for each run, the oldest first; for deleted runs the last known state."""
        limit = self.obj["spec"].get("historyLimit")
        records = {str(_name(one)): one for one in self.status.get("history") or [] if _name(one)}
        records |= {run["metadata"]["name"]: self._record(run) for run in self.runs}
        ordered = sorted(records.values(), key=lambda one: (one.get("created", ""), str(_name(one))))
        self.status["history"] = ordered if limit is None else ordered[max(0, len(ordered) - limit) :]
        self.prune(list(filter(self.is_over, self.runs)), limit)

    def _record(self, run: Object) -> Object:
        kind, meta = self.recurrence.runs, run["metadata"]
        about = {"apiGroup": kind.group, "kind": kind.kind, "name": meta["name"]}
        word, ended = self.outcome(run)
        state = word or conditions.latest(run) or conditions.CREATED
        record = {"object": about, "status": state, "created": meta["creationTimestamp"]}
        return {**record, "finished": ended} if word and ended else record


def _name(record: Object) -> object:
    return (record.get("object") or {}).get("name")


def _moment(text: str) -> datetime:
    """A time of RFC 3339.

    Raises:
        ValueError: it is not a time.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("a time must include its time zone, as in 2026-01-31T12:00:00Z")
    return moment


def _check(obj: Object) -> Iterator[FieldError]:
    """Yield what would keep a Cron from ever running."""
    spec = obj["spec"]
    yield from check_times(spec["schedule"], None)
    if spec.get("concurrencyPolicy") not in (None, "", *POLICIES):
        yield unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], POLICIES)
    yield from check_count("spec.historyLimit", spec.get("historyLimit"))
    if not isinstance(spec["template"].get("workload"), dict):
        yield missing("spec.template.workload")
    if (spec["template"].get("apiVersion", ""), spec["template"].get("kind", "")) not in workloads():
        kinds = sorted({kind for _, kind in workloads()})
        yield unsupported("spec.template.kind", spec["template"].get("kind", ""), kinds)


DEFINITIONS = (Definition(resource=CRONS, check=_check, scheduled=recurring.is_scheduled),)
