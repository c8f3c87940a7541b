"""API resource types as data, the vocabulary that kinds, actions and the gateway share."""

from arena.tuples import NamedTuple


class Resource(NamedTuple):
    """A resource type of the Kubernetes API.

    `kind` is for messages and manifests; requests use only the four before it.
    """

    group: str
    version: str
    plural: str
    namespaced: bool = True
    kind: str = ""
    field: str = ""
    """A field of its spec that only some releases have in this version; "" if none is required."""
    sibling: str = ""
    """The plural of another type that only releases with the field have."""

    @property
    def api_version(self) -> str:
        """`v1` for the core group, `group/version` for the others."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_builtin(self) -> bool:
        """Whether the type is part of Kubernetes: the groups of all others are domain names."""
        return "." not in self.group

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The request path below the server's root; `namespace` is ignored for cluster-wide types.

        >>> Resource("apps", "v1", "deployments").path("team-a", "web")
        '/apis/apps/v1/namespaces/team-a/deployments/web'
        """
        parts = [f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{namespace}")
        parts.append(self.plural)
        if name:
            parts.append(name)
        return "/".join(parts)


AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", kind="HorizontalPodAutoscaler")
CLAIMS = Resource("", "v1", "persistentvolumeclaims", kind="PersistentVolumeClaim")
CONFIGMAPS = Resource("", "v1", "configmaps", kind="ConfigMap")
DEPLOYMENTS = Resource("apps", "v1", "deployments", kind="Deployment")
DESTINATION_RULES = Resource("networking.istio.io", "v1", "destinationrules", kind="DestinationRule")
"""Subsets of the pods of a Service, for routes of Istio."""
EVENTS = Resource("", "v1", "events", kind="Event")
GATEWAYS = Resource("networking.istio.io", "v1beta1", "gateways", kind="Gateway")
"""Doors of Istio's mesh."""
HTTP_ROUTES = Resource("gateway.networking.k8s.io", "v1", "httproutes", kind="HTTPRoute")
"""Routes of the Gateway API."""
LOCAL_QUEUES = Resource("kueue.x-k8s.io", "v1beta2", "localqueues", kind="LocalQueue")
"""Queues of Kueue."""
NAMESPACES = Resource("", "v1", "namespaces", False, kind="Namespace")
NODES = Resource("", "v1", "nodes", False, kind="Node")
POD_GROUPS = Resource("scheduling.volcano.sh", "v1beta1", "podgroups", kind="PodGroup")
"""Gangs of Volcano."""
POD_LOGS = Resource("logs.arena.io", "v1", "podlogs", kind="PodLog")
"""The output of pods, which outlives them; each object is named after its pod's uid. Other clusters answer
404.
"""
PODS = Resource("", "v1", "pods", kind="Pod")
ABRIDGED = "abridged"
"""The key of pods that the gateway has read without the containers of their spec."""
REPLICASETS = Resource("apps", "v1", "replicasets", kind="ReplicaSet")
SECRETS = Resource("", "v1", "secrets", kind="Secret")
SERVICE_MONITORS = Resource("monitoring.coreos.com", "v1", "servicemonitors", kind="ServiceMonitor")
"""What the operator of Prometheus scrapes."""
SERVICES = Resource("", "v1", "services", kind="Service")
STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses", False, kind="StorageClass")
VIRTUAL_SERVICES = Resource("networking.istio.io", "v1beta1", "virtualservices", kind="VirtualService")
"""Routes of Istio."""
