"""Read a Job from its object and its pods: what all training kinds share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Object, Pod, PodConventions, PodSummary
from arena.kinds.training.base import queues, status
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.workload import code_origin, instances
from arena.model.instances import Instance
from arena.model.jobs import Code, Job, Model, Phase
from arena.resources import Resource
from arena.units import when


def read(
    kind: str, replicas: str, conventions: PodConventions = TRAINING_OPERATOR
) -> Callable[[Object, Sequence[Pod]], Job]:
    """The reader of a kind.

    Args:
        kind: its name.
        replicas: the field of `spec` that holds its replica specs.
        conventions: those of its pods.
    """

    def reader(obj: Object, members: Sequence[Pod]) -> Job:
        roles = (obj.get("spec") or {}).get(replicas) or {}
        return job(kind, obj, members, [role for role in roles.values() if role], conventions.of_roles(roles))

    return reader


def job(
    kind: str,
    obj: Object,
    members: Sequence[Pod],
    roles: Sequence[Object],
    conventions: PodConventions = TRAINING_OPERATOR,
    said: tuple[Phase | None, str] = (None, ""),
) -> Job:
    """Return a Job from its object and its pods.

    Args:
        kind: its kind's name.
        obj: its object.
        members: the pods that carry its labels.
        roles: mappings with `replicas` and a pod's `template`.
        conventions: those of its pods.
        said: the phase and the reason in its status, if the status has no conditions.
    """
    meta = obj["metadata"]
    own = _own([instances.summary(pod, conventions) for pod in members], meta)
    found = instances.instances(own, has_chief=conventions.has_chief)
    phase, findings = status.phase(obj, found, *said)
    return Job(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        kind=kind,
        phase=phase,
        findings=findings,
        uid=meta.get("uid", ""),
        created=when(meta.get("creationTimestamp")),
        started=when(status.started_at(obj)),
        finished=when(status.ended_at(obj)) if phase.is_final else None,
        instances=found,
        queue=queues.named(obj, roles),
        **_asked(roles, meta),
        **_noted(meta),
    )


def _asked(roles: Sequence[Object], meta: Mapping[str, Any]) -> dict[str, Any]:
    """What the job requests."""
    of_queue = (meta.get("labels") or {}).get(labels.KUEUE_PRIORITY, "")
    names = (_pod(role).get("priorityClassName") for role in roles)
    return {
        "wanted": sum(_count(role) for role in roles),
        "gpus": sum(_count(role) * instances.gpus(_pod(role)) for role in roles),
        "priority": next(filter(None, names), of_queue),
    }


def _noted(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What its labels and annotations record."""
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
    known = {key: value for key, value in code_origin.origin(notes).items() if key in Code._fields}
    return Code(**{**known, "digest": notes[labels.CODE_DIGEST]})


def _own(members: Sequence[PodSummary], meta: Mapping[str, Any]) -> list[Instance]:
    """The instances that belong to this job, not to an earlier one of the same name."""
    name, uid = meta["name"], meta.get("uid") or ""
    return [one.instance for one in members if one.owner[0] != name or one.owner[1] == uid]


def _pod(role: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (role.get("template") or {}).get("spec") or {}
    return found


def _count(role: Object) -> int:
    count = role.get("replicas")
    return count if isinstance(count, int) else 1


def made_as(obj: Object, kind: str, resources: Sequence[Resource]) -> bool | None:
    """Whether an object is a job of that kind according to its label; None if it has none.

    Args:
        resources: the types of the kind, which it shares with others.
    """
    from arena.kinds import training_kinds

    word = (obj["metadata"].get("labels") or {}).get(labels.APP)
    sharing = (one for one in training_kinds() if one.resources[0] in resources)
    return word == kind if word in [one.name for one in sharing] else None


def runs(role: Object, program: str) -> bool:
    """Whether the containers of a role, which has a pod's `template`, mention a program in their commands."""
    parts = _pod(role).get("containers") or ()
    words = [str(word) for one in parts for word in (*(one.get("command") or ()), *(one.get("args") or ()))]
    return program in " ".join(words)
