"""The job of a trial, as Katib has to know it: its main container, the pod that is read, and its end."""

import shlex
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from arena import labels
from arena.kinds.kind import Kind, Object
from arena.values import frozen

DEFAULTS = ("TrainJob", "Job", "TFJob", "PyTorchJob", "XGBoostJob")
"""Types whose ends Katib knows; its configuration lists them and MPIJob of v1, unless somebody changed it."""
LISTED = (*DEFAULTS, "MPIJob")
UNKNOWN = ("deepspeedjob", "etjob", "rayjob", "sparkjob", "volcanojob")
"""Kinds whose status has no conditions, or whose pods start in a way that Katib cannot wrap."""

_ENDED = 'status.conditions.#(type=="{}")#|#(status=="True")#'
_SHELLS = ("sh", "bash")


@frozen
class Watched:
    """What the template of a trial says about its job."""

    container: str
    """The container whose output or files are read."""
    chief: Mapping[str, str] | None = None
    """Labels of its pod; None for those that Katib assumes."""
    success: str | None = None
    """The condition of its success as Katib writes one; None for the one that Katib assumes."""
    failure: str | None = None


def is_listed(job: Object) -> bool:
    """Whether Katib runs such objects unless its configuration has been changed."""
    if job["kind"] == "MPIJob":
        return bool(job["apiVersion"] == "kubeflow.org/v1")
    return job["kind"] in LISTED


def watched(kind: Kind, job: Object) -> Watched:
    """What Katib has to know of a job.

    Args:
        job: the object that a submit would create.
    """
    container = main_container(kind, job)
    if job["kind"] in DEFAULTS:
        return Watched(container=container, chief=_first(job) if job["kind"] == "Job" else None)
    success, failure = ("Completed", "Failed") if job["kind"] == "JobSet" else ("Succeeded", "Failed")
    ends = {"success": _ENDED.format(success), "failure": _ENDED.format(failure)}
    return Watched(container=container, chief=_chief(job), **ends)


def _first(job: Object) -> Mapping[str, str] | None:
    """The label of the first of several pods of a Job."""
    several = (job["spec"].get("completions") or 1) > 1
    return {labels.COMPLETION_INDEX: "0"} if several else None


def _chief(job: Object) -> Mapping[str, str]:
    """Labels of the pod that tells how the job fares."""
    if job["kind"] == "JobSet":
        roles = job["spec"]["replicatedJobs"]
        chief = next((one for one in roles if one["name"] == "coordinator"), roles[0])
        return {labels.REPLICATED_JOB: chief["name"], labels.COMPLETION_INDEX: "0"}
    if job["kind"] != "MPIJob":
        return {labels.JOB_ROLE: "master"}
    if job["apiVersion"] == "kubeflow.org/v1":
        return {labels.REPLICA_TYPE: "launcher"}
    return {labels.JOB_ROLE: "launcher"}


def main_container(kind: Kind, job: Object) -> str:
    """The container whose program trains: one that the kind expects, else the first one."""
    found = [str(one.get("name")) for one in containers(job)]
    known = [one for one in found if one in kind.conventions.main_containers]
    # The pods of a TrainJob are described by its runtime.
    return next(iter(known or found), "node")


def containers(node: Any) -> Iterator[dict[str, Any]]:
    """All containers of the pods that an object describes, without those that initialize them."""
    if isinstance(node, dict):
        for key, below in node.items():
            if key == "containers" and isinstance(below, list):
                yield from (one for one in below if isinstance(one, dict))
            else:
                yield from containers(below)
    elif isinstance(node, list):
        for below in node:
            yield from containers(below)


def wrappable(job: Object, container: str) -> dict[str, Any]:
    """The job, with commands of its main containers that Katib can wrap without reading their quotes anew.

    Katib joins the words of a command with spaces, except after `sh -c` and `bash -c`.
    """
    made: dict[str, Any] = deepcopy(dict(job))
    wrapped = [one for one in containers(made) if one.get("name") == container]
    wrapped += [one] if isinstance(one := made["spec"].get("trainer"), dict) else []
    for one in wrapped:
        if command := one.get("command"):
            one["command"] = _wrappable([str(word) for word in command])
    return made


def _wrappable(words: list[str]) -> list[str]:
    if len(words) == 3 and words[1] == "-c" and words[0] in _SHELLS:
        return words
    return ["sh", "-c", f"exec {shlex.join(words)}"]
