"""From an object and its pods to a Job: what all training kinds share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import STANDARD, Member, Object, Places, Pod
from arena.kinds.training import code, pods, queues, status
from arena.model import Code, Job, Model, Phase
from arena.units import when


def read(kind: str, replicas: str) -> Callable[[Object, Sequence[Pod]], Job]:
    """The reader of a kind.

    Args:
        kind: its name.
        replicas: the field of `spec` that holds its replica specs.
    """

    def reader(obj: Object, members: Sequence[Pod]) -> Job:
        roles = ((obj.get("spec") or {}).get(replicas) or {}).values()
        return job(kind, obj, members, [role for role in roles if role])

    return reader


def job(
    kind: str,
    obj: Object,
    members: Sequence[Pod],
    roles: Sequence[Object],
    places: Places = STANDARD,
    said: tuple[Phase | None, str] = (None, ""),
) -> Job:
    """A Job from its object and its pods.

    Args:
        kind: its kind's name.
        obj: its object.
        members: the pods that carry its labels.
        roles: mappings with `replicas` and a pod's `template`.
        places: how its pods tell their places.
        said: the phase, and why, that its status stands for where it has no conditions.
    """
    meta = obj["metadata"]
    read_already = [pods.member(pod, places) for pod in members]
    instances = pods.instances([one.instance for one in read_already if _belongs(one, meta)])
    phase, reason = status.phase(obj, instances, *said)
    return Job(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        kind=kind,
        phase=phase,
        reason=reason,
        uid=meta.get("uid", ""),
        created=when(meta.get("creationTimestamp")),
        started=when(status.started_at(obj)),
        finished=when(status.ended_at(obj)) if phase.is_final else None,
        instances=instances,
        queue=queues.named(obj, roles),
        **_asked(roles),
        **_noted(meta),
    )


def _asked(roles: Sequence[Object]) -> dict[str, Any]:
    """What the job asks for."""
    names = (_pod(role).get("priorityClassName") for role in roles)
    return {
        "wanted": sum(_count(role) for role in roles),
        "gpus": sum(_count(role) * pods.gpus(_pod(role)) for role in roles),
        "priority": next(filter(None, names), ""),
    }


def _noted(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What its labels and annotations tell."""
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    return {
        "model": _model(own, notes),
        "code": _code(notes),
        "submitter": notes.get(labels.SUBMITTER, ""),
        "managed": labels.managed(own),
        "labels": own,
        "annotations": notes,
    }


def _model(own: Mapping[str, str], notes: Mapping[str, str]) -> Model:
    name, version = own.get(labels.MODEL_NAME, ""), own.get(labels.MODEL_VERSION, "")
    return Model(name, version, notes.get(labels.MODEL_SOURCE, ""))


def _code(notes: Mapping[str, str]) -> Code | None:
    if not notes.get(labels.CODE_DIGEST):
        return None
    known = {key: value for key, value in code.origin(notes).items() if key in Code._fields}
    return Code(**{**known, "digest": notes[labels.CODE_DIGEST]})


def _belongs(member: Member, meta: Mapping[str, Any]) -> bool:
    """Whether it is not what an earlier job of that name left behind."""
    name, uid = member.owner
    return name != meta["name"] or uid == (meta.get("uid") or "")


def _pod(role: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (role.get("template") or {}).get("spec") or {}
    return found


def _count(role: Object) -> int:
    count = role.get("replicas")
    return count if isinstance(count, int) else 1


FORMER = (f"{labels.OLD_GROUP}=kubeflow.org,!{labels.JOB_NAME}",)
"""Selects the pods of the old operators of TFJob and PyTorchJob."""

_BEFORE_RUN_POLICY = {"cleanPodPolicy", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"}
"""Fields that stood at the top of a job's spec under the operators of the Go arena's time."""


def selector(operator: str, old: str = "") -> Callable[[Object], Mapping[str, str]]:
    """The labels of a job's pods: those that the operator sets, or for a job of former times the old key.

    Kinds that are younger have no old key.
    """

    def pods_of(obj: Object) -> Mapping[str, str]:
        spec = obj.get("spec") or {}
        name = obj["metadata"]["name"]
        if "runPolicy" not in spec and _BEFORE_RUN_POLICY & spec.keys():
            return {labels.OLD_GROUP: "kubeflow.org", old: name}
        return {labels.JOB_NAME: name, labels.OPERATOR_NAME: operator}

    return pods_of


def job_of(operator: str, old: str = "") -> Callable[[Object], str]:
    """The job a pod belongs to, by the labels of the operator of today or by the old key."""

    def name_of(pod: Object) -> str:
        own = pod["metadata"].get("labels") or {}
        if own.get(labels.OPERATOR_NAME) == operator:
            return own.get(labels.JOB_NAME) or ""
        return own.get(old) or ""

    return name_of
