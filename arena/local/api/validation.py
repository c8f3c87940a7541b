"""Validation of objects: what their structure requires, the rules of their kind, and what may not change."""

from collections.abc import Iterator
from typing import Any

from arena.local import checks, pod_limit
from arena.local.api import custom_resources, kind_rules, metadata_validation, schema
from arena.local.api.resource_types import Type
from arena.local.api.schema import Schema
from arena.local.field_errors import FieldError, missing
from arena.local.objects import Object


def check_new(kind: Type, obj: Object) -> Iterator[FieldError]:
    """The errors of a new object."""
    yield from _checked(kind, obj, None, structure(kind, obj, None))
    yield from kind_rules.of(kind).check_new(obj)


def check_change(kind: Type, old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of a changed object."""
    rules = kind_rules.of(kind)
    found = structure(kind, new, old)
    yield from _checked(kind, new, old, found)
    if kind.custom and (found or not isinstance(new.get("spec"), dict)):
        return  # a cluster asks operators about what it would store
    for path in rules.immutable:
        yield from checks.fixed(path, _value(old, path), _value(new, path))
    yield from rules.change(old, new)


def check_trusted(kind: Type, old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of an object that an operator of the server changed, which keeps to its kind's rules."""
    yield from structure(kind, new, old) or pod_limit.check(new, old)


def _checked(kind: Type, obj: Object, old: Object | None, found: list[FieldError]) -> Iterator[FieldError]:
    """The errors of an object that is new, or that replaces `old`; `found` are those of its structure."""
    yield from found
    if not found:
        yield from pod_limit.check(obj, old)
    if not found or not kind.custom:  # the rules of operators rely on required fields
        yield from rules(kind, obj)


def structure(kind: Type, obj: Object, old: Object | None) -> list[FieldError]:
    """The errors of metadata and structure; the rules of built-in kinds say themselves what is required."""
    known = kind_rules.of(kind)
    found = list(metadata_validation.check_stem(obj["metadata"], known.name)) if old is None else []
    found += metadata_validation.check(obj["metadata"], known.name, kind.custom)
    if kind.custom:
        return custom_resources.check(kind, obj, found, old)
    if known.check is kind_rules.nothing:
        found += _required(schema.root(kind), obj, "")
    return found


def rules(kind: Type, obj: Object) -> Iterator[FieldError]:
    """What the rules of a kind refuse; of a custom kind these are those of its operator and of its pods."""
    if kind.definition and not isinstance(obj.get("spec"), dict):
        yield missing("spec")
        return
    found = []
    if kind.definition and kind.definition.templates:
        found = list(_templates(schema.root(kind), obj, "", kind.custom))
    yield from found
    if not (found and kind.custom):
        yield from kind_rules.of(kind).check(obj)


def check_status(kind: Type, obj: Object, old: Object | None = None) -> Iterator[FieldError]:
    """The errors of a status: of a built-in kind, the required fields that it has not."""
    if kind.custom and old is not None:
        yield from custom_resources.check_status(kind, obj, old)
    elif not kind.custom:
        yield from _required(schema.root(kind).child("status"), obj.get("status"), "status")


def _value(obj: Any, path: str) -> Any:
    for name in path.split("."):
        obj = checks.mapping(obj).get(name)
    return obj


def _required(shape: Schema, value: Any, path: str) -> Iterator[FieldError]:
    """Missing required fields."""
    if isinstance(value, dict):
        for name in shape.needed:
            if value.get(name) in checks.EMPTY:
                yield missing(f"{path}.{name}" if path else name)
        for name, one in value.items():
            if name not in ("metadata", "status") or (path and name == "metadata"):
                yield from _required(shape.child(name), one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _required(shape.item, one, f"{path}[{index}]")


def _templates(shape: Schema, value: Any, path: str, custom: bool) -> Iterator[FieldError]:
    """The errors of the pod templates of an object; the operator of a custom kind may add volumes to them."""
    if shape.is_pod_template and (isinstance(value, dict) or not custom):
        from arena.local.api.pods import spec  # most servers start without a change of such an object

        yield from spec.check_template(path, value) if not custom else spec.check_custom(path, value)
    elif isinstance(value, dict) or not (custom or value):
        given = value or {}
        for name in given if custom else {**given, **dict.fromkeys(_held(shape))}:
            where = f"{path}.{name}" if path else name
            yield from _templates(shape.child(name), given.get(name), where, custom)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _templates(shape.item, one, f"{path}[{index}]", custom)


def _held(shape: Schema) -> Iterator[str]:
    """The fields that a template is in, which must be there."""
    yield from shape.needed
    yield from (name for name, one in shape.fields.items() if one.is_pod_template)
