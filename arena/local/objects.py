"""The protocol through which operators, scheduler and kubelet read and write objects.

In the server it is answered in the same process (`arena.local.api.Api`); in tests also over HTTP
by a real Kubernetes, so that the same operators can be judged there. Objects are plain dicts as in
the API's JSON. Every method may be called from any thread.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

Object = dict[str, Any]


class Resource(NamedTuple):
    """A resource type."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`v1` for the core group, `group/version` for the others."""
        return f"{self.group}/{self.version}" if self.group else self.version


CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints")
EVENTS = Resource("", "v1", "events", "Event")
JOBS = Resource("batch", "v1", "jobs", "Job")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", False)
NODES = Resource("", "v1", "nodes", "Node", False)
PODS = Resource("", "v1", "pods", "Pod")
PERSISTENT_VOLUME_CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
RESOURCE_QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICES = Resource("", "v1", "services", "Service")
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet")


class Change(NamedTuple):
    """One event of a watch; `type` is ADDED, MODIFIED or DELETED."""

    type: str
    resource: Resource
    object: Object


class Refused(Exception):
    """The API did not do what was asked.

    Attributes:
        code: the HTTP status: 403 (quota), 404, 409, 410, 422, 507 ...
        reason: the API's word for it: `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden` ...
    """

    def __init__(
        self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details


class Objects(Protocol):
    """Read and write objects; failures raise Refused."""

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None where there is none."""

    def list(self, resource: Resource, namespace: str | None = None, labels: str = "") -> list[Object]:
        """All objects of a namespace (None: of all) that match a label selector such as `a=b,c!=d`."""

    def create(self, resource: Resource, body: Object, namespace: str | None = None) -> Object:
        """Create; Refused 409 AlreadyExists where the name is taken."""

    def patch(
        self, resource: Resource, name: str, body: Object, namespace: str | None = None, subresource: str = ""
    ) -> Object:
        """Apply a JSON merge patch, to the object or to its `status`.

        With `metadata.resourceVersion` in the patch it is Refused 409 Conflict when the object changed.
        """

    def delete(self, resource: Resource, name: str, namespace: str | None = None, uid: str = "") -> None:
        """Delete with background propagation; with `uid` only that very object. Missing is no error."""

    def watch(self, *resources: Resource) -> "Watch":
        """Every object of these types as ADDED first, then every change, in order."""


class Watch(Protocol):
    """An endless iterator of changes that another thread can end."""

    def __iter__(self) -> Iterator[Change]: ...

    def poll(self, timeout: float | None) -> Change | None:
        """The next change; None when `timeout` seconds passed or the watch was closed."""

    def close(self) -> None:
        """End the watch; a blocked `poll` returns None."""


def key(obj: Object) -> tuple[str, str]:
    """(namespace, name) of an object; "" for cluster-wide ones."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def owner(obj: Object) -> Object | None:
    """The ownerReference that is marked as controller."""
    references = obj["metadata"].get("ownerReferences") or []
    return next((one for one in references if one.get("controller")), None)


def sidecars(spec: Object) -> list[Object]:
    """The init containers of a pod's spec that run beside the others: those with a policy of their own."""
    return [one for one in spec.get("initContainers") or [] if one.get("restartPolicy")]


PORTS = "local.arena.io/ports"
"""Annotation, JSON: declared port -> the loopback port allotted to it, on Services and Pods.

All pods share the host's network, so the API allots every declared port of a Service or Pod a free
one of its own range when the object is created. A Service read back without it lives on a real
cluster, where names and declared ports work as they are.
"""
