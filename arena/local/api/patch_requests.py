"""PATCH requests: turn content type and body into a function that changes an object."""

from collections.abc import Callable

from aiohttp import web

from arena.local.api import bodies, go_types, metadata, refusals, schema
from arena.local.api.patches import apply, pointer, strategic
from arena.local.api.patches.merge import merge
from arena.local.api.request_options import WriteOptions
from arena.local.api.request_path import Target
from arena.local.field_errors import FieldError
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


def change(request: web.Request, body: bytes, target: Target, how: WriteOptions, force: bool) -> Patch:
    """Parse the patch in the request; applying it is refused with 400 if it removes the name.

    Raises:
        Refused: 400 if it cannot be read; 415 for a content type that the kind does not support.
    """
    patch = _parse(request, body, target, how, force)
    return Patch(_named(patch.apply), patch.create)


def _named(change: Callable[[Object], Object]) -> Callable[[Object], Object]:
    """The change, whose result must still be an object with a name."""

    def checked(old: Object) -> Object:
        new = change(old)
        bodies.check_name(new)
        return new

    return checked


def _parse(request: web.Request, body: bytes, target: Target, how: WriteOptions, force: bool) -> Patch:
    form = request.content_type
    if form == _POINTER:
        operations = bodies.decode(body)
        return Patch(lambda obj: bodies.mapping(pointer.patch(obj, operations)))
    if form == _MERGE or (form == _STRATEGIC and target.subresource == "scale"):
        patch = _mapping(body, target, how)
        return Patch(lambda obj: merge(obj, patch))
    if form == _STRATEGIC and not target.kind.custom:
        patch, root = _mapping(body, target, how), schema.root(target.kind)
        return Patch(lambda obj: strategic.patch(obj, patch, root))
    if form in (_APPLY, "application/apply-patch+cbor") and target.subresource != "scale":
        return _apply(request, _mapping(body, target, how), target, how, force)
    known = [_POINTER, _MERGE, *([] if target.kind.custom else [_STRATEGIC]), _APPLY]
    raise refusals.of_code(
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(known),
    )


def _mapping(body: bytes, target: Target, how: WriteOptions) -> Object:
    return bodies.check_repeated(target.kind, bodies.mapping(bodies.decode(body)), how)


def _apply(request: web.Request, config: Object, target: Target, how: WriteOptions, force: bool) -> Patch:
    if not request.query.get("fieldManager"):
        message = "Required value: is required for apply patch"
        cause = FieldError("fieldManager", "FieldValueRequired", message)
        raise refusals.option("PatchOptions", cause)
    said, expected = config.get("apiVersion") or "", target.kind.resource.api_version
    if said != expected:
        what = "Incorrect version specified in apply patch"
        raise refusals.bad(f"{what}. Specified patch version: {said}, expected: {expected}")
    config = metadata.shaped(target.kind, config)
    config["metadata"] = {**(config.get("metadata") or {})}
    for key, value in (("name", target.name), ("namespace", target.namespace)):
        said = config["metadata"].setdefault(key, value) if value else value
        if said != value:
            raise refusals.bad(
                f"the {key} of the object ({said}) does not match the {key} on the URL ({value})"
            )
    if config["metadata"].pop("managedFields", None):
        raise refusals.bad("metadata.managedFields must be nil")
    root, manager = (
        schema.root(target.kind),
        apply.Manager(how.manager, metadata.now(), target.subresource),
    )
    if not target.kind.custom:
        go_types.normalise(root, config)
    if target.kind.has_status and target.subresource != "status":
        config.pop("status", None)
    return Patch(
        lambda obj: apply.apply(obj, config, root, manager, force),
        lambda: apply.apply(None, config, root, manager),
    )
