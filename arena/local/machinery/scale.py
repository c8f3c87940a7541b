"""The scale of an object of any kind that has one: its number of replicas, and the selector of its pods."""

from arena.local.objects import Object, Objects, Resource
from arena.tuples import NamedTuple

SCALE = "scale"


class Scale(NamedTuple):
    """What the subresource `scale` says."""

    wanted: int
    current: int
    selector: str
    """The label selector of the pods; "" if the object tells none."""


def resource_of(reference: Object) -> Resource:
    """The type of an object that a reference names by apiVersion and kind."""
    group, _, version = str(reference.get("apiVersion") or "v1").rpartition("/")
    return Resource(group, version, f"{reference['kind'].lower()}s", reference["kind"])


def read(objects: Objects, resource: Resource, name: str, namespace: str) -> Scale | None:
    """The scale of an object; None if there is no such object, Refused 404 if its type has no scale."""
    found = objects.get(resource, name, namespace, SCALE)
    return _scale(found) if found else None


def write(objects: Objects, resource: Resource, name: str, namespace: str, wanted: int) -> Scale:
    """Request another number of replicas; raises Refused if that is not possible."""
    return _scale(objects.patch(resource, name, {"spec": {"replicas": wanted}}, namespace, SCALE))


def _scale(obj: Object) -> Scale:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    wanted, current = int(spec.get("replicas") or 0), int(status.get("replicas") or 0)
    return Scale(wanted, current, str(status.get("selector") or ""))
