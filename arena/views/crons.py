"""Schedules: the list, the page of one, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena import units
from arena.model import Cron, Event, Run
from arena.views.jobs import EVENTS
from arena.views.table import Column, pairs, ruled

NAMESPACE: Column[Cron] = Column("NAMESPACE", lambda one, now: one.namespace)
CRONS: tuple[Column[Cron], ...] = (
    Column("NAME", lambda one, now: one.name),
    Column("TYPE", lambda one, now: one.type),
    Column("SCHEDULE", lambda one, now: one.schedule),
    Column("SUSPEND", lambda one, now: str(one.suspended).lower()),
    Column("DEADLINE", lambda one, now: _stamp(one.deadline)),
    Column("CONCURRENCYPOLICY", lambda one, now: one.policy),
    Column("TIMEZONE", lambda one, now: one.timezone or "-", wide=True),
    Column("ACTIVE", lambda one, now: one.active, wide=True),
    Column("LAST", lambda one, now: _ago(one.last, now), wide=True),
    Column("SUBMITTER", lambda one, now: one.submitter or "N/A", wide=True),
)


def columns(*, everywhere: bool) -> tuple[Column[Cron], ...]:
    """The columns of the list, led by the namespace where there are several."""
    return (NAMESPACE, *CRONS) if everywhere else CRONS


def _ago(moment: datetime | None, now: datetime) -> str:
    return units.age(units.since(moment, now).total_seconds()) if moment else "never"


def page(one: Cron, now: datetime, events: Sequence[Event] | None = None) -> str:
    """Everything about one schedule on a page, in the Go arena's order; events only where given."""
    header = pairs(
        [
            ("Name", one.name),
            ("Namespace", one.namespace),
            ("Type", one.type),
            ("Schedule", one.schedule),
            *([("Timezone", one.timezone)] if one.timezone else []),
            ("Suspend", str(one.suspended).lower()),
            ("ConcurrencyPolicy", one.policy),
            ("CreationTimestamp", _stamp(one.created)),
            ("LastScheduleTime", _stamp(one.last)),
            ("Deadline", _stamp(one.deadline)),
        ]
    )
    sections = [header, "History:\n" + ruled(_history(one), one.runs, now)]
    if events is not None:
        sections.append("Events:\n" + (ruled(EVENTS, events, now) if events else "  No events"))
    return "\n\n".join(sections)


def _history(cron: Cron) -> tuple[Column[Run], ...]:
    return (
        Column("NAME", lambda run, now: run.name),
        Column("STATUS", lambda run, now: _status(run)),
        Column("TYPE", lambda run, now: cron.type),
        Column("CREATETIME", lambda run, now: _stamp(run.created)),
        Column("FINISHTIME", lambda run, now: _stamp(run.finished)),
    )


def _status(run: Run) -> str:
    """As the Go arena writes it here: `Running`, `Succeeded`, `Failed`."""
    return run.phase.value.capitalize()


def _stamp(moment: datetime | None) -> str:
    return units.rfc3339(moment) if moment else ""


def data(one: Cron) -> dict[str, Any]:
    """The schedule under the Go arena's JSON keys, and after them those that are new here."""
    return {
        "name": one.name,
        "namespace": one.namespace,
        "type": one.type,
        "schedule": one.schedule,
        "concurrencyPolicy": one.policy,
        "suspend": one.suspended,
        "deadline": _stamp(one.deadline),
        "historyLimit": one.history_limit or 0,
        "lastScheduleTime": _stamp(one.last),
        "creationTimestamp": _stamp(one.created),
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
        "createTime": _stamp(run.created),
        "finishTime": _stamp(run.finished),
        "reason": run.reason,
    }
