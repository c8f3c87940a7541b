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
        "firstTimestamp": times.stamp(event.first),
        "lastTimestamp": times.stamp(event.last),
        "namespace": event.namespace,
    }


EVENTS: Noun[Event] = Noun(
    plural="events",
    columns=(
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
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
    columns = [one for one in EVENTS.columns if not one.everywhere]
    return "Events:\n" + (ruled(columns, events, now) if events else "  No events")


def line(event: Event, *, everywhere: bool = False) -> str:
    """One event on a line of its own, with the time of day."""
    place = f"{event.namespace}  " if everywhere else ""
    return f"{times.clock(event.last)}  {event.type:<7}  {place}{event.subject}  {_message(event)}"
