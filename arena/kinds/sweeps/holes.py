"""The holes of the template of a trial, which Katib replaces by values: `${trialParameters.lr}`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from arena.kinds.kind import Object
from arena.search.assignments import Value, shown

_HOLE = re.compile(r"\$\{trialParameters\.([^{}]+)\}")
_OF_TRIAL = "${trialSpec.Name}"


def hole(name: str) -> str:
    """What is replaced by the value of a parameter."""
    return f"${{trialParameters.{name}}}"


def filled(node: Any, values: Mapping[str, str]) -> Any:
    """A copy of JSON with the holes in its texts filled; unknown ones stay."""
    if isinstance(node, str):
        return _HOLE.sub(lambda found: values.get(found[1], found[0]), node)
    if isinstance(node, dict):
        return {filled(key, values): filled(value, values) for key, value in node.items()}
    return [filled(one, values) for one in node] if isinstance(node, list) else node


def references(parameters: Sequence[Object], assignments: Mapping[str, Value], name: str) -> dict[str, str]:
    """The values of the holes by their names.

    Args:
        parameters: the trialParameters of an Experiment.
        assignments: the values of a trial.
        name: its name.
    """
    known = {key: shown(value) for key, value in assignments.items()} | {_OF_TRIAL: name}
    found = {str(one.get("name")): str(one.get("reference")) for one in parameters}
    return {key: known[reference] for key, reference in found.items() if reference in known}


def trial_job(obj: Object, assignments: Mapping[str, Value], name: str) -> dict[str, Any]:
    """The job that an Experiment would start for these values, under this name; {} if it is not in it."""
    template = (obj.get("spec") or {}).get("trialTemplate") or {}
    job = template.get("trialSpec") or {}
    made: dict[str, Any] = filled(job, references(template.get("trialParameters") or (), assignments, name))
    where = {"name": name, "namespace": obj["metadata"].get("namespace", "")}
    return {**made, "metadata": {**(made.get("metadata") or {}), **where}} if made else {}
