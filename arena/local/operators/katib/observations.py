"""What a trial has reported: its metrics, of the ObservationLogs of its pods.

The node collects them beside the containers (`arena/local/node/metrics/`), as the annotation asks that the
operator puts on the pods. So they outlive the pods and the server.
"""

import json
import math
import posixpath
from collections.abc import Iterable, Iterator

from arena.local.machinery.pod_template import selector
from arena.local.objects import COLLECT, OBSERVATION_LOGS, PODS, Object, Objects, key
from arena.local.operators.katib import kinds
from arena.local.operators.katib.kinds import TRIAL_LABEL, UNAVAILABLE

SOURCES = {"StdOut": "stdout", "File": "file", "TensorFlowEvent": "tensorflowEvents"}
"""The kinds of collectors that the local cluster has, and what the node calls their sources."""
PATHS = {"File": "/var/log/katib/metrics.log", "TensorFlowEvent": "/var/log/katib/tfevent/"}
LINES, LONGEST = 5, 400
"""The end of a trial's output in messages: lines, and characters."""


def names(objective: Object) -> list[str]:
    """The metrics that a trial reports, first the one that is optimized."""
    return [objective["objectiveMetricName"], *(objective.get("additionalMetricNames") or [])]


def note(spec: Object, container: str, objective: Object) -> dict[str, str]:
    """The annotation by which the node collects the metrics of a container.

    Args:
        spec: the metricsCollectorSpec.
    """
    kind = (spec.get("collector") or {}).get("kind") or "StdOut"
    source = spec.get("source") or {}
    place = source.get("fileSystemPath") or {}
    asked: Object = {"source": SOURCES[kind], "metrics": names(objective)}
    if kind != "StdOut":
        asked["path"] = place.get("path") or PATHS[kind]
    if place.get("format") == "JSON":
        asked["format"] = "json"
    elif formats := (source.get("filter") or {}).get("metricsFormat"):
        asked["filters"] = formats
    return {COLLECT: json.dumps({container: asked})}


def folder(spec: Object) -> str:
    """The folder in which a container writes its metrics, without a slash at its end; "" for none.

    Args:
        spec: the metricsCollectorSpec.
    """
    kind = (spec.get("collector") or {}).get("kind") or "StdOut"
    if kind not in PATHS:
        return ""
    path = str(((spec.get("source") or {}).get("fileSystemPath") or {}).get("path") or PATHS[kind])
    return (path if kind == "TensorFlowEvent" else posixpath.dirname(path)).rstrip("/")


def logs(objects: Objects, trial: Object) -> list[Object]:
    """The ObservationLogs of the pods whose metrics count."""
    namespace, name = key(trial)
    found = objects.list(OBSERVATION_LOGS, namespace, selector({TRIAL_LABEL: name}))
    return [one for one in found if _counts(one, trial["spec"])]


def _counts(obj: Object, spec: Object) -> bool:
    """Whether a pod, or the ObservationLog of one, has the labels of those whose metrics count."""
    labels = obj["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in (spec.get("primaryPodLabels") or {}).items())


def are_complete(objects: Objects, trial: Object, found: list[Object]) -> bool:
    """Whether all output of the pods that have run has been read; not if there is neither pod nor output."""
    namespace, name = key(trial)
    container = trial["spec"]["primaryContainerName"]
    pods = objects.list(PODS, namespace, selector({TRIAL_LABEL: name}))
    ran = {one["metadata"]["uid"] for one in pods if _counts(one, trial["spec"]) and _has_run(one, container)}
    read = {one["metadata"]["name"] for one in found if one["status"]["complete"]}
    return ran <= read and all(one["status"]["complete"] for one in found) and bool(found or pods)


def _has_run(pod: Object, container: str) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    states = (one.get("state") or {} for one in statuses if one["name"] == container)
    return any("terminated" in one or "running" in one for one in states)


def metrics(found: Iterable[Object], objective: Object, container: str) -> list[Object]:
    """The metrics of an observation: each with name, min, max and latest as text."""
    known = list(found)
    return [_metric(name, series(known, name, container)) for name in names(objective)]


def series(found: Iterable[Object], name: str, container: str) -> list[Object]:
    """What ObservationLogs say of one metric."""
    every = (one for log in found for one in log["status"].get("metrics") or [])
    return [one for one in every if (one["name"], one["container"]) == (name, container)]


def _metric(name: str, series: list[Object]) -> Object:
    """One metric over all pods that report it."""
    low = min((one["min"] for one in series if "min" in one), key=float, default=UNAVAILABLE)
    high = max((one["max"] for one in series if "max" in one), key=float, default=UNAVAILABLE)
    newest = max(
        (one["latest"] for one in series), key=lambda one: one["time"], default={"value": UNAVAILABLE}
    )
    return {"name": name, "min": low, "max": high, "latest": newest["value"]}


def points(found: Iterable[Object], metric: str, container: str) -> list[float]:
    """The values of a metric in the order of their times."""
    known = series(found, metric, container)
    values = [(one["time"], one["value"]) for each in known for one in each["values"]]
    return [float(value) for _, value in sorted(values, key=lambda one: one[0])]


def is_available(found: list[Object], objective: Object) -> bool:
    """Whether the metric that is optimized has been reported."""
    return any(
        one["name"] == objective["objectiveMetricName"] and one["latest"] != UNAVAILABLE for one in found
    )


def flaw(found: list[Object], objective: Object) -> str:
    """Why the value of the optimized metric is no result; "" if it is one."""
    name = objective["objectiveMetricName"]
    metric = next(one for one in found if one["name"] == name)
    value = kinds.value_of(metric, kinds.strategy_of(objective, name))
    odd = next((one for one in (value, metric["latest"]) if not math.isfinite(float(one))), None)
    return f"{name} is {_called(float(odd))}" if odd is not None else ""


def _called(number: float) -> str:
    return "NaN, which is no number" if math.isnan(number) else f"{number}, which is not finite"


def why_unavailable(found: list[Object], trial: Object) -> str:
    """Why a trial has not reported the metric that is optimized, as far as its output shows."""
    spec = trial["spec"]
    name, collector = spec["objective"]["objectiveMetricName"], spec.get("metricsCollector") or {}
    kind = (collector.get("collector") or {}).get("kind") or "StdOut"
    place = ((collector.get("source") or {}).get("fileSystemPath") or {}).get("path") or PATHS.get(kind)
    where = f"in {place}" if place else "in the output"
    lines = list(_last_lines(found, spec["primaryContainerName"]))
    if not found:
        labels = selector(spec.get("primaryPodLabels") or {})
        which = f" with the labels {labels}" if labels else ""
        return f"no pod{which} has run a container {spec['primaryContainerName']}"
    if lines:
        return f"there is no {name} {where}; the last output was: {' | '.join(lines)}"
    if place:
        return f"there is no {name} {where}, and the program printed nothing"
    return (
        f"the program printed nothing, so that there is no {name}; probably its output was buffered when it "
        "ended: run it with python -u, or set PYTHONUNBUFFERED=1"
    )


def _last_lines(found: Iterable[Object], container: str) -> Iterator[str]:
    for log in found:
        for one in log["status"].get("output") or []:
            if one["container"] == container:
                yield from one["text"][-LONGEST:].splitlines()[-LINES:]


def last_output(found: Iterable[Object], container: str) -> str:
    """The end of the output of a container, in all its pods."""
    return "\n".join(_last_lines(found, container))
