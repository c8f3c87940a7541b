"""Defaults that the API sets for missing fields. All functions change the object in place."""

import base64
from collections.abc import Callable

from arena.local.api.rbac import validation as rbac_validation
from arena.local.api.resource_types import Type
from arena.local.definitions import set_defaults
from arena.local.objects import Object


def fill(kind: Type, obj: Object) -> None:
    """Set the defaults of the type."""
    if kind.definition:
        kind.definition.fill(obj)
        if kind.definition.restart:
            _template(obj["spec"])
    elif filler := _FILLERS.get(kind.key):
        filler(obj)


def _pod(obj: Object) -> None:
    _pod_spec(obj["spec"])
    spec = obj["spec"]
    set_defaults(spec, serviceAccountName="default", enableServiceLinks=True)
    status = obj.setdefault("status", {})
    set_defaults(status, phase="Pending", qosClass=_quality(spec))


def _template(spec: Object) -> None:
    template = spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        _pod_spec(template["spec"])


def _pod_spec(spec: Object) -> None:
    set_defaults(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        securityContext={},
    )
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        _container(container)
    for volume in spec.get("volumes") or []:
        _volume(volume)


def _container(container: Object) -> None:
    image = str(container.get("image") or "")
    latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
    set_defaults(
        container,
        imagePullPolicy="Always" if latest and "@" not in image else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    for port in container.get("ports") or []:
        set_defaults(port, protocol="TCP")
    limits = container["resources"].get("limits") or {}
    if limits:
        requests = container["resources"].setdefault("requests", {})
        for name, amount in limits.items():
            requests.setdefault(name, amount)
    for variable in container.get("env") or []:
        if field := (variable.get("valueFrom") or {}).get("fieldRef"):
            set_defaults(field, apiVersion="v1")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := container.get(name):
            set_defaults(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if probe.get("httpGet"):
                set_defaults(probe["httpGet"], path="/", scheme="HTTP")


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(volume.get(name), dict):
            set_defaults(volume[name], defaultMode=0o644)
    if isinstance(volume.get("hostPath"), dict):
        set_defaults(volume["hostPath"], type="")


def _quality(spec: Object) -> str:
    """The quality of service class of a pod."""
    asked = [container.get("resources") or {} for container in spec.get("containers") or []]
    if not any(one.get("requests") or one.get("limits") for one in asked):
        return "BestEffort"
    for one in asked:
        limits, requests = one.get("limits") or {}, one.get("requests") or {}
        if not all(name in limits and limits[name] == requests.get(name) for name in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def _service(obj: Object) -> None:
    spec = obj["spec"]
    set_defaults(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        set_defaults(spec, clusterIP="127.0.0.1", internalTrafficPolicy="Cluster")
        set_defaults(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for port in spec.get("ports") or []:
        set_defaults(port, protocol="TCP", targetPort=port.get("port"))
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _namespace(obj: Object) -> None:
    set_defaults(obj, spec={"finalizers": ["kubernetes"]}, status={})
    set_defaults(obj["status"], phase="Active")
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = {**labels, "kubernetes.io/metadata.name": obj["metadata"]["name"]}


def _secret(obj: Object) -> None:
    set_defaults(obj, type="Opaque")
    texts = obj.pop("stringData", None)
    if texts:
        data = {
            key: base64.b64encode(value.encode(errors="replace")).decode() for key, value in texts.items()
        }
        obj["data"] = {**(obj.get("data") or {}), **data}


def _claim(obj: Object) -> None:
    """Bind a claim at once, since it is a folder of this machine."""
    spec = obj["spec"]
    set_defaults(spec, volumeMode="Filesystem", volumeName="local", storageClassName="local")
    if not obj.get("status"):
        capacity = (spec.get("resources") or {}).get("requests") or {}
        modes = list(spec.get("accessModes") or [])
        obj["status"] = {"phase": "Bound", "accessModes": modes, "capacity": dict(capacity)}


def _budget(obj: Object) -> None:
    set_defaults(obj, status={})


_FILLERS: dict[str, Callable[[Object], None]] = {
    "/pods": _pod,
    "/services": _service,
    "/namespaces": _namespace,
    "/secrets": _secret,
    "/persistentvolumeclaims": _claim,
    "policy/poddisruptionbudgets": _budget,
    "rbac.authorization.k8s.io/clusterrolebindings": rbac_validation.fill,
    "rbac.authorization.k8s.io/rolebindings": rbac_validation.fill,
}
