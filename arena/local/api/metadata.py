"""`metadata`: the fields that the server sets, and those that clients may change."""

import secrets
import uuid
from datetime import datetime, timezone
from types import NoneType
from typing import Any

from arena.digits import whole
from arena.local.api import metadata_validation, refusals
from arena.local.api.resource_types import Type
from arena.local.field_errors import FieldError, invalid
from arena.local.objects import Object, Resource

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")

_VERSIONED = ("coordination.k8s.io/leases", "policy/poddisruptionbudgets")
"""The built-in types that cannot be updated without a version, as custom ones cannot."""


def now() -> str:
    """The present time in the format of the API."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def begin(kind: Type, body: Object, namespace: str | None) -> Object:
    """Set the metadata of a new object: name, namespace, uid, time; its status is as sent.

    Raises:
        Refused: 400 if the body has another kind or namespace; 422 if it has no name.
    """
    obj = shaped(kind, body)
    meta: dict[str, Any] = dict(obj.get("metadata") or {})
    obj["metadata"] = meta
    _place(kind, meta, namespace)
    if not meta.get("name") and meta.get("generateName"):
        stem = str(meta["generateName"])[:58]
        meta["name"] = stem + "".join(secrets.choice(_LETTERS) for _ in range(5))
    if kind.custom:
        meta["name"] = meta.get("name") or ""  # what is wrong with it is told with everything else
    elif not meta.get("name"):
        message = "Required value: name or generateName is required"
        raise refusals.invalid(
            kind.resource, "", [FieldError("metadata.name", "FieldValueRequired", message)]
        )
    for key in (
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "resourceVersion",
    ):
        meta.pop(key, None)
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = now()
    if kind.generation:
        meta["generation"] = 1  # other kinds keep what they are sent
    return obj


def check_unstored(body: Object) -> None:
    """Refuse to store what was read from a server as a new object.

    Raises:
        Refused: 400 if its resourceVersion is that of a stored object.
    """
    version = whole(str((body.get("metadata") or {}).get("resourceVersion") or ""))
    if version:
        raise refusals.bad("resourceVersion should not be set on objects to be created")


def shaped(kind: Type, body: Object) -> Object:
    """A shallow copy whose apiVersion and kind are those of the type.

    A custom resource may still have another kind: `kind_errors`.

    Raises:
        Refused: 400 if it has another apiVersion or kind.
    """
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), (dict, NoneType)):
        raise refusals.bad("the object provided is not a mapping with metadata")
    api = body.get("apiVersion") or kind.resource.api_version
    word = body.get("kind") or kind.resource.kind
    if not all(isinstance(body.get(name), (str, NoneType)) for name in ("apiVersion", "kind")):
        raise refusals.bad("couldn't get version/kind: the kind is not a text")
    if api != kind.resource.api_version or (word != kind.resource.kind and not kind.custom):
        raise refusals.bad(
            f"{word} in version {api} cannot be handled as a {kind.resource.kind} of "
            f"{kind.resource.api_version}"
        )
    rest = {key: value for key, value in body.items() if key not in ("apiVersion", "kind")}
    return {"apiVersion": api, "kind": word, **rest}


def kind_errors(kind: Type, obj: Object) -> list[FieldError]:
    """The error of a custom resource of another kind."""
    wanted = kind.resource.kind
    return [] if obj["kind"] == wanted else [invalid("kind", obj["kind"], f"must be {wanted}")]


def _place(kind: Type, meta: dict[str, Any], namespace: str | None) -> None:
    if not kind.resource.namespaced:
        meta.pop("namespace", None)
        return
    said = meta.get("namespace")
    if namespace and said and said != namespace:
        raise refusals.bad(
            f"the namespace of the provided object does not match the namespace sent on the request: "
            f"{said} is not {namespace}"
        )
    meta["namespace"] = namespace or said or "default"


def keep(kind: Type, old: Object, new: Object, patched: bool = False) -> list[FieldError]:
    """Restore what only the server may change; the errors of changed metadata.

    Raises:
        Refused: 409 for another uid or an outdated resourceVersion; 400 for another name or namespace; 422
            without a resourceVersion where one is needed.
    """
    before, after = old["metadata"], new["metadata"]
    identify(kind.resource, before, after, patched)
    _check_version(kind, before, after)
    wrong = list(metadata_validation.check_change(before, after))
    for key in ("name", "namespace", "resourceVersion", *_KEPT):
        after.pop(key, None)
        if key in before:
            after[key] = before[key]
    return wrong


def identify(resource: Resource, before: Object, after: Object, patched: bool = False) -> None:
    """Refuse metadata that is not that of the same object.

    Raises:
        Refused: 400 without a name, or for another name or namespace; 409 for another uid, 422 if it was
            patched.
    """
    if not after.get("name") and patched:
        raise refusals.bad("the name of the object was undeterminable: name must be provided")
    for key in ("name", "namespace") if resource.namespaced else ("name",):
        said, real = after.get(key), before.get(key)
        if said and said != real:
            raise refusals.bad(
                f"the {key} of the object ({said}) does not match the {key} on the URL ({real})"
            )
    said = after.get("uid", before["uid"])
    if said != before["uid"] and patched:
        cause = invalid("metadata.uid", said, "field is immutable")
        raise refusals.invalid(resource, before["name"], [cause])
    if said != before["uid"]:
        why = f"UID in precondition: {said}, UID in object meta: {before['uid']}"
        raise refusals.conflict(resource, before["name"], f"Precondition failed: {why}")


def _check_version(kind: Type, before: Object, after: Object) -> None:
    version = after.get("resourceVersion")
    if version in (None, "", "0"):
        if kind.custom or kind.key in _VERSIONED:
            missing = invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise refusals.invalid(kind.resource, before["name"], [missing])
    elif version != before["resourceVersion"]:
        raise refusals.conflict(kind.resource, before["name"])
