"""Columns as data, and the one function that turns any tuple of them into a table."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from arena import visible

T = TypeVar("T")


class Column(Generic[T]):
    """A column: its title, and a function from a row and the present time to its cell.

    Args:
        wide: whether it is shown by `-o wide` only.
        short: the title for a terminal that is too narrow for the first one.
        everywhere: whether it is shown only in lists of several namespaces.
        filled: whether it is shown only if a row has something to show there.
    """

    __slots__ = ("everywhere", "filled", "short", "title", "value", "wide")

    def __init__(
        self,
        title: str,
        value: Callable[[T, datetime], Any],
        wide: bool = False,
        short: str = "",
        everywhere: bool = False,
        filled: bool = False,
    ) -> None:
        self.title = title
        self.value = value
        self.wide = wide
        self.short = short
        self.everywhere = everywhere
        self.filled = filled


def render(
    view: Sequence[Column[T]],
    rows: Iterable[T],
    now: datetime,
    *,
    wide: bool = False,
    within: int | None = None,
) -> str:
    """The rows as an aligned table with a header line and without a final line end.

    Args:
        view: the columns, in order.
        rows: the values to show, one on each line.
        now: the present time, for ages.
        wide: whether to show the columns marked wide.
        within: the number of cells that a line should not exceed; longer tables get short titles. None
            allows any number.
    """
    if any(column.filled for column in view):
        rows = list(rows)
        view = [one for one in view if not one.filled or any(one.value(row, now) for row in rows)]
    columns = [column for column in view if wide or not column.wide]
    body = [[column.value(row, now) for column in columns] for row in rows]
    text = plain([[column.title for column in columns], *body])
    if within is None or breadth(text) <= within:
        return text
    return plain([[column.short or column.title for column in columns], *body])


def breadth(text: str) -> int:
    """The number of cells of the longest line."""
    return max(map(visible.width, text.splitlines()), default=0)


def plain(lines: Sequence[Sequence[Any]]) -> str:
    """Lines of cells, aligned to the left, separated by two spaces, without trailing spaces.

    Each row takes one line whatever its cells contain, so that foreign text cannot look like another row.
    """
    rows = [[visible.line(str(cell)).strip() for cell in line] for line in lines]
    widths = [max(map(visible.width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_padded(row, widths) for row in rows)


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(
        cell.ljust(room) if cell.isascii() else cell + " " * (room - visible.width(cell))
        for cell, room in cells
    ).rstrip()


def ruled(view: Sequence[Column[T]], rows: Iterable[T], now: datetime, *, indent: str = "  ") -> str:
    """The rows as an indented table with dashes below its titles: a section of a page."""
    titles = [column.title for column in view]
    body = [[column.value(row, now) for column in view] for row in rows]
    lines = plain([titles, ["-" * visible.width(title) for title in titles], *body])
    return "\n".join(indent + line for line in lines.splitlines())


def pairs(items: Iterable[tuple[str, Any]]) -> str:
    """Lines of `Key:  value` with aligned values."""
    return plain([[f"{title}:", value] for title, value in items])
