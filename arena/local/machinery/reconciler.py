"""One pass over one object: what operators that are classes have in common."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime

from arena.local.machinery import writes
from arena.local.machinery.operator import Operator, Related, of_kind
from arena.local.objects import PODS, Object, Objects, Resource, key


class Reconciler(ABC):
    """One pass over one object.

    Attributes:
        resource: the type of the object.
        status: the object's status, which the pass changes and stores.
    """

    resource: Resource

    def __init__(self, objects: Objects, obj: Object, now: datetime) -> None:
        self.objects = objects
        self.obj = obj
        self.now = now
        self.status: Object = copy.deepcopy(obj.get("status") or {})

    @classmethod
    def operator(
        cls, owns: tuple[Resource, ...], related: Mapping[Resource, Related] | None = None
    ) -> Operator:
        """The operator of the kind; the arguments are those of `of_kind`."""
        return of_kind(cls.resource, lambda *job: cls(*job).reconcile(), owns, related)

    @abstractmethod
    def reconcile(self) -> float | None:
        """Bring the state closer to the spec; the seconds until the next pass, None to wait for a change."""

    @property
    def parent(self) -> tuple[Resource, Object]:
        """The object as the owner of other objects."""
        return self.resource, self.obj

    def write_status(self) -> None:
        """Store the status if it has changed."""
        writes.write_status(self.objects, self.resource, self.obj, self.status)

    def event(self, reason: str, message: str, urgency: str = "Normal") -> None:
        """Report something by an Event."""
        writes.event(self.objects, self.parent, self.now, urgency, reason, message)

    def owned(self, resource: Resource, labels: str = "") -> list[Object]:
        """The objects of a type that the object controls."""
        return writes.owned(self.objects, resource, self.obj, labels)

    def ensure(self, resource: Resource, body: Object) -> Object:
        """Create an object that the object owns, unless it exists."""
        return writes.ensure(self.objects, resource, body, self.parent)

    def create_pod(self, body: Object, reason: str = "FailedCreatePod") -> Object | None:
        """Create a pod; None, with an Event of this reason, if it is refused."""
        return writes.create_pod(self.objects, body, self.parent, self.now, reason)

    def remove(self, resource: Resource, obj: Object) -> None:
        """Delete an object."""
        writes.remove(self.objects, resource, obj)

    def remove_pods(self, pods: Iterable[Object]) -> None:
        """Delete pods."""
        for pod in pods:
            self.remove(PODS, pod)

    def set_suspend(self, resource: Resource, obj: Object, suspend: bool) -> Object:
        """Suspend or resume an object; returns the object as it is then."""
        if bool(obj["spec"].get("suspend")) is suspend:
            return obj
        namespace, name = key(obj)
        return self.objects.patch(resource, name, {"spec": {"suspend": suspend}}, namespace)
