"""The columns of each kind's table, as `kubectl get` prints them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from arena.local.api import json_path
from arena.local.api.durations import ago, elapsed
from arena.local.api.pod_columns import ready, restarts, status
from arena.local.api.resource_types import Type
from arena.local.definitions import AGE, Span
from arena.local.objects import Object
from arena.tuples import NamedTuple

Value = Callable[[Object, datetime], Any]


class Column(NamedTuple):
    """A column: its title and the cell of one object."""

    name: str
    value: Value
    wide: bool = False
    type: str = "string"


def of(kind: Type) -> tuple[Column, ...]:
    """The columns of a type; Name and Age if it has none of its own."""
    if kind.definition is None:
        return _TABLES.get(kind.key) or (_NAME, _AGE)
    if kind.facts:
        return (_NAME, *map(_published, kind.facts["columns"] or [_DEFAULT]))
    told = [_AGE if one is AGE else _defined(*one) for one in kind.definition.columns]
    wide = [_defined(*one, wide=True) for one in kind.definition.wide]
    return (_NAME, *told, *([] if _AGE in told else [_AGE]), *wide)


def _defined(title: str, cell: Callable[[Object], object], *, wide: bool = False) -> Column:
    def value(obj: Object, now: datetime) -> object:
        found = cell(obj)
        return elapsed(found.start, found.end, now) if isinstance(found, Span) else found

    return Column(title, value, wide)


_DEFAULT = {"name": "Age", "type": "date", "path": ".metadata.creationTimestamp"}
"""What a definition without columns has."""


def _published(column: Mapping[str, Any]) -> Column:
    """A column as it is published; a date is shown as the time since then."""
    path, kind = column["path"], column["type"]

    def value(obj: Object, now: datetime) -> object:
        found = json_path.find(obj, path)
        return ago(found, now) if kind == "date" and found is not None else found

    return Column(column["name"], value, bool(column.get("wide")), kind)


def _at(path: str, default: Any = "<none>") -> Value:
    """A cell with the value at a dotted path."""
    steps = path.split(".")

    def value(obj: Object, now: datetime) -> Any:
        found: Any = obj
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        return default if found in (None, "") else found

    return value


def _col(name: str, path: str, default: Any = "<none>", wide: bool = False) -> Column:
    return Column(name, _at(path, default), wide, "integer" if isinstance(default, int) else "string")


def _size(*names: str) -> Value:
    return lambda obj, now: sum(len(obj.get(name) or {}) for name in names)


def _selector(path: str) -> Value:
    def value(obj: Object, now: datetime) -> str:
        labels = _at(path, {})(obj, now)
        return ",".join(f"{key}={one}" for key, one in sorted(labels.items())) or "<none>"

    return value


def _ports(obj: Object, now: datetime) -> str:
    ports = obj["spec"].get("ports") or []
    return ",".join(f"{one['port']}/{one.get('protocol', 'TCP')}" for one in ports) or "<none>"


def _conditions(obj: Object) -> dict[str, Object]:
    found = (obj.get("status") or {}).get("conditions") or []
    return {one.get("type", ""): one for one in found if one.get("status") == "True"}


def _node_status(obj: Object, now: datetime) -> str:
    word = "Ready" if "Ready" in _conditions(obj) else "NotReady"
    return word + (",SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else "")


def _node_roles(obj: Object, now: datetime) -> str:
    prefix = "node-role.kubernetes.io/"
    roles = [
        key.removeprefix(prefix) for key in obj["metadata"].get("labels") or {} if key.startswith(prefix)
    ]
    return ",".join(sorted(roles)) or "<none>"


def _node_address(kind: str) -> Value:
    def value(obj: Object, now: datetime) -> str:
        found = (obj.get("status") or {}).get("addresses") or []
        return next((one["address"] for one in found if one.get("type") == kind), "<none>")

    return value


def _event_seen(which: str) -> Value:
    def seen(obj: Object, now: datetime) -> str:
        when = obj.get(which) or obj.get("eventTime") or obj["metadata"].get("creationTimestamp")
        return ago(when, now)

    return seen


def _event_object(obj: Object, now: datetime) -> str:
    about = obj.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _addresses(obj: Object, now: datetime) -> str:
    found = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in obj.get("subsets") or []
        for address in subset.get("addresses") or []
        for port in subset.get("ports") or []
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return ",".join(found[:3]) + more or "<none>"


def _modes(obj: Object, now: datetime) -> str:
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    modes = (obj.get("status") or {}).get("accessModes") or []
    return ",".join(short.get(one, one) for one in modes)


def _latest_values(obj: Object, now: datetime) -> str:
    metrics = (obj.get("status") or {}).get("metrics") or []
    return ",".join(f"{one['name']}={(one.get('latest') or {}).get('value', '')}" for one in metrics[:5])


def _role(obj: Object, now: datetime) -> str:
    return f"{_at('roleRef.kind')(obj, now)}/{_at('roleRef.name')(obj, now)}"


def _subjects(kind: str) -> Value:
    def value(obj: Object, now: datetime) -> str:
        found = [one for one in obj.get("subjects") or [] if one.get("kind") == kind]
        return ", ".join("/".join(filter(None, (one.get("namespace"), one["name"]))) for one in found)

    return value


def _amounts(limits: bool) -> Value:
    def value(obj: Object, now: datetime) -> str:
        known = obj.get("status") or {}
        hard, used = known.get("hard") or (obj.get("spec") or {}).get("hard") or {}, known.get("used") or {}
        chosen = {name: one for name, one in sorted(hard.items()) if name.startswith("limits.") == limits}
        return ", ".join(f"{name}: {used.get(name, '0')}/{one}" for name, one in chosen.items())

    return value


_NAME = _col("Name", "metadata.name", "")
_AGE = Column("Age", lambda obj, now: ago(obj["metadata"].get("creationTimestamp"), now))
_CREATED = _col("Created At", "metadata.creationTimestamp")
_BINDING = (
    _NAME, Column("Role", _role), _AGE, Column("Users", _subjects("User"), True),
    Column("Groups", _subjects("Group"), True), Column("ServiceAccounts", _subjects("ServiceAccount"), True),
)  # fmt: skip

_TABLES: dict[str, tuple[Column, ...]] = {
    "/pods": (
        _NAME, Column("Ready", ready), Column("Status", status), Column("Restarts", restarts), _AGE,
        _col("IP", "status.podIP", wide=True), _col("Node", "spec.nodeName", wide=True),
        _col("Nominated Node", "status.nominatedNodeName", wide=True),
        Column("Readiness Gates", lambda obj, now: "<none>", True),
    ),
    "/services": (
        _NAME, _col("Type", "spec.type"), _col("Cluster-IP", "spec.clusterIP"),
        Column("External-IP", lambda obj, now: obj["spec"].get("externalName") or "<none>"),
        Column("Port(s)", _ports), _AGE, Column("Selector", _selector("spec.selector"), True),
    ),
    "/configmaps": (_NAME, Column("Data", _size("data", "binaryData"), type="integer"), _AGE),
    "/secrets": (_NAME, _col("Type", "type"), Column("Data", _size("data"), type="integer"), _AGE),
    "/serviceaccounts": (_NAME, Column("Secrets", lambda obj, now: len(obj.get("secrets") or [])), _AGE),
    "/namespaces": (_NAME, _col("Status", "status.phase"), _AGE),
    "/endpoints": (_NAME, Column("Endpoints", _addresses), _AGE),
    "/events": (
        Column("Last Seen", _event_seen("lastTimestamp")),
        _col("Type", "type", ""), _col("Reason", "reason", ""),
        Column("Object", _event_object), _col("Subobject", "involvedObject.fieldPath", "", wide=True),
        _col("Source", "source.component", "", wide=True), _col("Message", "message", ""),
        Column("First Seen", _event_seen("firstTimestamp"), True),
        _col("Count", "count", 1, wide=True), _col("Name", "metadata.name", "", wide=True),
    ),
    "/nodes": (
        _NAME, Column("Status", _node_status), Column("Roles", _node_roles), _AGE,
        _col("Version", "status.nodeInfo.kubeletVersion"),
        Column("Internal-IP", _node_address("InternalIP"), True),
        Column("External-IP", _node_address("ExternalIP"), True),
        _col("OS-Image", "status.nodeInfo.osImage", wide=True),
        _col("Kernel-Version", "status.nodeInfo.kernelVersion", wide=True),
        _col("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", wide=True),
    ),
    "/persistentvolumeclaims": (
        _NAME, _col("Status", "status.phase"), _col("Volume", "spec.volumeName", ""),
        _col("Capacity", "status.capacity.storage", ""), Column("Access Modes", _modes),
        _col("StorageClass", "spec.storageClassName", ""),
        _col("VolumeAttributesClass", "spec.volumeAttributesClassName", "<unset>"), _AGE,
        _col("VolumeMode", "spec.volumeMode", "", wide=True),
    ),
    "/resourcequotas": (
        _NAME, Column("Request", _amounts(False)), Column("Limit", _amounts(True)), _AGE,
    ),
    "/limitranges": (_NAME, _CREATED),
    "rbac.authorization.k8s.io/clusterrolebindings": _BINDING,
    "rbac.authorization.k8s.io/clusterroles": (_NAME, _CREATED),
    "rbac.authorization.k8s.io/rolebindings": _BINDING,
    "rbac.authorization.k8s.io/roles": (_NAME, _CREATED),
    "coordination.k8s.io/leases": (_NAME, _col("Holder", "spec.holderIdentity"), _AGE),
    "metrics.arena.io/observationlogs": (
        _NAME, _col("Pod", "pod.name"), Column("Latest", _latest_values),
        _col("Complete", "status.complete", False), _AGE,
    ),
    "policy/poddisruptionbudgets": (
        _NAME, _col("Min Available", "spec.minAvailable", "N/A"),
        _col("Max Unavailable", "spec.maxUnavailable", "N/A"),
        _col("Allowed Disruptions", "status.disruptionsAllowed", 0), _AGE,
    ),
    "scheduling.k8s.io/priorityclasses": (
        _NAME, _col("Value", "value", 0), _col("Global-Default", "globalDefault", False), _AGE,
    ),
    "storage.k8s.io/storageclasses": (
        _NAME, _col("Provisioner", "provisioner"), _col("ReclaimPolicy", "reclaimPolicy", "Delete"),
        _col("VolumeBindingMode", "volumeBindingMode", "Immediate"), _AGE,
    ),
    "apiextensions.k8s.io/customresourcedefinitions": (_NAME, _CREATED),
}  # fmt: skip
