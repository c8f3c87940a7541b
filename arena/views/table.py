"""Columns are data; one function turns any tuple of them into a table."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column: its title, and its cell as a function of one row and the present time."""

    title: str
    value: Callable[[T, datetime], Any]
    wide: bool = False
    """Only shown by `-o wide`."""
    short: str = ""
    """Another title, where there is no room for the first."""


def render(
    view: Sequence[Column[T]],
    rows: Iterable[T],
    now: datetime,
    *,
    wide: bool = False,
    within: int | None = None,
) -> str:
    """The rows as an aligned table with a header line and no line end.

    Args:
        view: the columns, in order.
        rows: what to show, one line each.
        now: the time that ages count to.
        wide: whether to show the columns marked wide.
        within: how many characters a line has room for: where there are more, titles are short. None: any.
    """
    columns = [column for column in view if wide or not column.wide]
    body = [[column.value(row, now) for column in columns] for row in rows]
    text = plain([[column.title for column in columns], *body])
    if within is None or breadth(text) <= within:
        return text
    return plain([[column.short or column.title for column in columns], *body])


def breadth(text: str) -> int:
    """The characters of the longest line."""
    return max(map(len, text.splitlines()), default=0)


def plain(lines: Sequence[Sequence[Any]]) -> str:
    """Lines of cells, aligned to the left with two spaces between, trailing blanks cut."""
    from tabulate import tabulate

    text = tabulate([[str(cell) for cell in line] for line in lines], tablefmt="plain", disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.splitlines())


def ruled(view: Sequence[Column[T]], rows: Iterable[T], now: datetime, *, indent: str = "  ") -> str:
    """The rows as a table with dashes below the titles, indented: the sections of `get`."""
    titles = [column.title for column in view]
    body = [[column.value(row, now) for column in view] for row in rows]
    lines = plain([titles, ["-" * len(title) for title in titles], *body])
    return "\n".join(indent + line for line in lines.splitlines())


def pairs(items: Iterable[tuple[str, Any]]) -> str:
    """`Key:  value` lines with the values aligned."""
    return plain([[f"{title}:", value] for title, value in items])
