"""PATCH requests: turn content type and body into a function that changes an object."""

from collections.abc import Callable
from types import NoneType
from typing import Any

from aiohttp import web

from arena.digits import whole
from arena.local.api import bodies, metadata, ownership, refusals, repeated_keys, schema
from arena.local.api.patches import apply, fields, pointer, strategic
from arena.local.api.patches.merge import merge
from arena.local.api.repeated_keys import Repeat, Repeats
from arena.local.api.request_options import WriteOptions
from arena.local.api.request_path import Target
from arena.local.field_errors import FieldError, forbidden, invalid
from arena.local.objects import Object
from arena.tuples import NamedTuple

_MERGE, _POINTER = "application/merge-patch+json", "application/json-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"


class Patch(NamedTuple):
    """A parsed patch."""

    apply: Callable[[Object], Object]
    create: Callable[[], Object] | None = None
    """The object to create if it is missing; None for 404."""
    repeats: Repeats = repeated_keys.NONE
    """The keys that it repeats."""
    cuts: bool = False
    """Whether numbers are cut to the size of their field."""


def change(request: web.Request, body: bytes, target: Target, how: WriteOptions, force: bool) -> Patch:
    """Parse the patch in the request; applying it is refused if it changes the type.

    Raises:
        Refused: 400 if it cannot be read; 415 for a content type that the kind does not support.
    """
    patch = _parse(request, body, target, how, force)
    return patch._replace(apply=_kept(patch.apply, target, request.content_type))


def _kept(change: Callable[[Object], Object], target: Target, form: str) -> Callable[[Object], Object]:
    """The change, whose result must still be of the same type."""

    def checked(old: Object) -> Object:
        new = change(old)
        if target.kind.custom and target.subresource != "scale":
            _check_type(target, new)
        elif target.subresource != "scale":
            new = _typed(target, new, form)
        if not isinstance(new.get("metadata"), (dict, NoneType)):
            raise refusals.unpatched(new, "metadata is not a mapping")
        return {**new, "metadata": new.get("metadata") or {}}

    return checked


def _typed(target: Target, new: Object, form: str) -> Object:
    """A built-in object with its type, of which a strategic merge patch changes nothing.

    Raises:
        Refused: 422 if another patch changes it, or the type is no text.
    """
    resource = target.kind.resource
    known = {"apiVersion": resource.api_version, "kind": resource.kind}
    for field, wanted in known.items():
        said = new.get(field)
        if said not in (None, "", wanted) and not (form == _STRATEGIC and isinstance(said, str)):
            raise refusals.unpatched(new, f"the {field} is not {wanted}")
    return {**new, **known}


def _check_type(target: Target, new: Object) -> None:
    """Refuse a custom resource that has lost its type, or got another.

    Raises:
        Refused: 422.
    """
    resource = target.kind.resource
    for field, wanted in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        if not isinstance(new.get(field), str) or not new[field]:
            raise refusals.unpatched(new, f"Object '{field}' is missing")
        if new[field] != wanted:
            cause = invalid(field, new[field], f"must be {wanted}")
            raise refusals.invalid(resource, target.name, [cause])


def _parse(request: web.Request, body: bytes, target: Target, how: WriteOptions, force: bool) -> Patch:
    form = request.content_type
    if form != _APPLY and "force" in request.query:
        cause = forbidden("force", "may not be specified for non-apply patch")
        raise refusals.option("PatchOptions", cause)
    if form == _POINTER:
        operations = bodies.decode(body)
        repeats = _repeated(repeated_keys.of(operations), operations)
        return Patch(lambda obj: bodies.mapping(pointer.patch(obj, operations)), repeats=repeats)
    if form == _MERGE or (form == _STRATEGIC and target.subresource == "scale" and not target.kind.custom):
        patch = bodies.load(body)
        return Patch(lambda obj: merge(obj, patch), repeats=repeated_keys.of(patch))
    if form == _STRATEGIC and not target.kind.custom:
        patch, root = bodies.load(body), schema.root(target.kind)
        return Patch(lambda obj: strategic.patch(obj, patch, root), None, repeated_keys.of(patch), cuts=True)
    if form in (_APPLY, "application/apply-patch+cbor") and target.subresource != "scale":
        config = bodies.load(body)
        repeats = bodies.yaml_repeats(body) if repeated_keys.of(config).texts else repeated_keys.NONE
        return _apply(request, config, target, how, force)._replace(repeats=repeats, cuts=True)
    known = [_POINTER, _MERGE, *([] if target.kind.custom else [_STRATEGIC]), _APPLY]
    raise refusals.of_code(
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(known),
    )


def _repeated(repeats: Repeats, operations: Any) -> Repeats:
    """The keys that a JSON patch repeats, and the same keys in the object that it leaves."""
    left = []
    for one in repeats.found:
        number, field, *below = one.path
        if field == "value":
            steps = map(_step, str(operations[number].get("path", "")).split("/")[1:])
            left.append(Repeat((*steps, *below), one.earlier))
    return Repeats(tuple(left), more=tuple(f"json patch {one.text}" for one in repeats.found))


def _step(step: str) -> str | int:
    number = whole(step)
    return step if number is None else number


def _apply(request: web.Request, config: Object, target: Target, how: WriteOptions, force: bool) -> Patch:
    if not request.query.get("fieldManager"):
        message = "Required value: is required for apply patch"
        cause = FieldError("fieldManager", "FieldValueRequired", message)
        raise refusals.option("PatchOptions", cause)
    said, expected = config.get("apiVersion") or "", target.kind.resource.api_version
    if said != expected:
        what = "Incorrect version specified in apply patch"
        raise refusals.bad(f"{what}. Specified patch version: {said}, expected: {expected}")
    if config.get("kind") != target.kind.resource.kind:
        raise refusals.bad(f"invalid object type: {expected}, Kind={config.get('kind', '')}")
    metadata.shaped(target.kind, config)
    if (config.get("metadata") or {}).get("managedFields") is not None:
        raise refusals.bad("metadata.managedFields must be nil")
    root, empty = schema.root(target.kind), ownership.empty(target.kind)

    def applied(live: Object | None) -> Object:
        write = ownership.write(target.kind, how, target.subresource)
        try:
            return _placed(apply.apply(live, config, root, write, force, empty), target)
        except fields.Unfit as unfit:
            raise refusals.bad(
                f"failed to create typed patch object ({_told(config, target)}): {unfit}"
            ) from unfit

    def created() -> Object:
        obj = applied(None)
        if uid := obj["metadata"].get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise refusals.conflict(target.kind.resource, target.name, why)
        return obj

    return Patch(applied, created)


def _placed(obj: Object, target: Target) -> Object:
    """The object with the name and the namespace of the path.

    Raises:
        Refused: 400 if it has others, or no name.
    """
    meta = dict(obj["metadata"])
    if not meta.get("name"):
        raise refusals.bad(
            f"the name of the object ({target.name} based on URL) was undeterminable: name must be provided"
        )
    for key, value in (("name", target.name), ("namespace", target.namespace)):
        said = meta.setdefault(key, value) if value else value
        if said != value:
            raise refusals.bad(
                f"the {key} of the object ({said}) does not match the {key} on the URL ({value})"
            )
    return {**obj, "metadata": meta}


def _told(config: Object, target: Target) -> str:
    """The object in messages about its configuration."""
    meta, kind = config.get("metadata") or {}, target.kind.resource
    group = f"{kind.group}/{kind.version}" if kind.group else f"/{kind.version}"
    return f"{meta.get('namespace', '')}/{meta.get('name', '')}; {group}, Kind={kind.kind}"
