"""Programs that ended before, or without, the containers and instances beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arena import labels
from arena.diagnosis import standing
from arena.diagnosis.json_fields import items, name, text
from arena.diagnosis.signals.ends import STOPPED
from arena.diagnosis.signals.signal import Case, Signal

Object = dict[str, Any]
ENDLESS = ("ps", "evaluator")
"""Roles whose programs never end by themselves."""
PROXIES = (
    "istio-proxy", "linkerd-proxy", "envoy", "envoy-sidecar", "vault-agent", "cloud-sql-proxy", "daprd",
    "gke-gcsfuse-sidecar", "fluent-bit", "filebeat", "jaeger-agent", "metrics-logger-and-collector",
)  # fmt: skip
"""Sidecars that are put into pods and may come first in their list."""


def signals(case: Case) -> Iterator[Signal]:
    """Sidecars that outlive their program, and instances that the end of another one cut off."""
    for pod in case.pods:
        if text(pod, "status", "phase") == "Running":
            yield from _sidecars(pod)
    if case.phase == "succeeded":
        yield from _cut_off(case)


def main(pod: Object) -> str:
    """The name of the container that runs the program."""
    names = [text(one, "name") for one in items(pod, "spec", "containers")]
    meant = text(pod, "metadata", "annotations", labels.DEFAULT_CONTAINER)
    if meant in names:
        return meant
    return next((one for one in names if one not in PROXIES), names[0] if names else "")


def _sidecars(pod: Object) -> Iterator[Signal]:
    runs = [one for one in standing.runs(pod) if not one.previous and not one.init]
    program = next((one for one in runs if one.container == main(pod)), None)
    left = [one.container for one in runs if one.state == "running"]
    if program and program.state == "terminated" and left and not _restarts(pod, program.exit):
        words = f"{program.container} ended with exit code {program.exit}, and {left[0]} still runs"
        yield Signal("sidecar", standing.subject(pod, "pod"), left[0], words, program.time)


def _restarts(pod: Object, code: int | None) -> bool:
    """Whether a program with this exit code is started again."""
    policy = text(pod, "spec", "restartPolicy") or "Always"
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _cut_off(case: Case) -> Iterator[Signal]:
    first = next((one for one in case.pods if text(one, "status", "phase") == "Succeeded"), None)
    if first is None:
        return
    ended = max((one.time for one in standing.runs(first) if one.time), default=None)
    for pod in case.pods:
        role = text(pod, "metadata", "labels", labels.REPLICA_TYPE).lower()
        if role in ENDLESS or text(pod, "status", "phase") != "Failed":
            continue
        for run in standing.runs(pod):
            late = not (ended and run.time) or run.time >= ended
            if run.state == "terminated" and run.exit in STOPPED and late:
                words = f"{name(first)} ended with exit code 0, and {name(pod)} was ended with {run.exit}"
                yield Signal("cut-off", standing.subject(pod, "pod"), "Stopped", words, run.time)
