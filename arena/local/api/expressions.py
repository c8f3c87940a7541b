"""The rules that definitions publish as expressions: `schema` says how they are restated.

A cluster reports what fails one as an invalid value, at the path of the value that has the rule.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from arena.local.api.limits import LIMITS
from arena.local.api.schema import Schema
from arena.local.api.structure import MISSING, NAMES, alike, below, mark, same_items
from arena.local.field_errors import NOWHERE, FieldError, invalid


def check(schema: Schema, value: Any, path: str = "", old: Any = MISSING) -> Iterator[FieldError]:
    """The errors of a value whose structure is right; what is as it was in `old` is not checked again."""
    if value is None or (old is not MISSING and alike(value, old)):
        return
    if schema.rules:
        yield from (_error(path, value, why) for why in _broken(schema.rules, value, old))
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name, one in value.items():
            if child := schema.known(name):
                where = below(path, name) if name in schema.fields else f"{path}[{name}]"
                yield from check(child, one, where, before.get(name, MISSING))
    elif isinstance(value, list) and schema.type == "array":
        same = same_items(schema, old)
        for index, one in enumerate(value):
            yield from check(schema.item, one, f"{path}[{index}]", same.get(mark(schema, one), MISSING))


def _error(path: str, value: Any, why: str) -> FieldError:
    return invalid(path or NOWHERE, value if isinstance(value, (str, int)) else NAMES[type(value)], why)


def _broken(rules: Mapping[str, Any], value: Any, old: Any) -> Iterator[str]:
    """Why a value breaks rules."""
    for name, bound in rules.items():
        if name == "fixed":
            if old is not MISSING:
                yield "field is immutable"
        elif name in _FORMS:
            yield from _FORMS[name](value, bound)
        elif LIMITS[name].applies(value) and LIMITS[name].fails(value, bound):
            yield _LIMITS[name].format(", ".join(bound) if isinstance(bound, list) else bound)


def _exclusive(value: Any, groups: list[list[str]]) -> Iterator[str]:
    for group in groups:
        if len(value.keys() & set(group)) > 1:
            yield f"has fields that exclude each other: {' and '.join(group)}"


def _alternatives(value: Any, groups: list[list[str]]) -> Iterator[str]:
    if not any(value.keys() >= set(group) for group in groups):
        yield f"needs one of these: {'; '.join(map(' and '.join, groups))}"


def _required(value: Any, names: list[str]) -> Iterator[str]:
    yield from (f"needs {name}" for name in names if name not in value)


def _excluded(value: Any, banned: list[Any]) -> Iterator[str]:
    if value in banned:
        yield f"must not be one of: {', '.join(map(str, banned))}"


def _inside(value: Any, limits: dict[str, dict[str, Any]]) -> Iterator[str]:
    for path, rules in limits.items():
        above, _, _ = path.rpartition(".")
        if above and not _leads(value, above):
            yield f"{above} is not there"  # which a cluster finds when it evaluates the expression
        for one in _at(value, path):
            yield from (f"{path} {why}" for why in _broken(rules, one, MISSING))


def _leads(value: Any, path: str) -> bool:
    """Whether a path of fields and items is there in all items."""
    step, _, rest = path.partition(".")
    name, all_items, _ = step.partition("[]")
    if name and not (isinstance(value, dict) and name in value):
        return False
    inner = value[name] if name else value
    return all(_leads(one, rest) for one in (inner if all_items else [inner])) if rest else True


def _apart(value: Any, groups: list[dict[str, dict[str, Any]]]) -> Iterator[str]:
    for group in groups:
        lists = [path.partition("[]")[0] for path in group if "[]" in path]
        unknown = [one for one in lists if not _leads(value, f"{one}.")]
        known = {path: rules for path, rules in group.items() if path.partition("[]")[0] not in unknown}
        if all(any(_keeps(one, rules) for one in _at(value, path)) for path, rules in known.items()):
            if unknown:  # which a cluster finds when it evaluates the expression
                yield f"{unknown[0]} is not there"
            else:
                yield f"has values that exclude each other: {' and '.join(group)}"


def _keeps(value: Any, rules: Mapping[str, Any]) -> bool:
    return not any(_broken(rules, value, MISSING))


def _at(value: Any, path: str) -> Iterator[Any]:
    """The values at a path of fields, where `[]` stands for all items of a list."""
    step, _, rest = path.partition(".")
    name, all_items, _ = step.partition("[]")
    found = [value] if not name else [value[name]] if isinstance(value, dict) and name in value else []
    for one in found:
        items = one if all_items and isinstance(one, list) else [] if all_items else [one]
        for item in items:
            yield from _at(item, rest) if rest else [item]


_LIMITS = {
    "enum": "must be one of: {}",
    "minimum": "must be at least {}",
    "maxLength": "must have at most {} characters",
    "pattern": "must match '{}'",
}
"""What is said of the limits of a structure that rules have, too."""
_FORMS: dict[str, Callable[[Any, Any], Iterator[str]]] = {
    "exclusive": _exclusive,
    "alternatives": _alternatives,
    "required": _required,
    "excluded": _excluded,
    "inside": _inside,
    "apart": _apart,
}
"""The forms of rules that no limit of a structure has; whether a value is `fixed`, only a change shows."""
