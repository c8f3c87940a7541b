"""Which pods are those of a RayJob, and their places in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from arena import labels
from arena.kinds.kind import Member, Object, Places, Pod
from arena.kinds.training import pods
from arena.units import by_age, when

OPERATOR = "kuberay-operator"
SUBMITTER = "submitter"
PLACES = Places(roles=(labels.RAY_NODE_TYPE,), indices=(), chiefs=(SUBMITTER,))

_CLUSTER = re.compile(r"(.+?)(-raycluster)?-[a-z0-9]{5}")
"""The name of the cluster that KubeRay makes for a job, in its spellings of today and of former times."""


def pods_of(obj: Object) -> Mapping[str, str]:
    """The labels of the job's pods: its own where its maker set them, else what all pods of KubeRay carry.

    No label is common to a cluster's pods and the submitter of a job that others made; `read` sorts them out.
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
    made = _CLUSTER.fullmatch(own.get(labels.RAY_CLUSTER) or "")
    return made[1] if made else ""


def placed(obj: Object, mine: Sequence[Pod]) -> list[Member]:
    """The pods as members with their places: workers are counted by age, and the submitter is known as it.

    Of the owner of the latter only its name is the job's, so that is taken from it; one that an earlier
    job of that name left behind is left out.
    """
    made = [pods.member(one, PLACES) for one in mine]
    workers = [one for one in made if one.instance.role == "worker"]
    workers.sort(key=lambda one: by_age(one.instance))
    counted = [Member(replace(one.instance, index=i), one.owner) for i, one in enumerate(workers)]
    others = [one for one in made if one.instance.role not in ("", "worker")]
    born = when(obj["metadata"].get("creationTimestamp"))
    submitters = [
        Member(replace(one.instance, role=SUBMITTER, chief=True), ("", ""))
        for one in made
        if not one.instance.role and not _earlier(one.instance.created, born)
    ]
    return [*others, *counted, *submitters]


def _earlier(one: datetime | None, other: datetime | None) -> bool:
    return bool(one and other and one < other)
