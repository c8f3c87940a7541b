"""Defaults that the API sets for missing fields of built-in kinds. All functions change the object in place.

The structures say most of them. Here are those that depend on other fields.
"""

import base64
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from arena.local.api import schema
from arena.local.api.pods import quality
from arena.local.api.rbac import validation as rbac_validation
from arena.local.api.resource_types import Type
from arena.local.api.schema import Schema
from arena.local.definitions import set_defaults
from arena.local.objects import Object

_WITHOUT = ("metadata", "status")
"""The fields of objects that have no defaults."""


def fill(kind: Type, obj: Object) -> None:
    """Set the defaults of the type."""
    if not kind.custom:
        root = schema.root(kind)
        _own(root, obj)
        if isinstance(obj.get("status"), dict):  # of which clients expect some numbers
            set_defaults(obj["status"], **root.child("status").raw.get("defaults", {}))
        for name in obj.keys() - _WITHOUT:
            _complete(root.child(name), obj[name])
    if kind.definition:
        kind.definition.fill(obj)
    elif filler := _FILLERS.get(kind.key):
        filler(obj)


def complete_status(kind: Type, obj: Object) -> None:
    """Set what Go always writes of the parts of a status: numbers, times as null, and empty parts."""
    status = obj["status"]
    _complete(schema.root(kind).child("status"), status)
    set_defaults(status, **_STATUS.get(kind.key, {}))
    if kind.key == "/nodes" and status.get("capacity"):
        set_defaults(status, allocatable=dict(status["capacity"]))


_STATUS = {"/namespaces": {"phase": "Active"}, "/persistentvolumeclaims": {"phase": "Pending"}}


def _complete(one: Schema, value: Any) -> None:
    """Set the defaults in a value."""
    if isinstance(value, dict):
        _own(one, value)
        for name, inner in value.items():
            _complete(one.child(name), inner)
    elif isinstance(value, list):
        for inner in value:
            _complete(one.item, inner)


def _own(one: Schema, value: Object) -> None:
    """Set the defaults of a mapping's own fields."""
    for name, default in one.all_defaults.items():
        if value.get(name) is None:
            value[name] = deepcopy(default)
    if rule := _RULES.get(one.name):
        rule(value)


def _container(container: Object) -> None:
    set_defaults(container, imagePullPolicy=_pull_policy(str(container.get("image") or "")))


def _image_volume(image: Object) -> None:
    set_defaults(image, pullPolicy=_pull_policy(str(image.get("reference") or "")))


def _pull_policy(image: str) -> str:
    latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
    return "Always" if latest and "@" not in image else "IfNotPresent"


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}


def _service_port(port: Object) -> None:
    if not port.get("targetPort"):
        port["targetPort"] = port.get("port")


def _limit(limit: Object) -> None:
    """Set a container's limits to the greatest ones, and its requests to its limits or the least ones."""
    if limit.get("type") == "Container":
        default = {**limit.get("max", {}), **limit.get("default", {})}
        request = {**limit.get("min", {}), **default, **limit.get("defaultRequest", {})}
        found = {"default": default, "defaultRequest": request}
        limit.update({name: one for name, one in found.items() if one})


_RULES: dict[str, Callable[[Object], None]] = {
    "Container": _container,
    "EphemeralContainer": _container,
    "ImageVolumeSource": _image_volume,
    "LimitRangeItem": _limit,
    "ServicePort": _service_port,
    "Volume": _volume,
}
"""Defaults of structures, by their names."""


def _pod(obj: Object) -> None:
    spec = obj["spec"]
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        if limits := container["resources"].get("limits"):
            container["resources"]["requests"] = {**limits, **container["resources"].get("requests", {})}
        if spec.get("hostNetwork"):
            for port in container.get("ports") or []:
                port["hostPort"] = port.get("hostPort") or port.get("containerPort")
    set_defaults(spec, serviceAccountName=spec.get("serviceAccount") or "default", enableServiceLinks=True)
    set_defaults(spec, serviceAccount=spec["serviceAccountName"])
    status = obj.setdefault("status", {})
    set_defaults(status, phase="Pending", qosClass=quality.of(spec))


def _service(obj: Object) -> None:
    spec, kind = obj["spec"], obj["spec"]["type"]
    if kind != "ExternalName":
        set_defaults(spec, clusterIP="127.0.0.1", internalTrafficPolicy="Cluster")
        set_defaults(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs")):
        set_defaults(spec, externalTrafficPolicy="Cluster")
    if kind == "LoadBalancer":
        set_defaults(spec, allocateLoadBalancerNodePorts=True)
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800, **client}}
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _namespace(obj: Object) -> None:
    set_defaults(obj["spec"], finalizers=["kubernetes"])
    set_defaults(obj["status"], phase="Active")
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = {**labels, "kubernetes.io/metadata.name": obj["metadata"]["name"]}


def _secret(obj: Object) -> None:
    texts = obj.pop("stringData", None)
    if texts:
        data = {
            key: base64.b64encode(value.encode(errors="replace")).decode() for key, value in texts.items()
        }
        obj["data"] = {**(obj.get("data") or {}), **data}


def _claim(obj: Object) -> None:
    """Bind a claim at once, since it is a folder of this machine."""
    spec = obj["spec"]
    set_defaults(spec, volumeName="local", storageClassName="local")
    if not obj.get("status"):
        capacity = (spec.get("resources") or {}).get("requests") or {}
        modes = list(spec.get("accessModes") or [])
        obj["status"] = {"phase": "Bound", "accessModes": modes, "capacity": dict(capacity)}


_FILLERS: dict[str, Callable[[Object], None]] = {
    "/pods": _pod,
    "/services": _service,
    "/namespaces": _namespace,
    "/secrets": _secret,
    "/persistentvolumeclaims": _claim,
    "rbac.authorization.k8s.io/clusterrolebindings": rbac_validation.fill,
    "rbac.authorization.k8s.io/rolebindings": rbac_validation.fill,
}

ALLOTTED: dict[str, tuple[str, ...]] = {
    "/pods": ("serviceAccount", "serviceAccountName"),
    "/services": ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"),
    "/namespaces": ("finalizers",),
    "/persistentvolumeclaims": ("volumeName", "storageClassName"),
}
"""The fields of a spec that are no defaults: unless a request has them, a cluster's storage or admission
sets them, and nobody owns them."""
