"""The query parameters of reads: parsed and checked as a cluster does."""

import re
from collections.abc import Iterator, Mapping

from arena.local.api import refusals
from arena.local.api.request_options import ListOptions
from arena.local.field_errors import FieldError, forbidden, unsupported

_TRUE = ("true", "1", "True")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_LARGEST = 2**31
"""Objects of a page that is not limited."""
_EXACT, _NEWER = "Exact", "NotOlderThan"

Query = Mapping[str, str]


def flag(query: Query, name: str) -> bool:
    """A boolean."""
    return query.get(name) in _TRUE


def number(query: Query, name: str) -> int:
    """A whole number of 64 bits; 0 if it is not there.

    Raises:
        Refused: 400 if it is not one.
    """
    text = query.get(name) or "0"
    if not _WHOLE.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise refusals.bad(f'the query parameter {name} is not a whole number of 64 bits: "{text}"')
    return int(text)


def listing(query: Query, namespace: str | None) -> ListOptions:
    """The options of a list or watch.

    Raises:
        Refused: 400 for a limit that is not a number, 422 for options that do not go together.
    """
    causes = list(_watched(query) if flag(query, "watch") else _listed(query))
    if causes:
        raise refusals.options("ListOptions", causes)
    return ListOptions(
        namespace,
        query.get("labelSelector", ""),
        query.get("fieldSelector", ""),
        min(max(0, number(query, "limit")), _LARGEST),
        query.get("continue", ""),
        flag(query, "sendInitialEvents") if query.get("sendInitialEvents") else None,
    )


def _listed(query: Query) -> Iterator[FieldError]:
    match, version = query.get("resourceVersionMatch"), query.get("resourceVersion")
    if match and not version:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        yield forbidden("resourceVersionMatch", why)
    if match and query.get("continue"):
        yield forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden with continue")
    if match and match not in (_EXACT, _NEWER):
        yield unsupported("resourceVersionMatch", match, (_EXACT, _NEWER, ""))
    if match == _EXACT and version == "0":
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        yield forbidden("resourceVersionMatch", why)
    if query.get("sendInitialEvents"):
        yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _watched(query: Query) -> Iterator[FieldError]:
    match, sent = query.get("resourceVersionMatch"), query.get("sendInitialEvents")
    if sent and match != _NEWER:
        why = f"sendInitialEvents requires setting resourceVersionMatch to {_NEWER}"
        yield forbidden("resourceVersionMatch", why)
    if match and not sent:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        yield forbidden("resourceVersionMatch", why)
    if match and match != _NEWER:
        yield unsupported("resourceVersionMatch", match, (_NEWER,))
    if match and query.get("continue"):
        yield forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden with continue")
