"""Defaults: what the API fills in where the writer left it out. All functions change in place."""

import base64
from collections.abc import Callable
from typing import Any

from arena.local.api.types import Type
from arena.local.objects import Object


def fill(kind: Type, obj: Object) -> None:
    """Fill in the defaults of the type."""
    if kind.definition:
        kind.definition.fill(obj)
    elif filler := _FILLERS.get(kind.key):
        filler(obj)


def _set(target: dict[str, Any], **values: Any) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def _pod(obj: Object) -> None:
    _pod_spec(obj["spec"])
    spec = obj["spec"]
    _set(spec, serviceAccountName="default", enableServiceLinks=True)
    status = obj.setdefault("status", {})
    _set(status, phase="Pending", qosClass=_quality(spec))


def _template(spec: Object) -> None:
    template = spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        _pod_spec(template["spec"])


def _pod_spec(spec: Object) -> None:
    _set(
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
    _set(
        container,
        imagePullPolicy="Always" if latest and "@" not in image else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    for port in container.get("ports") or []:
        _set(port, protocol="TCP")
    limits = container["resources"].get("limits") or {}
    if limits:
        requests = container["resources"].setdefault("requests", {})
        for name, amount in limits.items():
            requests.setdefault(name, amount)
    for variable in container.get("env") or []:
        if field := (variable.get("valueFrom") or {}).get("fieldRef"):
            _set(field, apiVersion="v1")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := container.get(name):
            _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if probe.get("httpGet"):
                _set(probe["httpGet"], path="/", scheme="HTTP")


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(volume.get(name), dict):
            _set(volume[name], defaultMode=0o644)
    if isinstance(volume.get("hostPath"), dict):
        _set(volume["hostPath"], type="")


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
    _set(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        _set(spec, clusterIP="127.0.0.1", internalTrafficPolicy="Cluster")
        _set(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for port in spec.get("ports") or []:
        _set(port, protocol="TCP", targetPort=port.get("port"))
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _deployment(obj: Object) -> None:
    spec = obj["spec"]
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _set(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _set(spec["strategy"], rollingUpdate={})
        _set(spec["strategy"]["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    _template(spec)


def _replicaset(obj: Object) -> None:
    _set(obj["spec"], replicas=1)
    _template(obj["spec"])


def _statefulset(obj: Object) -> None:
    spec = obj["spec"]
    _set(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10, updateStrategy={})
    _set(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _set(spec["updateStrategy"], rollingUpdate={})
        _set(spec["updateStrategy"]["rollingUpdate"], partition=0)
    _template(spec)


def _job(obj: Object) -> None:
    spec = obj["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    limit = 6 if spec.get("backoffLimitPerIndex") is None else 2**31 - 1
    _set(spec, parallelism=1, backoffLimit=limit, completionMode="NonIndexed", suspend=False)
    _set(spec, podReplacementPolicy="TerminatingOrFailed")
    if not spec.get("manualSelector") and not spec.get("selector"):
        uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        meta = spec.setdefault("template", {}).setdefault("metadata", {})
        labels = meta.get("labels") or {}
        for prefix in ("", "batch.kubernetes.io/"):
            labels = {**labels, f"{prefix}controller-uid": uid, f"{prefix}job-name": name}
        meta["labels"] = labels
        obj["metadata"].setdefault("labels", dict(labels))
    _template(spec)


def _namespace(obj: Object) -> None:
    _set(obj, spec={"finalizers": ["kubernetes"]}, status={})
    _set(obj["status"], phase="Active")
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = {**labels, "kubernetes.io/metadata.name": obj["metadata"]["name"]}


def _secret(obj: Object) -> None:
    _set(obj, type="Opaque")
    texts = obj.pop("stringData", None)
    if texts:
        data = {key: base64.b64encode(value.encode()).decode() for key, value in texts.items()}
        obj["data"] = {**(obj.get("data") or {}), **data}


def _claim(obj: Object) -> None:
    """A claim is bound at once: it is a folder of this machine."""
    spec = obj["spec"]
    _set(spec, volumeMode="Filesystem", volumeName="local", storageClassName="local")
    if not obj.get("status"):
        capacity = (spec.get("resources") or {}).get("requests") or {}
        modes = list(spec.get("accessModes") or [])
        obj["status"] = {"phase": "Bound", "accessModes": modes, "capacity": dict(capacity)}


def _budget(obj: Object) -> None:
    _set(obj, status={})


_FILLERS: dict[str, Callable[[Object], None]] = {
    "/pods": _pod,
    "/services": _service,
    "/namespaces": _namespace,
    "/secrets": _secret,
    "/persistentvolumeclaims": _claim,
    "apps/deployments": _deployment,
    "apps/replicasets": _replicaset,
    "apps/statefulsets": _statefulset,
    "batch/jobs": _job,
    "policy/poddisruptionbudgets": _budget,
}
