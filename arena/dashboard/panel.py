"""What a panel of the page is on the server: a path, and what it reads."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from arena.model.partial import Unread
from arena.session import Session
from arena.tuples import NamedTuple
from arena.values import frozen
from arena.views import unread

_GROWING = frozenset(("duration", "age"))
"""Keys that the page computes from times: with them, every answer would differ from the last one."""
_NAMED = frozenset(("assignments", "importance", "metrics", "parameters", "settings"))
"""Keys of mappings whose own keys users choose: a parameter may be called `age`."""


@frozen
class Scope:
    """What the page shows: a namespace, or all of them."""

    session: Session
    everywhere: bool = False
    changes: bool = False
    """Whether the page may change something."""

    @property
    def now(self) -> datetime:
        """The present time."""
        return self.session.now()

    def within(self, namespace: str) -> Session:
        """The same session in another namespace, with the same connections."""
        self.session.cluster()
        other = copy(self.session)
        other.namespace = namespace
        return other


class Panel(NamedTuple):
    """A part of the page that is read alone.

    Its path consists of words and of names in braces, such as `jobs/{namespace}/{name}`; `read` is called
    with these names and with the query, and returns plain data for JSON.
    """

    path: str
    read: Callable[[Scope, Mapping[str, str]], Mapping[str, Any]]
    query: tuple[str, ...] = ()
    """The parameters that the query may have."""


def items(rows: Sequence[Mapping[str, Any]], missing: Sequence[Unread], *without: str) -> dict[str, Any]:
    """The answer of a panel with a list.

    Args:
        missing: what could not be read.
        without: keys that fill a page of their own, such as `instances`.
    """
    kept = [{key: value for key, value in row.items() if key not in without} for row in rows]
    return {"items": still(kept), "unread": unread.line(missing)}


def item(data: Mapping[str, Any], missing: Sequence[Unread]) -> dict[str, Any]:
    """The answer of a panel with one object."""
    return {"item": still(data), "unread": unread.line(missing)}


def still(data: Any) -> Any:
    """The data without what grows with time."""
    if isinstance(data, Mapping):
        return {
            key: value if key in _NAMED else still(value)
            for key, value in data.items()
            if key not in _GROWING
        }
    return [still(one) for one in data] if isinstance(data, list | tuple) else data


def matched(pattern: str, path: str) -> dict[str, str] | None:
    """The names in a path that a pattern has in braces; None if they do not match."""
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    found: dict[str, str] = {}
    for want, have in zip(wanted, given, strict=True):
        if want.startswith("{"):
            if not have:
                return None
            found[want[1:-1]] = have
        elif want != have:
            return None
    return found
