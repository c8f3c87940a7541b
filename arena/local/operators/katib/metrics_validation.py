"""What is wrong with what an Experiment says of metrics: its objective, its collector, and early stopping."""

import re
from collections.abc import Iterator
from typing import Any

from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, invalid, missing, unsupported
from arena.local.objects import Object
from arena.local.operators.katib import early_stopping, observations
from arena.local.operators.katib.kinds import MAXIMIZE, MINIMIZE

_STRATEGIES = ("min", "max", "latest")
_FORMATS = ("TEXT", "JSON")


def check_objective(objective: Any) -> Iterator[FieldError]:
    """Yield what is wrong with the objective."""
    path = "spec.objective"
    if not isinstance(objective, dict):
        yield missing(path, "must be specified")
        return
    if objective.get("type") not in (MINIMIZE, MAXIMIZE):
        yield unsupported(f"{path}.type", objective.get("type"), (MINIMIZE, MAXIMIZE))
    name = objective.get("objectiveMetricName")
    more = objective.get("additionalMetricNames") or []
    if not name:
        yield missing(f"{path}.objectiveMetricName", "must be specified")
    elif name in more:
        yield invalid(
            f"{path}.additionalMetricNames", more, "should not contain spec.objective.objectiveMetricName"
        )
    for index, one in enumerate(items(objective.get("metricStrategies"))):
        if mapping(one).get("value") not in _STRATEGIES:
            yield unsupported(
                f"{path}.metricStrategies[{index}].value", mapping(one).get("value"), _STRATEGIES
            )


def check_stopping(stopping: Any) -> Iterator[FieldError]:
    """Yield what is wrong with `earlyStopping`, which may be missing."""
    if stopping is None:
        return
    path, name = "spec.earlyStopping", mapping(stopping).get("algorithmName")
    if name != early_stopping.MEDIAN:
        yield unsupported(f"{path}.algorithmName", name, (early_stopping.MEDIAN,))
    for index, one in enumerate(items(mapping(stopping).get("algorithmSettings"))):
        setting, value = mapping(one).get("name"), mapping(one).get("value")
        where = f"{path}.algorithmSettings[{index}]"
        if setting not in early_stopping.SETTINGS:
            yield unsupported(f"{where}.name", setting, tuple(early_stopping.SETTINGS))
        elif not re.fullmatch(r"[1-9]\d{0,5}", str(value)):
            yield invalid(f"{where}.value", value, "must be a whole number of at least 1, as text")


def check_collector(spec: Object) -> Iterator[FieldError]:
    """Yield what is wrong with a metricsCollectorSpec."""
    path, kind = "spec.metricsCollectorSpec", mapping(spec.get("collector")).get("kind")
    if kind not in observations.SOURCES:
        yield unsupported(f"{path}.collector.kind", kind, tuple(observations.SOURCES))
        return
    source = mapping(spec.get("source"))
    place = mapping(source.get("fileSystemPath"))
    where = f"{path}.source.fileSystemPath"
    if kind != "StdOut":
        wanted = "File" if kind == "File" else "Directory"
        if place.get("kind") != wanted:
            yield unsupported(f"{where}.kind", place.get("kind"), (wanted,))
        if not isinstance(place.get("path"), str) or not place["path"].startswith("/"):
            yield invalid(f"{where}.path", place.get("path"), "must be an absolute path")
    if kind == "File" and place.get("format") not in _FORMATS:
        yield unsupported(f"{where}.format", place.get("format"), _FORMATS)
    if kind == "TensorFlowEvent" and place.get("format"):
        yield invalid(f"{where}.format", place["format"], "must be empty")
    formats = mapping(source.get("filter")).get("metricsFormat")
    if kind == "File" and place.get("format") == "JSON" and source.get("filter"):
        yield invalid(f"{path}.source.filter", "", "must be nil when the format of the metrics file is JSON")
    for index, one in enumerate(formats if isinstance(formats, list) else ()):
        yield from _check_filter(f"{path}.source.filter.metricsFormat[{index}]", one)


def _check_filter(path: str, given: Any) -> Iterator[FieldError]:
    try:
        groups = re.compile(given).groups
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        yield invalid(path, given, f"invalid filter: {error}")
        return
    if groups < 2:
        yield invalid(path, given, "two top subexpressions are required")
