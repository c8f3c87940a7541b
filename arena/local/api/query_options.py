"""The query parameters of reads: parsed and checked as a cluster does."""

import re
from collections.abc import Iterator, Mapping

from arena.local.api import refusals
from arena.local.api.request_options import ListOptions
from arena.local.field_errors import FieldError, forbidden, unsupported

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_STEP = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|μs|ns)", re.ASCII)
_DURATION = re.compile(rf"[+-]?(0|({_STEP.pattern})+)", re.ASCII)
_LONGEST = 2**63 / 1e9
"""Seconds of a duration, which is a number of nanoseconds of 64 bits."""
_LARGEST = 2**31
"""Objects of a page that is not limited."""
_INCLUDED = ("", "Metadata", "Object", "None")
EXACT, _NEWER = "Exact", "NotOlderThan"

Query = Mapping[str, str]


def flag(query: Query, name: str) -> bool:
    """A boolean, which is true if it is there and not `false` or `0`."""
    return name in query and query[name].lower() not in ("false", "0")


def number(query: Query, name: str) -> int:
    """A whole number of 64 bits; 0 if it is not there.

    Raises:
        Refused: 400 if it is not one.
    """
    text = query.get(name, "0")
    if not _WHOLE.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise refusals.bad(f'the query parameter {name} is not a whole number of 64 bits: "{text}"')
    return int(text)


def check_timeout(query: Query) -> None:
    """Check the time that a request may take, of which no request takes long.

    Raises:
        Refused: 400 for one that is no duration.
    """
    text = query.get("timeout", "")
    whole = bool(_DURATION.fullmatch(text))
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _STEP.findall(text)) if whole else 0
    if text and (not whole or seconds >= _LONGEST):
        raise refusals.bad(f'invalid timeout specified in the request URL - invalid duration "{text}"')


def check_included(query: Query) -> None:
    """Check how much of each object a table has.

    Raises:
        Refused: 400 for what no table has.
    """
    if (said := query.get("includeObject", "")) not in _INCLUDED:
        known = "must be 'Metadata', 'Object', 'None', or empty"
        raise refusals.bad(f'includeObject: Invalid value: "{said}": {known}')


def version(query: Query) -> int | None:
    """The resourceVersion that an answer shall have at least; None if it may have any.

    Raises:
        Refused: 400 for one that is not of this server.
    """
    text = query.get("resourceVersion", "")
    if text in ("", "0"):
        return None
    if not text.isdecimal() or not text.isascii() or len(text) > 18:
        raise refusals.bad(f'resourceVersion: Invalid value: "{text}": it is not a version of this server')
    return int(text)


def listing(query: Query, namespace: str | None) -> ListOptions:
    """The options of a list or watch.

    Raises:
        Refused: 400 for a number that is none, 422 for options that do not go together.
    """
    number(query, "timeoutSeconds")
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
    if match and match not in (EXACT, _NEWER):
        yield unsupported("resourceVersionMatch", match, (EXACT, _NEWER, ""))
    if match == EXACT and version == "0":
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
