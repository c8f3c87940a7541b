"""API resource types, as data: the one vocabulary that kinds, actions and the gateway share."""

from typing import NamedTuple


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
    """A field of its spec that only some releases serve under this version; "" where none must be there."""
    sibling: str = ""
    """The plural of a type beside it that only releases with the field bring."""

    @property
    def api_version(self) -> str:
        """`v1` for the core group, `group/version` for the others."""
        return f"{self.group}/{self.version}" if self.group else self.version

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


CLAIMS = Resource("", "v1", "persistentvolumeclaims", kind="PersistentVolumeClaim")
CONFIGMAPS = Resource("", "v1", "configmaps", kind="ConfigMap")
DEPLOYMENTS = Resource("apps", "v1", "deployments", kind="Deployment")
EVENTS = Resource("", "v1", "events", kind="Event")
NAMESPACES = Resource("", "v1", "namespaces", False, kind="Namespace")
NODES = Resource("", "v1", "nodes", False, kind="Node")
PODS = Resource("", "v1", "pods", kind="Pod")
SECRETS = Resource("", "v1", "secrets", kind="Secret")
SERVICES = Resource("", "v1", "services", kind="Service")
