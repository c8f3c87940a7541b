"""What a cluster refuses in a custom resource, in the order in which it checks it.

First come the structure, the numbers that its scale needs, and lists with equal items; then, if these leave
the expressions something to work on, the published rules.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from arena.local.api import expressions, scale, schema, structure
from arena.local.api.resource_types import Type
from arena.local.api.schema import Schema
from arena.local.api.structure import MISSING, below, mark
from arena.local.field_errors import NOWHERE, FieldError, invalid
from arena.local.objects import Object

_BLOCKING = {f"FieldValue{one}" for one in ("NotSupported", "Required", "TooLong", "TooMany", "TypeInvalid")}
"""The reasons of errors with which rules are not checked."""
_SKIPPED = FieldError(
    NOWHERE, "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)  # fmt: skip


def check(kind: Type, obj: Object, found: list[FieldError], old: Object | None = None) -> list[FieldError]:
    """The errors of an object that is new, or that replaces `old`; `found` are those of its metadata."""
    return _check(kind, obj, found, old, NOWHERE)


def check_status(kind: Type, obj: Object, old: Object) -> list[FieldError]:
    """The errors of an object whose status replaces that of `old`."""
    return _check(kind, obj, [], old, "status")


def _check(
    kind: Type, obj: Object, found: list[FieldError], old: Object | None, nowhere: str
) -> list[FieldError]:
    """The errors; `nowhere` is the field of those that name none."""
    root, before = schema.root(kind), MISSING if old is None else old
    shaped = structure.check(root, _own(obj), old=before)
    found += [one._replace(field=nowhere) if one.field == NOWHERE else one for one in shaped]
    found += scale.check(kind, obj)
    return check_rules(kind, obj, found, old)


def _own(obj: Object) -> Object:
    """The object without its metadata, which is checked as that of all kinds."""
    return {**obj, "metadata": {}}


def check_rules(
    kind: Type, obj: Object, found: list[FieldError], old: Object | None = None
) -> list[FieldError]:
    """The errors that were found of its structure, with those of equal items and of the published rules."""
    root, before = schema.root(kind), MISSING if old is None else old
    if old is None or not any(repetitions(root, old)):
        found += repetitions(root, _own(obj))
    if not (kind.facts and kind.facts["rules"]):
        return found
    if any(one.reason in _BLOCKING for one in found):
        return [*found, _SKIPPED]
    return [*found, *expressions.check(root, obj, old=before)]


def repetitions(known: Schema, value: Any, path: str = "") -> Iterator[FieldError]:
    """The errors of equal items in lists that must not have them."""
    if isinstance(value, dict):
        for name, one in value.items():
            if child := known.known(name):
                yield from repetitions(
                    child, one, below(path, name) if name in known.fields else f"{path}[{name}]"
                )
    elif isinstance(value, list) and known.type == "array":
        if known.keys or known.is_set:
            yield from _repeated(known, value, path)
        for index, one in enumerate(value):
            yield from repetitions(known.item, one, f"{path}[{index}]")


def _repeated(known: Schema, value: list[Any], path: str) -> Iterator[FieldError]:
    for index, one in enumerate(value):
        if known.keys and one is not None and not isinstance(one, dict):
            why = "must be an object for an array of list-type map"
            yield invalid(f"{path}[{index}]", one, why)
            return
    seen: Counter[str] = Counter()
    for index, one in enumerate(value):
        text = mark(known, {} if known.keys and one is None else one)
        seen[text] += 1
        if seen[text] == 2:  # a cluster does not tell further ones
            yield FieldError(f"{path}[{index}]", "FieldValueDuplicate", f"Duplicate value: {text}")
