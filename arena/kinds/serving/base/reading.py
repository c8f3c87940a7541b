"""What all kinds of servings read in the same way from their main objects and pods."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Object, Pod, PodConventions
from arena.kinds.serving.base import status
from arena.kinds.workload import instances
from arena.model.instances import Instance
from arena.model.servings import Serving
from arena.units import when


def pods_of(pods: Sequence[Pod], conventions: PodConventions) -> tuple[Instance, ...]:
    """The instances for some pods, by name."""
    found = [instances.summary(pod, conventions).instance for pod in pods]
    return tuple(sorted(found, key=lambda one: one.name))


def serving(kind: str, obj: Object, own: Mapping[str, str], **facts: Any) -> Serving:
    """The serving for a main object.

    Args:
        kind: the name of the kind.
        own: the labels that name the serving, its version and its model.
        facts: the other fields of the serving, and those that the kind finds elsewhere.
    """
    meta = obj["metadata"]
    common: dict[str, Any] = {
        "name": own.get(labels.SERVING_NAME) or meta["name"],
        "version": own.get(labels.SERVING_VERSION, ""),
        "model": own.get(labels.MODEL_NAME, ""),
        "model_version": own.get(labels.MODEL_VERSION, ""),
        "conditions": status.conditions(obj),
    }
    return Serving(
        namespace=meta.get("namespace", ""),
        kind=kind,
        uid=meta.get("uid", ""),
        object_name=meta["name"],
        created=when(meta.get("creationTimestamp")),
        **(common | facts),
    )
