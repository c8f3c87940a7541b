"""HorizontalPodAutoscalers for servings: the manifest of one, and how they are read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.serving import FAMILY
from arena.model.servings import Autoscaler, Metric, Serving
from arena.resources import AUTOSCALERS, Resource

Object = dict[str, Any]
RESOURCES = ("cpu", "memory")
"""Metrics that every cluster with a metrics server has."""


def manifest(
    one: Serving,
    owner: Mapping[str, Any],
    limits: tuple[int, int],
    metrics: Sequence[Metric],
    resource: Resource = AUTOSCALERS,
) -> Object:
    """The autoscaler of a serving.

    Args:
        one: the serving.
        owner: the reference to its main object, which it scales.
        limits: the least and the most instances.
        metrics: their targets.
        resource: the type of autoscalers that the cluster serves.
    """
    target = {key: owner[key] for key in ("apiVersion", "kind", "name")}
    own = labels.common(one.name, one.kind, FAMILY.component, f"{one.name}-{one.version}".rstrip("-"))
    marks = {labels.SERVING_NAME: one.name, labels.SERVING_VERSION: one.version}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": one.object_name,
            "namespace": one.namespace,
            "labels": {**own, **{key: value for key, value in marks.items() if value}},
            "ownerReferences": [dict(owner)],
        },
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": limits[0],
            "maxReplicas": limits[1],
            "metrics": [_source(metric) for metric in metrics],
        },
    }


def _source(metric: Metric) -> Object:
    target: Object = {"type": "AverageValue", "averageValue": metric.target}
    if metric.target.endswith("%"):
        target = {"type": "Utilization", "averageUtilization": int(metric.target[:-1])}
    if metric.name in RESOURCES:
        return {"type": "Resource", "resource": {"name": metric.name, "target": target}}
    return {"type": "Pods", "pods": {"metric": {"name": metric.name}, "target": target}}


def is_for(scaler: Mapping[str, Any], main: Mapping[str, Any], kind: str) -> bool:
    """Whether an autoscaler scales a main object of that kind."""
    target = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (target.get("kind"), target.get("name")) == (kind, main["metadata"]["name"])


def read(scaler: Mapping[str, Any]) -> Autoscaler:
    """An autoscaler in the form of the model."""
    spec, status = scaler.get("spec") or {}, scaler.get("status") or {}
    now = dict(_values(status.get("currentMetrics") or (), "current"))
    metrics = [
        Metric(name=name, target=value, current=now.get(name, ""))
        for name, value in _values(spec.get("metrics") or (), "target")
    ]
    failed = [
        one.get("message") or one.get("reason") or ""
        for one in status.get("conditions") or ()
        if one.get("type") in ("AbleToScale", "ScalingActive") and one.get("status") == "False"
    ]
    least = spec.get("minReplicas")
    return Autoscaler(
        name=f"{AUTOSCALERS.kind} {scaler['metadata']['name']}",
        least=1 if least is None else int(least),
        most=int(spec.get("maxReplicas") or 0),
        metrics=tuple(metrics),
        problem=next(iter(failed), ""),
    )


def _values(metrics: Sequence[Mapping[str, Any]], field: str) -> Iterator[tuple[str, str]]:
    """Name -> value of each metric in a spec or a status."""
    for one in metrics:
        kind = str(one.get("type") or "")
        source = one.get(kind[:1].lower() + kind[1:]) or {}
        name = source.get("name") or (source.get("metric") or {}).get("name") or ""
        value = source.get(field) or {}
        if (share := value.get("averageUtilization")) is not None:
            yield str(name), f"{share}%"
        else:
            yield str(name), str(value.get("averageValue") or value.get("value") or "")
