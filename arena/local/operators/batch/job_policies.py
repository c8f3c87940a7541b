"""What the API refuses in the policies of Jobs: which failures count, and when a Job has succeeded."""

from collections.abc import Collection, Iterator
from typing import Any

from arena.local import formats
from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, duplicate, invalid, missing, unsupported
from arena.local.objects import Object

_RULES, _CODES, _CONDITIONS = 20, 255, 20
"""Maximum rules of a policy, exit codes and conditions of a rule."""
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS, _STATUSES = ("In", "NotIn"), ("False", "True", "Unknown")


def _too_many(path: str, count: int, most: int) -> FieldError:
    return FieldError(path, "FieldValueTooMany", f"Too many: {count}: must have at most {most} items")


def _chosen(path: str, value: Any, known: tuple[str, ...]) -> Iterator[FieldError]:
    """The errors of a word that must be there."""
    if not value:
        words = ", ".join(f'"{one}"' for one in known)
        yield missing(path, f"valid values: {words}")
    elif value not in known:
        yield unsupported(path, value, known)


def check(path: str, spec: Object) -> Iterator[FieldError]:
    """The errors of the policies of a Job."""
    failure, success = spec.get("podFailurePolicy"), spec.get("successPolicy")
    if failure is not None:
        yield from _failure(f"{path}.podFailurePolicy.rules", items(mapping(failure).get("rules")), spec)
    if success is not None and spec.get("completionMode") != "Indexed":
        yield invalid(f"{path}.successPolicy", success, "requires indexed completion mode")
    elif success is not None:
        yield from _success(f"{path}.successPolicy.rules", items(mapping(success).get("rules")), spec)


def _failure(path: str, rules: list[Object], spec: Object) -> Iterator[FieldError]:
    pod = mapping(mapping(spec.get("template")).get("spec"))
    names = [one.get("name") for group in ("containers", "initContainers") for one in items(pod.get(group))]
    if len(rules) > _RULES:
        yield _too_many(path, len(rules), _RULES)
    for number, rule in enumerate(rules):
        where, codes, conditions = (
            f"{path}[{number}]",
            rule.get("onExitCodes"),
            items(rule.get("onPodConditions")),
        )
        yield from _chosen(f"{where}.action", rule.get("action"), _ACTIONS)
        if rule.get("action") == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            yield invalid(f"{where}.action", "FailIndex", "requires the backoffLimitPerIndex to be set")
        if codes is not None:
            yield from _exit_codes(f"{where}.onExitCodes", mapping(codes), names)
        yield from _conditions(f"{where}.onPodConditions", conditions)
        if (codes is None) is (not conditions):
            both = "specifying both OnExitCodes and OnPodConditions is not supported"
            none = "specifying one of OnExitCodes and OnPodConditions is required"
            yield FieldError(where, "FieldValueInvalid", f"Invalid value: {both if conditions else none}")


def _exit_codes(path: str, rule: Object, names: Collection[Any]) -> Iterator[FieldError]:
    yield from _chosen(f"{path}.operator", rule.get("operator"), _OPERATORS)
    if rule.get("containerName") is not None and rule["containerName"] not in names:
        why = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{path}.containerName", rule["containerName"], why)
    where, values = f"{path}.values", rule.get("values") or []
    if not values:
        yield invalid(where, values, "at least one value is required")
    elif len(values) > _CODES:
        yield _too_many(where, len(values), _CODES)
    if values != sorted(values):
        yield invalid(where, values, "must be ordered")
    for number, code in enumerate(values):
        if code in values[:number]:
            yield duplicate(f"{where}[{number}]", code)
        if code == 0 and rule.get("operator") == "In":
            yield invalid(f"{where}[{number}]", code, "must not be 0 for the In operator")


def _conditions(path: str, conditions: list[Object]) -> Iterator[FieldError]:
    if len(conditions) > _CONDITIONS:
        yield _too_many(path, len(conditions), _CONDITIONS)
    for number, one in enumerate(conditions):
        kind = str(one.get("type") or "")
        yield from (invalid(f"{path}[{number}].type", kind, why) for why in formats.qualified(kind))
        yield from _chosen(f"{path}[{number}].status", one.get("status", "True"), _STATUSES)


def _success(path: str, rules: list[Object], spec: Object) -> Iterator[FieldError]:
    total = spec.get("completions") or 0
    if not rules:
        why = "at least one rules must be specified when the successPolicy is specified"
        yield missing(path, why)
    elif len(rules) > _RULES:
        yield _too_many(path, len(rules), _RULES)
    for number, rule in enumerate(rules):
        where, indexes, count = f"{path}[{number}]", rule.get("succeededIndexes"), rule.get("succeededCount")
        if indexes is None and count is None:
            yield missing(where, "at least one of succeededCount or succeededIndexes must be specified")
        listed = _listed(indexes, total) if indexes is not None else total
        if isinstance(listed, str):
            why = f"error parsing succeededIndexes: {listed}"
            yield invalid(f"{where}.succeededIndexes", indexes, why)
        if count is not None:
            yield from _count(f"{where}.succeededCount", count, total, listed)


def _count(path: str, count: int, total: int, listed: int | str) -> Iterator[FieldError]:
    if count < 0:
        yield invalid(path, count, "must be greater than or equal to 0")
    if count > total:
        why = f"must be less than or equal to {total} (the number of specified completions)"
        yield invalid(path, count, why)
    elif isinstance(listed, int) and count > listed:
        what = "the number of indexes in the specified succeededIndexes field"
        yield invalid(path, count, f"must be less than or equal to {listed} ({what})")


def _listed(text: str, total: int) -> int | str:
    """The number of indexes in a list such as `0,2-4`, or what is wrong with it."""
    found, last = 0, -1
    for part in text.split(","):
        bounds = part.split("-")
        if len(bounds) > 2:
            return (
                f'the fragment "{part}" violates the requirement that an index interval can have at most two '
                "parts separated by '-'"
            )
        for one in bounds:
            if not one.isdecimal():
                return f'cannot convert string to integer for index: "{one}"'
            if int(one) >= total:
                return f'too large index: "{one}"'
        first, end = int(bounds[0]), int(bounds[-1])
        for before, current in ((last, first), (first, end))[: len(bounds)]:
            if current <= before:
                return f"non-increasing order, previous: {before}, current: {current}"
        found, last = found + end - first + 1, end
    return found
