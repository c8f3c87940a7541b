"""From an object and its pods to a Job: what all training kinds share."""

from collections.abc import Callable, Mapping, Sequence

from arena import labels
from arena.kinds.kind import Object
from arena.kinds.training import pods, status
from arena.model import Job
from arena.units import when


def read(kind: str, replicas: str) -> Callable[[Object, Sequence[Object]], Job]:
    """The reader of a kind.

    Args:
        kind: its name.
        replicas: the field of `spec` that holds its replica specs.
    """

    def reader(obj: Object, members: Sequence[Object]) -> Job:
        return job(kind, obj, members, specified_gpus(obj, replicas))

    return reader


def job(kind: str, obj: Object, members: Sequence[Object], gpus: int) -> Job:
    """A Job from its object and the pods that belong to it."""
    meta, state = obj["metadata"], obj.get("status") or {}
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    instances = pods.instances([pod for pod in members if _belongs(pod, meta)])
    phase, reason = status.phase(obj, instances)
    return Job(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        kind=kind,
        phase=phase,
        reason=reason,
        uid=meta.get("uid", ""),
        created=when(meta.get("creationTimestamp")),
        started=when(state.get("startTime")),
        finished=when(status.ended_at(obj)) if phase.is_final else None,
        instances=instances,
        gpus=gpus,
        priority=_priority(members),
        submitter=notes.get(labels.SUBMITTER, ""),
        managed=own.get(labels.MANAGED_BY) == labels.ARENA or labels.CREATED_BY in own,
        labels=own,
        annotations=notes,
    )


def _belongs(pod: Object, meta: Mapping[str, object]) -> bool:
    """Whether it is not what an earlier job of that name left behind."""
    owners = pod["metadata"].get("ownerReferences") or ()
    direct = [one for one in owners if one.get("controller") and one.get("name") == meta["name"]]
    return all(one.get("uid") == meta.get("uid") for one in direct)


def _priority(members: Sequence[Object]) -> str:
    names = ((pod.get("spec") or {}).get("priorityClassName", "") for pod in members)
    return next((str(name) for name in names if name), "")


def specified_gpus(obj: Object, replicas: str) -> int:
    """The GPUs that the replica specs ask for in all."""
    roles = ((obj.get("spec") or {}).get(replicas) or {}).values()
    return sum(_count(role) * pods.gpus((role.get("template") or {}).get("spec") or {}) for role in roles)


def _count(role: Mapping[str, object]) -> int:
    count = role.get("replicas")
    return count if isinstance(count, int) else 1


_BEFORE_RUN_POLICY = {"cleanPodPolicy", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"}
"""Fields that stood at the top of a job's spec under the operators of the Go arena's time."""


def selector(operator: str, old: str) -> Callable[[Object], Mapping[str, str]]:
    """The labels of a job's pods: those that the operator sets, or for a job of former times the old key."""

    def pods_of(obj: Object) -> Mapping[str, str]:
        spec = obj.get("spec") or {}
        name = obj["metadata"]["name"]
        if "runPolicy" not in spec and _BEFORE_RUN_POLICY & spec.keys():
            return {labels.OLD_GROUP: "kubeflow.org", old: name}
        return {labels.JOB_NAME: name, labels.OPERATOR_NAME: operator}

    return pods_of


def job_of(operator: str, old: str) -> Callable[[Object], str]:
    """The job a pod belongs to, by the labels of the operator of today or by the old key."""

    def name_of(pod: Object) -> str:
        own = pod["metadata"].get("labels") or {}
        if own.get(labels.OPERATOR_NAME) == operator:
            return str(own.get(labels.JOB_NAME, ""))
        return str(own.get(old, ""))

    return name_of
