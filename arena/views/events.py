"""Events of the cluster: their table, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena.model.events import Event
from arena.views import times
from arena.views.noun import Noun
from arena.views.table import Column, ruled


def _message(event: Event) -> str:
    times = f" (x{event.count})" if event.count > 1 else ""
    return f"[{event.reason}] {event.message}{times}"


def _data(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "source": event.subject,
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "count": event.count,
        "lastTimestamp": times.stamp(event.last),
    }


EVENTS: Noun[Event] = Noun(
    plural="events",
    columns=(
        Column("SOURCE", lambda one, now: one.subject),
        Column("TYPE", lambda one, now: one.type),
        Column("AGE", lambda one, now: times.age(one.last, now)),
        Column("MESSAGE", lambda one, now: _message(one)),
    ),
    data=_data,
    name=lambda one: one.subject,
)


def section(events: Sequence[Event], now: datetime) -> str:
    """The part of a page that shows events."""
    return "Events:\n" + (ruled(EVENTS.columns, events, now) if events else "  No events")
