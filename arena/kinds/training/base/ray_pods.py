"""The pods of a RayJob, and their roles in it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from arena import labels
from arena.kinds.kind import Object, Pod, PodConventions, PodSummary
from arena.kinds.workload import instances
from arena.units import by_age, when
from arena.values import replace

OPERATOR = "kuberay-operator"
SUBMITTER = "submitter"
CONVENTIONS = PodConventions(role_labels=(labels.RAY_NODE_TYPE,), chief_roles=(SUBMITTER,), has_chief=True)

_CLUSTER = r"(.+?)(-raycluster)?-[a-z0-9]{5}"
"""The name of the cluster that KubeRay creates for a job, in the current and former spellings."""


def pods_of(obj: Object) -> Mapping[str, str]:
    """The labels of the job's pods: its own if they were set, else those of all pods of KubeRay.

    The cluster's pods and the submitter of a job from other tools have no label in common; `read` selects
    them.
    """
    cluster = (obj.get("spec") or {}).get("rayClusterSpec") or {}
    template = (cluster.get("headGroupSpec") or {}).get("template") or {}
    own = (template.get("metadata") or {}).get("labels") or {}
    name = obj["metadata"]["name"]
    if own.get(labels.RAY_ORIGIN) == name:
        return {labels.RAY_ORIGIN: name, labels.RAY_ORIGIN_KIND: "RayJob"}
    return {labels.CREATED_BY_OPERATOR: OPERATOR}


def job_of(pod: Object) -> str:
    """The RayJob that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    if own.get(labels.RAY_ORIGIN_KIND) == "RayJob":
        return own.get(labels.RAY_ORIGIN) or ""
    made = re.fullmatch(_CLUSTER, own.get(labels.RAY_CLUSTER) or "")
    return made[1] if made else ""


def placed(obj: Object, mine: Sequence[Pod]) -> list[PodSummary]:
    """Summaries of the pods with their roles; workers are numbered by age, and the submitter is recognized.

    The submitter's owner has only the name in common with the job, so the name is compared. A submitter left
    behind by an earlier job of that name is skipped.
    """
    made = [instances.summary(one, CONVENTIONS) for one in mine]
    workers = [one for one in made if one.instance.role == "worker"]
    workers.sort(key=lambda one: by_age(one.instance))
    counted = [PodSummary(replace(one.instance, index=i), one.owner) for i, one in enumerate(workers)]
    others = [one for one in made if one.instance.role not in ("", "worker")]
    born = when(obj["metadata"].get("creationTimestamp"))
    submitters = [
        PodSummary(replace(one.instance, role=SUBMITTER, chief=True), ("", ""))
        for one in made
        if not one.instance.role and not _earlier(one.instance.created, born)
    ]
    return [*others, *counted, *submitters]


def _earlier(one: datetime | None, other: datetime | None) -> bool:
    return bool(one and other and one < other)
