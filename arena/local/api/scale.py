"""The `scale` subresource, which Deployments, ReplicaSets and StatefulSets have."""

from typing import Any

from arena.local.api import refusals
from arena.local.field_errors import FieldError
from arena.local.objects import Object, Resource

_SCALE = Resource("autoscaling", "v1", "scales", "Scale")
_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale(obj: Object) -> Object:
    """The object's autoscaling/v1 Scale."""
    labels: dict[str, Any] = obj["spec"].get("selector", {}).get("matchLabels") or {}
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {key: obj["metadata"][key] for key in _META if key in obj["metadata"]},
        "spec": {"replicas": obj["spec"].get("replicas", 1)},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def scaled(obj: Object, wanted: Object) -> Object:
    """The object with the replicas of the Scale.

    Raises:
        Refused: 422 if they are not a whole number of 0 or more.
    """
    for part in ("metadata", "spec"):
        if not isinstance(wanted.get(part) or {}, dict):
            raise refusals.bad(f"the Scale cannot be read: {part} is not a mapping")
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        cause = FieldError("spec.replicas", "FieldValueInvalid", message)
        raise refusals.invalid(_SCALE, obj["metadata"]["name"], [cause])
    version = (wanted.get("metadata") or {}).get("resourceVersion")
    meta = obj["metadata"] | ({"resourceVersion": version} if version else {})
    return {**obj, "metadata": meta, "spec": {**obj["spec"], "replicas": replicas}}
