"""The options of writes and deletions: parsed and checked as a cluster does."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from aiohttp import web
from multidict import MultiMapping

from arena.local.api import ownership, query_options, refusals
from arena.local.api.request_options import DeleteOptions, Propagation, Validation, WriteOptions
from arena.local.field_errors import FieldError, invalid, unsupported
from arena.local.objects import Object

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_POLICIES = ("Foreground", "Background", "Orphan")
_KINDS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def writing(request: web.Request, warn: Callable[[str], None]) -> WriteOptions:
    """The options of a write.

    Raises:
        Refused: 422 for one that is not allowed.
    """
    query, options = request.query, _KINDS[request.method]
    if causes := list(_check(query)):
        raise refusals.options(options, causes)
    agent = request.headers.get("User-Agent", "")
    return WriteOptions(
        dry="dryRun" in query,
        validation=cast(Validation, query.get("fieldValidation") or "Warn"),
        manager=ownership.manager(query.get("fieldManager", ""), agent, options),
        warn=warn,
    )


def _check(query: MultiMapping[str]) -> Iterator[FieldError]:
    yield from _dry(query.getall("dryRun", []))
    if manager := query.get("fieldManager"):
        yield from ownership.manager_errors(manager, "fieldManager")
    if query.get("fieldValidation", "") not in _VALIDATIONS:
        yield unsupported("fieldValidation", query["fieldValidation"], _VALIDATIONS)


def _dry(values: Any) -> Iterator[FieldError]:
    if values and values != ["All"] * len(values):
        yield unsupported("dryRun", values, ("All",))


def deleting(request: web.Request, body: Object) -> DeleteOptions:
    """The options of a deletion, in the body or in the query.

    Raises:
        Refused: 400 for one of another type, 422 for one that is not allowed.
    """
    query = request.query
    if body.get("kind") not in (None, "", "DeleteOptions"):
        raise refusals.bad(f'the body is no DeleteOptions, but of kind "{body["kind"]}"')
    orphans = body.get("orphanDependents")
    if orphans is None and "orphanDependents" in query:
        orphans = query_options.flag(query, "orphanDependents")
    policy = body.get("propagationPolicy") or query.get("propagationPolicy")
    dry = [*_dry_runs(body), *query.getall("dryRun", [])]
    causes = list(_dry(dry))
    if policy and orphans is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(invalid("propagationPolicy", policy, why))
    elif policy and policy not in _POLICIES:
        causes.append(unsupported("propagationPolicy", policy, (*_POLICIES, "nil")))
    if causes:
        raise refusals.options("DeleteOptions", causes)
    conditions = _mapping(body.get("preconditions") or {}, "preconditions")
    return DeleteOptions(
        _grace(query, body),
        cast(Propagation, "Orphan" if orphans else policy or "Background"),
        conditions.get("uid") or "",
        conditions.get("resourceVersion") or "",
        bool(dry),
    )


def _dry_runs(body: Object) -> list[Any]:
    found = body.get("dryRun") or []
    if not isinstance(found, list):
        raise refusals.bad("dryRun is not a list")
    return found


def _grace(query: query_options.Query, body: Object) -> int | None:
    grace = body.get("gracePeriodSeconds")
    if grace is None and "gracePeriodSeconds" in query:
        return query_options.number(query, "gracePeriodSeconds")
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
        raise refusals.bad("gracePeriodSeconds is not a whole number")
    return grace


def _mapping(value: Any, name: str) -> Object:
    if not isinstance(value, dict):
        raise refusals.bad(f"{name} is not a mapping")
    return value
