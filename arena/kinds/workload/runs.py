"""The runs of a schedule: each has a name of its own, which is known only once it is created."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.kinds.workload.rendering import Rendering

VARIABLE = "ARENA_RUN"
"""The variable that tells the programs of a run its name."""


def name(rendering: Rendering, name: str) -> str:
    """The name of the main object, as written in the values of variables."""
    return f"$({VARIABLE})" if rendering.scheduled else name


def variable(rendering: Rendering, label: str) -> list[dict[str, Any]]:
    """The variable that `name` refers to, which must precede its uses; none without a schedule.

    Args:
        label: the label with the name of the main object on its pods.
    """
    path = {"fieldRef": {"fieldPath": f"metadata.labels['{label}']"}}
    return [{"name": VARIABLE, "valueFrom": path}] if rendering.scheduled else []


def pod_labels(rendering: Rendering, name: str, marks: Mapping[str, str]) -> dict[str, str]:
    """Labels of the pods of a workload; on a schedule, arena labels the pods of all runs alike."""
    if not rendering.scheduled or labels.JOB_NAME not in marks:
        return dict(marks)
    return {labels.NAME: name, **{key: value for key, value in marks.items() if key != labels.JOB_NAME}}
