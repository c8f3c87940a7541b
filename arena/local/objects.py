"""The protocol through which operators, scheduler and kubelet read and write objects.

In the server, the API of the same process answers it (`arena.local.api.Api`); in tests a real Kubernetes
does so over HTTP, so that the same operators are tested there. Objects are plain dicts as in
the API's JSON. Every method may be called from any thread.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from arena.tuples import NamedTuple

Object = dict[str, Any]

VERSION = "1.36"
"""The version of Kubernetes that the local cluster follows, for clients and programs that compare it."""


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


AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap")
CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
DESTINATION_RULES = Resource("networking.istio.io", "v1", "destinationrules", "DestinationRule")
DISRUPTION_BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints")
EVENTS = Resource("", "v1", "events", "Event")
HTTP_ROUTES = Resource("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
JOBS = Resource("batch", "v1", "jobs", "Job")
JOBSETS = Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", False)
NODES = Resource("", "v1", "nodes", "Node", False)
PODS = Resource("", "v1", "pods", "Pod")
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")
POD_LOGS = Resource("logs.arena.io", "v1", "podlogs", "PodLog")
OBSERVATION_LOGS = Resource("metrics.arena.io", "v1", "observationlogs", "ObservationLog")
PERSISTENT_VOLUME_CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
RESOURCE_QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICES = Resource("", "v1", "services", "Service")
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
VIRTUAL_SERVICES = Resource("networking.istio.io", "v1", "virtualservices", "VirtualService")


DEEPEST = 8
"""The longest chain of controllers, such as a pod's Job, its JobSet and its TrainJob."""


class WatchEvent(NamedTuple):
    """One event of a watch; `type` is ADDED, MODIFIED or DELETED."""

    type: str
    resource: Resource
    object: Object


class Refused(Exception):
    """The API refused a request.

    Attributes:
        code: the HTTP status: 403 (quota), 404, 409, 410, 422, 507 ...
        reason: the reason in the API's terms: `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden` ...
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
    """Reads and writes objects; every method may raise Refused."""

    def get(
        self, resource: Resource, name: str, namespace: str | None = None, subresource: str = ""
    ) -> Object | None:
        """Return the object, or its `scale`; None if it does not exist."""

    def list(self, resource: Resource, namespace: str | None = None, labels: str = "") -> list[Object]:
        """Return the objects of a namespace (None: all) that match a label selector such as `a=b,c!=d`."""

    def create(self, resource: Resource, body: Object, namespace: str | None = None) -> Object:
        """Create an object; Refused 409 AlreadyExists if the name is taken."""

    def patch(
        self, resource: Resource, name: str, body: Object, namespace: str | None = None, subresource: str = ""
    ) -> Object:
        """Apply a JSON merge patch, to the object or to its `status` or `scale`.

        If the patch contains `metadata.resourceVersion` and the object has changed, it is Refused 409
        Conflict.
        """

    def delete(self, resource: Resource, name: str, namespace: str | None = None, uid: str = "") -> None:
        """Delete with background propagation; with `uid` only that object. A missing object is no error."""

    def watch(self, *resources: Resource) -> "Watch":
        """Watch these types: every existing object comes as ADDED, then every change in order."""


class Watch(Protocol):
    """An endless iterator of events that another thread can close."""

    def __iter__(self) -> Iterator[WatchEvent]: ...

    def poll(self, timeout: float | None) -> WatchEvent | None:
        """Return the next event, or None after `timeout` seconds or once the watch is closed."""

    def close(self) -> None:
        """Close the watch; a blocked `poll` returns None."""


def key(obj: Object) -> tuple[str, str]:
    """Return (namespace, name) of an object; the namespace of cluster-wide ones is ""."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def owner(obj: Object) -> Object | None:
    """Return the ownerReference that is marked as controller, or None."""
    references = obj["metadata"].get("ownerReferences") or []
    return next((one for one in references if one.get("controller")), None)


def controllers(objects: Objects, obj: Object) -> Iterator[tuple[Resource, Object]]:
    """The controllers above an object, the nearest first, as far as they exist and have known types."""
    for _ in range(DEEPEST):
        reference = owner(obj)
        if reference is None:
            return
        group, _, version = reference["apiVersion"].rpartition("/")
        kind = reference["kind"]
        resource = Resource(group, version, f"{kind.lower()}s", kind)
        try:
            above = objects.get(resource, reference["name"], key(obj)[0] or None)
        except Refused:  # a type that the local cluster does not have
            return
        if above is None or above["metadata"]["uid"] != reference["uid"]:
            return
        yield resource, above
        obj = above


def sidecars(spec: Object) -> list[Object]:
    """Return the sidecars of a pod's spec: init containers that always restart."""
    return [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]


LOOPBACK = "127.0.0.1"
"""The address that all pods of the local cluster share."""

PORTS = "local.arena.io/ports"
"""Annotation, JSON: declared port -> the loopback port allotted to it, on Services and Pods.

All pods share the host's network, so the API allots every declared port of a Service or Pod a free
one of its own range when the object is created. A Service read back without it lives on a real
cluster, where names and declared ports work as they are.
"""

TOKEN = "local.arena.io/token"
"""Annotation: a secret that the API allots to a Service with a port that speaks HTTP, and to a Pod that asks
for it by a fieldRef. Who connects to the Service's port has to know it; the Pod serves below `/TOKEN`."""

TRAFFIC = "local.arena.io/traffic"
"""Annotation of a Service, JSON: how its traffic is split among Services of its namespace, instead of going
to its own pods: `[{"service": "bert-v1", "weight": 90}, {"service": "bert-v2", "weight": 10}]`. A `port`
names one of that Service; without, it is the one of the same name, or the only one."""

HOLD = "local.arena.io/hold"
"""Annotation of a Service: the seconds for which a request waits while no pod is ready; up to an hour."""

DEMAND = "local.arena.io/demand"
"""Annotation: when a request last began to wait for a pod of the Service, which something may then start."""

COLLECT = "local.arena.io/collect"
"""Annotation of a pod, JSON: container -> how its metrics are collected. All fields may be left out::

    {"main": {
        "source": "stdout",              # or "file", "tensorflowEvents"
        "path": "/logs/metrics.log",     # of the file, or of the folder of event files
        "format": "text",                # of a file: or "json", an object a line
        "filters": ["(\\\\w+): (\\\\S+)"],   # groups for name and value; the default finds name=value
        "metrics": ["loss"],             # the names to collect; [] for all, at most 32
        "values": 100                    # how many values of each are kept, at most 200
    }}

The node writes what it finds as an ObservationLog, whose name is the pod's uid, whose labels are the pod's
and whose owner is the pod's job: it outlives the pod and is deleted with the job.
"""
