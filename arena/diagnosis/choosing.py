"""Which job is meant, and what of everything that was read concerns it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from arena.diagnosis import standing
from arena.diagnosis.json_fields import items, mapping, name, owners, text
from arena.diagnosis.records import Log, Record
from arena.errors import NotFound, SpecError
from arena.values import replace

Object = dict[str, Any]
LABELS = (
    "training.kubeflow.org/job-name", "jobset.sigs.k8s.io/jobset-name", "volcano.sh/job-name",
    "ray.io/cluster", "spark-app-name", "sparkoperator.k8s.io/app-name", "batch.kubernetes.io/job-name",
    "job-name", "tf-job-name", "pytorch-job-name", "mpi_job_name", "release", "app.kubernetes.io/instance",
    "leaderworkerset.sigs.k8s.io/name", "serving.kserve.io/inferenceservice",
)  # fmt: skip
"""Labels by which pods name their job, the most certain first."""
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
_BESIDE = frozenset((
    "Node", "Namespace", "ResourceQuota", "LimitRange", "PersistentVolumeClaim", "PersistentVolume",
    "Service", "StorageClass", "PodGroup", "Workload", "LocalQueue", "ClusterQueue", "Queue",
    "ConfigMap", "Secret", "ServiceAccount", "CustomResourceDefinition",
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PriorityClass", "ReplicaSet",
    "DaemonSet", "Event", "Pod", "ReplicationController", "Endpoints", "EndpointSlice", "ResourceFlavor",
    "APIService", "VolumeAttachment", "ControllerRevision", "Lease",
))  # fmt: skip
"""Kinds that are no jobs."""


def choose(objects: Sequence[Object], job: str, namespace: str) -> Record:
    """The record of a job.

    Args:
        job: its name, or that of an owner of its pods, or of a pod; "" for the only one.
        namespace: "" for any.

    Raises:
        SpecError: there are several, and none is named.
        NotFound: there is no such job.
    """
    here = [one for one in objects if not namespace or _namespace(one) in (namespace, "")]
    pods = [one for one in here if text(one, "kind") == "Pod"]
    named = [one for one in here if text(one, "kind") not in _BESIDE]
    group = _named(job, here, pods, named) if job else _only(pods, named)
    title, where = group
    mine = [one for one in pods if _namespace(one) == where and title in _names(one)]
    own = next((one for one in named if name(one) == title and _namespace(one) == where), None)
    own = own or next((one for one in named if name(one) == title), None)
    beside = related(mine)
    events = [one for one in here if text(one, "kind") == "Event" and concerns(one, beside, title)]
    others = [one for one in here if text(one, "kind") != "Event" and one is not own and one not in mine]
    return Record(
        name=title,
        namespace=where,
        job=own,
        pods=tuple(mine),
        events=tuple(events),
        objects=tuple(one for one in others if _namespace(one) in (where, "") or own is not None),
        seen=standing.latest(objects),
    )


def with_logs(record: Record, logs: Sequence[Log], unread: Iterable[str]) -> Record:
    """The record with logs."""
    return replace(record, logs=tuple(logs), unread=(*record.unread, *unread))


def _named(
    job: str, here: Sequence[Object], pods: Sequence[Object], named: Sequence[Object]
) -> tuple[str, str]:
    for one in named:
        if name(one) == job:
            return job, _namespace(one)
    for pod in pods:
        if job in _names(pod):
            return job, _namespace(pod)
    for one in here:
        about = mapping(one, "involvedObject")
        if text(one, "kind") == "Event" and (text(about, "name") + "-").startswith(job + "-"):
            return job, _namespace(one)
    known = sorted({_title(one) for one in pods} | {name(one) for one in named})
    hint = f"it has {', '.join(known[:5])}" if known else "it has no pods"
    raise NotFound(f'no job "{job}" in the folder', hint)


def _only(pods: Sequence[Object], named: Sequence[Object]) -> tuple[str, str]:
    own = {(name(one), _namespace(one)) for one in named if _namespace(one) not in _SYSTEM}
    found = {(_title(one), _namespace(one)) for one in pods if _namespace(one) not in _SYSTEM}
    for groups in (found & own, found or own):
        if len(groups) == 1:
            return next(iter(groups))
    if not found | own:
        return "", ""
    known = ", ".join(sorted(one for one, _ in found | own)[:8])
    raise SpecError("the folder has several jobs", f"name one of them: {known}")


def _namespace(obj: Object) -> str:
    return text(obj, "metadata", "namespace")


def _title(pod: Object) -> str:
    """The name of the job of a pod."""
    return next(_names(pod, all=False))


def _names(pod: Object, all: bool = True) -> Iterator[str]:
    """The names by which a pod's job may be meant, the most certain first."""
    labels = mapping(pod, "metadata", "labels")
    for key in LABELS:
        if text(labels, key):
            yield text(labels, key)
    for one in owners(pod):
        owner = text(one, "name")
        if text(one, "kind") == "ReplicaSet":
            yield re.sub(r"-[a-z0-9]{5,10}$", "", owner)
        if owner:
            yield owner
    if all and text(labels, "app.kubernetes.io/name"):
        yield text(labels, "app.kubernetes.io/name")
    if all and text(labels, "app"):
        yield text(labels, "app")
    yield name(pod)


def related(pods: Sequence[Object]) -> dict[str, set[str]]:
    """The names of a job's pods and of what these refer to, by kind."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for pod in pods:
        found["Pod"].add(name(pod))
        found["Node"].add(text(pod, "spec", "nodeName"))
        for one in owners(pod):
            found[text(one, "kind")].add(text(one, "name"))
        for one in items(pod, "spec", "volumes"):
            found["PersistentVolumeClaim"].add(text(one, "persistentVolumeClaim", "claimName"))
    return found


def concerns(event: Object, related: dict[str, set[str]], title: str) -> bool:
    """Whether an event is about a job or what belongs to it, such as pods that are gone and claims."""
    about = mapping(event, "involvedObject") or mapping(event, "regarding")
    kind, called = text(about, "kind"), text(about, "name")
    if called and called in related.get(kind, ()):
        return True
    return bool(title) and (called == title or called.startswith(f"{title}-"))
