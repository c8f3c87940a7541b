"""Schedules: their list, the page of one, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena.model.crons import Cron, Run
from arena.views import times
from arena.views.noun import Noun
from arena.views.table import Column, pairs, ruled


def page(one: Cron, now: datetime) -> str:
    """Everything about one schedule, in the Go arena's order."""
    header = pairs(
        [
            ("Name", one.name),
            ("Namespace", one.namespace),
            ("Type", one.type),
            ("Schedule", one.schedule),
            *([("Timezone", one.timezone)] if one.timezone else []),
            ("Suspend", str(one.suspended).lower()),
            ("ConcurrencyPolicy", one.policy),
            ("CreationTimestamp", times.stamp(one.created)),
            ("LastScheduleTime", times.stamp(one.last)),
            ("Deadline", times.stamp(one.deadline)),
        ]
    )
    return f"{header}\n\nHistory:\n{ruled(_history(one), one.runs, now)}"


def _history(cron: Cron) -> tuple[Column[Run], ...]:
    return (
        Column("NAME", lambda run, now: run.name),
        Column("STATUS", lambda run, now: _status(run)),
        Column("TYPE", lambda run, now: cron.type),
        Column("CREATETIME", lambda run, now: times.stamp(run.created)),
        Column("FINISHTIME", lambda run, now: times.stamp(run.finished)),
    )


def _status(run: Run) -> str:
    """The phase as the Go arena writes it here: `Running`, `Succeeded`, `Failed`."""
    return run.phase.value.capitalize()


def data(one: Cron, now: datetime) -> dict[str, Any]:
    """The schedule under the Go arena's JSON keys, followed by keys that are new here."""
    return {
        "name": one.name,
        "namespace": one.namespace,
        "type": one.type,
        "schedule": one.schedule,
        "concurrencyPolicy": one.policy,
        "suspend": one.suspended,
        "deadline": times.stamp(one.deadline),
        "historyLimit": one.history_limit or 0,
        "lastScheduleTime": times.stamp(one.last),
        "creationTimestamp": times.stamp(one.created),
        "cronHistory": [_run(run, one) for run in one.runs],
        "uuid": one.uid,
        "trainer": one.kind,
        "timezone": one.timezone,
        "active": one.active,
        "submitter": one.submitter,
        "managed": one.managed,
    }


def _run(run: Run, cron: Cron) -> dict[str, Any]:
    return {
        "name": run.name,
        "namespace": cron.namespace,
        "group": cron.group,
        "kind": cron.type,
        "status": _status(run),
        "createTime": times.stamp(run.created),
        "finishTime": times.stamp(run.finished),
        "reason": run.reason,
    }


CRONS: Noun[Cron] = Noun(
    plural="crons",
    columns=(
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
        Column("NAME", lambda one, now: one.name),
        Column("TYPE", lambda one, now: one.type),
        Column("SCHEDULE", lambda one, now: one.schedule),
        Column("SUSPEND", lambda one, now: str(one.suspended).lower()),
        Column("DEADLINE", lambda one, now: times.stamp(one.deadline)),
        Column("CONCURRENCYPOLICY", lambda one, now: one.policy),
        Column("TIMEZONE", lambda one, now: one.timezone or "-", wide=True),
        Column("ACTIVE", lambda one, now: one.active, wide=True),
        Column("LAST", lambda one, now: times.age(one.last, now) if one.last else "never", wide=True),
        Column("SUBMITTER", lambda one, now: one.submitter or "N/A", wide=True),
    ),
    data=data,
    page=page,
)
