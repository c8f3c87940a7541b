"""autoscaling/v1 of HorizontalPodAutoscalers, which kubectl before 1.33 creates.

Kubernetes keeps what v1 has no fields for in annotations (`pkg/apis/autoscaling/v1/conversion.go`).
"""

import json
from collections.abc import Callable
from typing import Any

from arena import foreign_json
from arena.local.objects import AUTOSCALERS, Object

VERSION = "v1"
_NOTES = "autoscaling.alpha.kubernetes.io/"
METRICS, CURRENT, BEHAVIOR, CONDITIONS = (
    f"{_NOTES}{name}" for name in ("metrics", "current-metrics", "behavior", "conditions")
)
_SPEC = {
    "properties": {
        "scaleTargetRef": "CrossVersionObjectReference",
        "minReplicas": "int32",
        "maxReplicas": "int32",
        "targetCPUUtilizationPercentage": "int32",
    },
    "required": ["maxReplicas", "scaleTargetRef"],
}
_STATUS = {
    "properties": {
        "observedGeneration": "int64",
        "lastScaleTime": "date-time",
        "currentReplicas": "int32",
        "desiredReplicas": "int32",
        "currentCPUUtilizationPercentage": "int32",
    },
    "required": ["currentReplicas", "desiredReplicas"],
}
STRUCTURE = {"properties": {"spec": _SPEC, "status": _STATUS}, "required": ["spec"]}


def is_older(obj: Object) -> bool:
    """Whether an object is in autoscaling/v1."""
    return bool(obj.get("apiVersion") == AUTOSCALERS._replace(version=VERSION).api_version)


def up(obj: Object) -> Object:
    """The object in autoscaling/v2."""
    meta, spec, status = (dict(obj.get(name) or {}) for name in ("metadata", "spec", "status"))
    notes = dict(meta.get("annotations") or {})
    texts = {name: notes.pop(name, "") for name in (METRICS, CURRENT, BEHAVIOR, CONDITIONS)}
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    status.pop("currentCPUUtilizationPercentage", None)
    found = [_cpu(percent)] if percent is not None else []
    found += [_deep(one, "target") for one in _listed(texts[METRICS])]
    if found:
        spec["metrics"] = found
    if behavior := _renamed(_read(texts[BEHAVIOR]), str.lower):
        spec["behavior"] = behavior
    if current := [_deep(one, "current") for one in _listed(texts[CURRENT])]:
        status["currentMetrics"] = current
    if conditions := _listed(texts[CONDITIONS]):
        status["conditions"] = conditions
    return _object(obj, AUTOSCALERS.version, meta, notes, spec, status)


def down(obj: Object) -> Object:
    """The object in autoscaling/v1."""
    meta, spec, status = (dict(obj.get(name) or {}) for name in ("metadata", "spec", "status"))
    notes = dict(meta.get("annotations") or {})
    metrics, current = spec.pop("metrics", None) or [], status.pop("currentMetrics", None) or []
    for one in metrics:
        if _is_cpu(one):
            spec["targetCPUUtilizationPercentage"] = one["resource"]["target"]["averageUtilization"]
            break
    for one in current:
        percent = ((one.get("resource") or {}).get("current") or {}).get("averageUtilization")
        if one["type"] == "Resource" and one["resource"]["name"] == "cpu" and percent is not None:
            status["currentCPUUtilizationPercentage"] = percent
    if status:
        status = {"currentReplicas": 0, **status}
    kept = {
        METRICS: [_flat(one, "target") for one in metrics if not _is_cpu(one)],
        CURRENT: [_flat(one, "current") for one in current],
        BEHAVIOR: _renamed(spec.pop("behavior", None), str.upper),
        CONDITIONS: status.pop("conditions", None),
    }
    notes |= {name: json.dumps(value, separators=(",", ":")) for name, value in kept.items() if value}
    return _object(obj, VERSION, meta, notes, spec, status)


def _object(obj: Object, version: str, meta: Object, notes: Object, spec: Object, status: Object) -> Object:
    """The object with other parts; those that were not there and are empty stay away."""
    meta = {name: value for name, value in meta.items() if name != "annotations"}
    parts = {"spec": spec, "status": status}
    return {
        **obj,
        "apiVersion": AUTOSCALERS._replace(version=version).api_version,
        "metadata": {**meta, "annotations": notes} if notes else meta,
        **{name: value for name, value in parts.items() if value or name in obj},
    }


def _cpu(percent: Any) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _is_cpu(metric: Object) -> bool:
    source = metric.get("resource") or {}
    return source.get("name") == "cpu" and "averageUtilization" in (source.get("target") or {})


def _field(metric: Object) -> str:
    kind = str(metric["type"])
    return f"{kind[:1].lower()}{kind[1:]}"


def _names(field: str, word: str) -> dict[str, str]:
    """Field of v1 -> that of the value in v2.

    Args:
        field: that of the kind of metric.
        word: `target` or `current`.
    """
    average = "averageValue" if field == "object" else f"{word}AverageValue"
    found = {average: "averageValue"}
    if field in ("object", "external"):
        found[f"{word}Value"] = "value"
    if field in ("resource", "containerResource"):
        found[f"{word}AverageUtilization"] = "averageUtilization"
    return found


def _flat(metric: Object, word: str) -> Object:
    """A metric as v1 writes it."""
    field = _field(metric)
    source = dict(metric[field])
    value, name = source.pop(word, None) or {}, source.pop("metric", None)
    if described := source.pop("describedObject", None):
        source["target"] = described
    if name:
        source["metricName"] = name["name"]
        if "selector" in name:
            source["metricSelector" if field == "external" else "selector"] = name["selector"]
    source |= {old: value[new] for old, new in _names(field, word).items() if new in value}
    return {"type": metric["type"], field: source}


def _deep(metric: Object, word: str) -> Object:
    """A metric that v1 has written, as v2 writes it."""
    field = _field(metric)
    source = dict(metric.get(field) or {})
    value = {new: source.pop(old) for old, new in _names(field, word).items() if source.get(old) is not None}
    if described := source.pop("target", None):
        source["describedObject"] = described
    if "metricName" in source:
        selector = source.pop("metricSelector", None) or source.pop("selector", None)
        source["metric"] = {"name": source.pop("metricName"), **({"selector": selector} if selector else {})}
    if word == "target":
        usual = "Utilization" if "averageUtilization" in value else "AverageValue"
        value["type"] = "Value" if "value" in value else usual
    return {"type": metric["type"], field: {**source, word: value}}


def _renamed(value: Any, change: Callable[[str], str]) -> Any:
    """Rules of behavior with the first letters of their fields changed: v1 has the names that Go has."""
    if isinstance(value, dict):
        return {
            f"{change(name[:1])}{name[1:]}": _renamed(one, change)
            for name, one in value.items()
            if one is not None
        }
    return [_renamed(one, change) for one in value] if isinstance(value, list) else value


def _read(text: str) -> Any:
    """What an annotation holds; None if it cannot be read."""
    try:
        return foreign_json.loads(text or "null")
    except ValueError:
        return None


def _listed(text: str) -> list[Object]:
    found = _read(text)
    is_list = isinstance(found, list) and all(isinstance(one, dict) and one.get("type") for one in found)
    return found if is_list else []
