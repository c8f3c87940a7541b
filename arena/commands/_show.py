"""Print values of any noun, alone or in a list, in the format of -o."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from arena.commands import _console

if TYPE_CHECKING:
    from arena.model.events import Event
    from arena.session import Session
    from arena.views.noun import Layout, Noun

T = TypeVar("T")


def show(
    session: "Session", noun: "Noun[T]", values: Sequence[T], form: str, *, everywhere: bool = False
) -> None:
    """Print several values; if there are none, a table is replaced by a remark on stderr.

    Args:
        form: one of `arena.views.noun.FORMATS`.
        everywhere: whether the values are from all namespaces.
    """
    from arena.views.noun import ENCODED

    if values or form in ENCODED:
        _console.page(text(session, noun, values, form, everywhere=everywhere))
    else:
        place = "any namespace" if everywhere else f'namespace "{session.namespace}"'
        _console.remark(noun.empty or f"no {noun.plural} in {place} of {session.name}")


def show_one(
    session: "Session", noun: "Noun[T]", value: T, form: str, events: "Sequence[Event] | None" = None
) -> None:
    """Print one value, and its events if they were read."""
    _console.page(text_of_one(session, noun, value, form, events))


def text(
    session: "Session", noun: "Noun[T]", values: Sequence[T], form: str, *, everywhere: bool = False
) -> str:
    """The text that `show` prints; an empty table has only its titles."""
    from arena.views.noun import text_of_all

    return text_of_all(noun, values, _layout(session, form, everywhere))


def text_of_one(
    session: "Session", noun: "Noun[T]", value: T, form: str, events: "Sequence[Event] | None" = None
) -> str:
    """The text that `show_one` prints."""
    from arena.views import noun as nouns

    return nouns.text_of_one(noun, value, _layout(session, form), events)


def _layout(session: "Session", form: str, everywhere: bool = False) -> "Layout":
    from arena.commands._progress import room
    from arena.views.noun import Layout

    return Layout(now=session.now(), form=form, everywhere=everywhere, width=room())
