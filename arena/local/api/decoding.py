"""How the object of a request is read: what cannot be is refused, unknown and repeated fields are told."""

from arena.local.api import ownership, refusals, repeated_fields, schema, structure
from arena.local.api.repeated_keys import Repeats
from arena.local.api.request_options import WriteOptions
from arena.local.api.resource_types import Type
from arena.local.api.schema import Schema
from arena.local.objects import Object, Refused, Resource

_ANY_KIND = Schema({"open": True, "properties": {"metadata": "ObjectMeta"}})
"""The structure of a custom resource of a kind that is not the one of its path."""


def decode(kind: Type, obj: Object, how: WriteOptions, old: Object | None = None) -> list[str]:
    """Drop unknown fields of an object (in place), which are returned, and set the defaults of a custom kind.

    Raises:
        Refused: 400 for unknown or repeated fields when strict, or values of a wrong type; 422 if a patch of
            `old` has left them.
    """
    root = schema.root(kind) if obj["kind"] == kind.resource.kind else _ANY_KIND
    if not kind.custom:
        if obj["metadata"].get("managedFields") == []:
            obj["metadata"]["managedFields"] = [{}]  # which the decoding of built-in kinds keeps
        _specify(root, obj)
    with ownership.aside(obj, old):
        return _decode(kind.resource, root, obj, kind.custom, how)


def report_repeats(kind: Type, obj: Object, how: WriteOptions) -> None:
    """Report the repeated keys of a custom resource that is refused for its version, which is read later.

    Raises:
        Refused: 400 when strict.
    """
    if how.validation == "Strict":
        _refuse(kind.resource, obj, how.repeats, [], how)
    elif how.validation == "Warn":
        for text in how.repeats.texts:
            how.warn(text)


def decode_part(resource: Resource, shape: Schema, obj: Object, how: WriteOptions) -> None:
    """The same for what is no object of a kind, such as a Scale."""
    _decode(resource, shape, obj, False, how)


def _decode(resource: Resource, shape: Schema, obj: Object, custom: bool, how: WriteOptions) -> list[str]:
    repeats, errors = how.repeats, []
    if not custom and not how.changes:
        repeats = repeated_fields.known(repeats, shape)
        errors = repeated_fields.merge(repeats, shape, obj)
    found = structure.decode(shape, obj, custom, how)
    if errors := [*errors, *found.errors]:
        texts = "; ".join(f"{one.field}: {one.message}" for one in errors)
        raise _unreadable(resource, obj, texts, how)
    unknown = [f'unknown field "{path}"' for path in found.unknown]
    if how.applied:  # a configuration with unknown fields was refused before
        unknown = []
    if how.validation == "Strict":
        _refuse(resource, obj, repeats, unknown, how)
    elif how.validation == "Warn":
        for text in (*repeats.texts, *unknown):
            how.warn(text)
    return found.unknown


def _refuse(resource: Resource, obj: Object, repeats: Repeats, unknown: list[str], how: WriteOptions) -> None:
    """Refuse what a strict request may not have."""
    if repeats.texts and how.applied:
        raise refusals.bad(f"error strict decoding YAML: {repeats.error}")
    if told := [*([repeats.error] if repeats.texts else []), *unknown]:
        raise _unreadable(resource, obj, f"strict decoding error: {', '.join(told)}", how)


def _unreadable(resource: Resource, obj: Object, why: str, how: WriteOptions) -> Refused:
    if not how.patched:
        return refusals.unreadable(resource, why)
    return refusals.unpatched(obj, why)


def _specify(root: Schema, obj: Object) -> None:
    """Add an empty spec, which defaults and operators need, where none has to be given."""
    if obj.get("spec") is None and "spec" not in root.required and root.child("spec").type == "object":
        obj["spec"] = {}
