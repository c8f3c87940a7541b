"""What the API sets and refuses in HorizontalPodAutoscalers (`pkg/apis/autoscaling` of Kubernetes)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from arena.local.checks import mapping, text
from arena.local.definitions import set_defaults
from arena.local.field_errors import FieldError, forbidden, invalid, missing, unsupported
from arena.local.formats import label, path_segment
from arena.local.machinery.quantities import parse_quantity
from arena.local.objects import Object

_CPU: Object = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}
_USUAL_CPU = 80
_UP: Object = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN: Object = {
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}
_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_ORDER = ("object", "external", "pods", "resource", "containerResource")
"""The sources of a metric in the order in which they are checked."""
_CHOICES = ("Disabled", "Max", "Min")
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800


def fill(obj: Object) -> None:
    """Set the defaults, in place."""
    spec = obj["spec"]
    set_defaults(spec, minReplicas=1)
    if not spec.get("metrics"):
        cpu = deepcopy(_CPU)
        cpu["resource"]["target"]["averageUtilization"] = _USUAL_CPU
        spec["metrics"] = [cpu]
    if isinstance(spec.get("behavior"), dict):
        for name, usual in (("scaleUp", _UP), ("scaleDown", _DOWN)):
            spec["behavior"].setdefault(name, {})
            set_defaults(spec["behavior"][name], **deepcopy(usual))


def check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a HorizontalPodAutoscaler."""
    spec = obj["spec"]
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if least is not None and least < 0:
        yield invalid("spec.minReplicas", least, "must be greater than or equal to 0")
    if most < 1:
        yield invalid("spec.maxReplicas", most, "must be greater than 0")
    if least is not None and most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from _reference("spec.scaleTargetRef", mapping(spec.get("scaleTargetRef")))
    found = spec.get("metrics") or []
    for index, one in enumerate(found):
        yield from _metric(f"spec.metrics[{index}]", mapping(one))
    if least == 0 and not any(mapping(one).get("type") in ("Object", "External") for one in found):
        why = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden("spec.metrics", why)
    for name, rules in mapping(spec.get("behavior")).items():
        yield from _rules(f"spec.behavior.{name}", mapping(rules))


def _reference(path: str, reference: Object) -> Iterator[FieldError]:
    for name in ("kind", "name"):
        value = reference.get(name)
        if not value:
            yield missing(f"{path}.{name}")
        else:
            yield from text(path_segment)(f"{path}.{name}", value)


def _rules(path: str, rules: Object) -> Iterator[FieldError]:
    window, choice = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    if window is not None and window < 0:
        yield invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
    if window is not None and window > _LONGEST_WINDOW:
        why = f"must be less than or equal to {_LONGEST_WINDOW}"
        yield invalid(f"{path}.stabilizationWindowSeconds", window, why)
    if choice is not None and choice not in _CHOICES:
        yield unsupported(f"{path}.selectPolicy", choice, _CHOICES)
    if not rules.get("policies"):
        yield missing(f"{path}.policies", "must specify at least one Policy")
    for index, one in enumerate(rules.get("policies") or []):
        yield from _policy(f"{path}.policies[{index}]", mapping(one))
    if rules.get("tolerance") is not None and parse_quantity(rules["tolerance"]) < 0:
        yield invalid(f"{path}.tolerance", rules["tolerance"], "must be greater than or equal to 0")


def _policy(path: str, policy: Object) -> Iterator[FieldError]:
    if policy.get("type") not in ("Pods", "Percent"):
        yield unsupported(f"{path}.type", policy.get("type") or "", ("Percent", "Pods"))
    for name in ("value", "periodSeconds"):
        if (policy.get(name) or 0) <= 0:
            yield invalid(f"{path}.{name}", policy.get(name) or 0, "must be greater than zero")
    if (period := policy.get("periodSeconds") or 0) > _LONGEST_PERIOD:
        yield invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}")


def _metric(path: str, metric: Object) -> Iterator[FieldError]:
    kind = metric.get("type") or ""
    if not kind:
        yield missing(f"{path}.type", "must specify a metric source type")
    if kind not in _TYPES:
        yield unsupported(f"{path}.type", kind, _TYPES)
    given = [name for name in _ORDER if metric.get(name) is not None]
    for name in given[:1]:
        yield from _SOURCES[name](f"{path}.{name}", metric[name])
    wanted = f"{kind[:1].lower()}{kind[1:]}"
    if kind in _TYPES and wanted not in given:
        yield missing(f"{path}.{wanted}", "must populate information for the given metric source")
    if kind not in _TYPES:
        yield unsupported(f"{path}.type", kind, _TYPES)
    if len(given) != 1:
        for name in given:
            if name != wanted:
                yield forbidden(f"{path}.{name}", "must populate the given metric source only")


def _target(path: str, source: Object, choices: Sequence[str], why: str) -> Iterator[FieldError]:
    """The errors of a target, which must have a value of one of the forms."""
    target = mapping(source.get("target"))
    kind = target.get("type") or ""
    if not kind:
        yield missing(f"{path}.target.type", "must specify a metric target type")
    if kind not in ("Utilization", "Value", "AverageValue"):
        yield invalid(f"{path}.target.type", kind, "must be either Utilization, Value, or AverageValue")
    for name in ("value", "averageValue"):
        if target.get(name) is not None and parse_quantity(target[name]) <= 0:
            yield invalid(f"{path}.target.{name}", target[name], "must be positive")
    if target.get("averageUtilization") is not None and target["averageUtilization"] < 1:
        yield invalid(
            f"{path}.target.averageUtilization", target["averageUtilization"], "must be greater than 0"
        )
    if all(target.get(name) is None for name in choices):
        yield missing(f"{path}.target.{choices[0]}", why)


def _both(path: str, source: Object, names: tuple[str, str], why: str) -> Iterator[FieldError]:
    """The error of a target with two values that exclude each other."""
    target = mapping(source.get("target"))
    if all(target.get(name) is not None for name in names):
        yield forbidden(f"{path}.target.{names[1]}", why)


def _identifier(path: str, source: Object) -> Iterator[FieldError]:
    name = mapping(source.get("metric")).get("name")
    if not name:
        yield missing(f"{path}.metric.name", "must specify a metric name")
    else:
        yield from text(path_segment)(f"{path}.metric.name", name)


def _object(path: str, source: Object) -> Iterator[FieldError]:
    yield from _reference(f"{path}.describedObject", mapping(source.get("describedObject")))
    yield from _identifier(path, source)
    why = "must set either a target value or averageValue"
    yield from _target(path, source, ("averageValue", "value"), why)


def _external(path: str, source: Object) -> Iterator[FieldError]:
    yield from _identifier(path, source)
    why = "must set either a target value for metric or a per-pod target"
    yield from _target(path, source, ("averageValue", "value"), why)
    why = "may not set both a target value for metric and a per-pod target"
    yield from _both(path, source, ("averageValue", "value"), why)


def _pods(path: str, source: Object) -> Iterator[FieldError]:
    yield from _identifier(path, source)
    yield from _target(path, source, ("averageValue",), "must specify a positive target averageValue")


def _resource(path: str, source: Object) -> Iterator[FieldError]:
    if not source.get("name"):
        yield missing(f"{path}.name", "must specify a resource name")
    why = "must set either a target raw value or a target utilization"
    yield from _target(path, source, ("averageUtilization", "averageValue"), why)
    why = "may not set both a target raw value and a target utilization"
    yield from _both(path, source, ("averageUtilization", "averageValue"), why)


def _container(path: str, source: Object) -> Iterator[FieldError]:
    if not source.get("container"):
        yield missing(f"{path}.container", "must specify a container")
    else:
        yield from text(label)(f"{path}.container", source["container"])
    yield from _resource(path, source)


_SOURCES: Mapping[str, Callable[[str, Any], Iterator[FieldError]]] = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container,
}
