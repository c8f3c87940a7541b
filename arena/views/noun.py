"""How one noun is shown, as data: its columns, the keys of its JSON, its page, and its empty list."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from arena import visible
from arena.values import frozen
from arena.views.table import Column, breadth, render

if TYPE_CHECKING:
    from arena.model.events import Event

T = TypeVar("T")
ENCODED = ("json", "yaml")
FORMATS = ("table", "wide", *ENCODED, "name")


@frozen
class Noun(Generic[T]):
    """How values of one type are shown, alone and in a list."""

    plural: str
    """What messages call several of them: `training jobs`."""
    columns: tuple[Column[T], ...]
    data: Callable[[T, datetime], Mapping[str, Any]]
    """Plain data of one of them at the present time, with the keys of its JSON and YAML."""
    page: Callable[[T, datetime], str] | None = None
    """Everything about one of them as text; None if it is never shown alone."""
    name: Callable[[T], str] = attrgetter("name")
    footer: Callable[[Sequence[T], int], str] | None = None
    """Text below the table, such as totals, from the values and the width of the table in cells."""
    empty: str = ""
    """Message for an empty list, if it is not `no PLURAL in PLACE`."""


@frozen
class Layout:
    """How to show values, whatever their noun."""

    now: datetime
    """The present time, for ages."""
    form: str = "table"
    """One of `FORMATS`."""
    everywhere: bool = False
    """Whether the values are from several namespaces."""
    width: int | None = None
    """Maximum width of a table in cells; None for any width."""


def text_of_all(noun: Noun[T], values: Sequence[T], layout: Layout) -> str:
    """Several values: a table, a JSON or YAML list, or their names, without a final line end."""
    if layout.form == "name":
        return visible.lines(map(noun.name, values))
    if layout.form in ENCODED:
        return _encoded([noun.data(one, layout.now) for one in values], layout.form)
    shown = [column for column in noun.columns if layout.everywhere or not column.everywhere]
    table = render(shown, values, layout.now, wide=layout.form == "wide", within=layout.width)
    return f"{table}\n{noun.footer(values, breadth(table))}" if noun.footer else table


def text_of_one(noun: Noun[T], value: T, layout: Layout, events: "Sequence[Event] | None" = None) -> str:
    """One value: its page, a JSON or YAML mapping, or its name, without a final line end.

    Args:
        events: events of the cluster about it, shown after the rest; None omits them.
    """
    if layout.form in ENCODED:
        return _encoded({**noun.data(value, layout.now), **_events_data(events, layout.now)}, layout.form)
    if layout.form == "name" or noun.page is None:
        return visible.line(noun.name(value))
    return noun.page(value, layout.now) + _events_section(events, layout.now)


def _encoded(data: Any, form: str) -> str:
    from arena.views import encode

    return encode.encode(data, form)


def _events_data(events: "Sequence[Event] | None", now: datetime) -> dict[str, Any]:
    if events is None:
        return {}
    from arena.views.events import EVENTS

    return {"events": [EVENTS.data(event, now) for event in events]}


def _events_section(events: "Sequence[Event] | None", now: datetime) -> str:
    if events is None:
        return ""
    from arena.views.events import section

    return f"\n\n{section(events, now)}"
