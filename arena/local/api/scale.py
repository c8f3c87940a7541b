"""The `scale` subresource, of Deployments and the like, and of custom kinds whose definition has it."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from arena.local.api import bodies, decoding, json_path, metadata, refusals
from arena.local.api.request_options import WriteOptions
from arena.local.api.resource_types import Type
from arena.local.api.schema import Schema
from arena.local.api.structure import Pointed
from arena.local.field_errors import FieldError, invalid
from arena.local.objects import Object, Resource

_SCALE = Resource("autoscaling", "v1", "scales", "Scale")
_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
_SHAPE = Schema(
    {
        "properties": {
            **dict.fromkeys(("apiVersion", "kind"), "string"),
            "metadata": "ObjectMeta",
            "spec": {"properties": {"replicas": "int32"}},
            "status": {"properties": {"replicas": "int32", "selector": "string"}, "required": ["replicas"]},
        }
    }
)
_USUAL = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


def scale(kind: Type, obj: Object) -> Object:
    """The object's autoscaling/v1 Scale."""
    paths = _paths(kind)
    wanted = json_path.find(obj, paths["specReplicasPath"])
    if wanted is None and not kind.custom:
        wanted = 1
    chosen = _selector(obj, paths)
    selector = {"selector": chosen} if chosen else {}
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {key: obj["metadata"][key] for key in _META if key in obj["metadata"]},
        "spec": {"replicas": wanted} if wanted else {},
        "status": {"replicas": json_path.find(obj, paths["statusReplicasPath"]) or 0} | selector,
    }


def _paths(kind: Type) -> dict[str, str]:
    """Where the numbers and the selector are."""
    found: dict[str, str] = kind.facts["subresources"]["scale"] if kind.facts else _USUAL
    return found


def _selector(obj: Object, paths: dict[str, str]) -> str:
    if "labelSelectorPath" in paths:
        return str(json_path.find(obj, paths["labelSelectorPath"]) or "")
    labels: dict[str, Any] = (obj["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def read(body: Object, name: str, how: WriteOptions) -> Object:
    """The Scale in a request for that of an object; `body` is changed.

    Raises:
        Refused: 400 for what is no Scale or cannot be read, or that of another object.
    """
    for field, wanted in (("apiVersion", _SCALE.api_version), ("kind", _SCALE.kind)):
        if body.get(field, wanted) != wanted:
            raise refusals.bad(f"{field} is {body[field]}: the body must be a Scale of {_SCALE.api_version}")
    decoding.decode_part(_SCALE, _SHAPE, body, how)
    bodies.check_name(body)
    if (said := body["metadata"]["name"]) != name:
        raise refusals.bad(f"the name of the object ({said}) does not match the name on the URL ({name})")
    return body


def scaled(kind: Type, obj: Object, wanted: Object, how: WriteOptions) -> Object:
    """The object with the replicas of the Scale, which may be what a patch made of it.

    Raises:
        Refused: 422 if the Scale was patched and cannot be read, or replicas of a built-in kind are below 0.
    """
    if how.patched:
        decoding.decode_part(_SCALE, _SHAPE, wanted, how)
        metadata.identify(_SCALE, obj["metadata"], wanted["metadata"], patched=True)
    replicas = (wanted.get("spec") or {}).get("replicas") or 0
    if replicas < 0 and not kind.custom:  # a custom resource is checked as a whole
        cause = invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise refusals.invalid(_SCALE, obj["metadata"]["name"], [cause])
    found = deepcopy(obj)
    if version := (wanted.get("metadata") or {}).get("resourceVersion"):
        found["metadata"]["resourceVersion"] = version
    *steps, last = _paths(kind)["specReplicasPath"].strip(".").split(".")
    place = found
    for step in steps:
        place = place.setdefault(step, {})
    place[last] = replicas
    return found


def check(kind: Type, obj: Object) -> Iterator[FieldError]:
    """The errors of the numbers and the selector of a custom resource that its scale shows."""
    paths: dict[str, str] = kind.facts["subresources"].get("scale", {}) if kind.facts else {}
    for name in ("specReplicasPath", "statusReplicasPath") if paths else ():
        count, why = _at(obj, paths[name], int)
        if why or not 0 <= count < 2**31:
            yield invalid(paths[name], count, why or "should be a number of 0 or more, and of 31 bits")
    if "labelSelectorPath" in paths:
        selector, why = _at(obj, paths["labelSelectorPath"], str)
        if why:
            yield invalid(paths["labelSelectorPath"], selector, why)


def _at(obj: Any, path: str, kind: type) -> tuple[Any, str]:
    """The value of that type at a path of fields, its empty one if there is none, and what is wrong."""
    value = obj
    for step in path.strip(".").split("."):
        if not isinstance(value, dict):
            return kind(), f"{path} accessor error: {value} is of another type, expected an object"
        if step not in value:
            return kind(), ""
        value = value[step]
    is_right = isinstance(value, kind) and not isinstance(value, (bool, Pointed))
    return (value, "") if is_right else (kind(), f"{path} accessor error: {value} is of another type")
