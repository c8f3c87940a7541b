"""TrainingJob of the ET operator, which carries elastic and DeepSpeed jobs: what the two share.

A launcher runs the command and reaches the workers by ssh; it reads their names from a host file.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from arena import labels
from arena.errors import Conflict, aimed
from arena.kinds.kind import Kind, Modification, Object, Pod, PodConventions
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, status
from arena.kinds.training.base.training_operator import CHIEF_ROLES
from arena.model.jobs import Job, Phase
from arena.resources import Resource

RESOURCE = Resource(labels.ET_GROUP, "v1alpha1", "trainingjobs", kind="TrainingJob")

CONVENTIONS = PodConventions(
    role_labels=(labels.ET_ROLE,), index_labels=(labels.ET_INDEX,), chief_roles=CHIEF_ROLES, has_chief=True
)
SELECTORS = (f"{labels.OLD_GROUP}={labels.ET_GROUP}",)

_FOR_GOOD = "WaitingResourceTimeout"
"""The reason that the published operator reports for a suspension, from which it cannot resume."""

BACKOFF = 6
"""The operator's default number of restarts of a job."""

_PHASES = {
    "Running": Phase.RUNNING,
    "Restarting": Phase.RESTARTING,
    "Scaling": Phase.SCALING,
    "ScaleSucceeded": Phase.RUNNING,
    "ScaleFailed": Phase.RUNNING,
    "Suspended": Phase.SUSPENDED,
    "Succeeded": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
}


def runs_deepspeed(obj: Object) -> bool:
    """Whether the launcher of a TrainingJob runs deepspeed."""
    return reading.runs(_role(obj, "launcher"), "deepspeed")


def _role(obj: Object, name: str) -> Mapping[str, Any]:
    specs = (obj.get("spec") or {}).get("etReplicaSpecs") or {}
    found: Mapping[str, Any] = specs.get(name) or {}
    return found


def worker_count(obj: Object) -> int:
    """The number of workers of a TrainingJob after completed scaling."""
    target = (obj.get("status") or {}).get("targetWorkers")
    return len(target) if target else int(_role(obj, "worker").get("replicas") or 1)


def limits(obj: Object) -> tuple[int, int | None]:
    """The fewest and the most workers that a TrainingJob may have; None: no limit."""
    worker = _role(obj, "worker")
    return int(worker.get("minReplicas") or 1), worker.get("maxReplicas")


def pods_of(obj: Object) -> Mapping[str, str]:
    """The labels that all pods of a TrainingJob carry."""
    return {labels.OLD_GROUP: labels.ET_GROUP, labels.ET_JOB_NAME: obj["metadata"]["name"]}


def job_of(pod: Object) -> str:
    """The TrainingJob that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    return (own.get(labels.ET_JOB_NAME) or "") if own.get(labels.OLD_GROUP) == labels.ET_GROUP else ""


def reader(kind: str) -> Callable[[Object, Sequence[Pod]], Job]:
    """The reader of a kind that a TrainingJob carries."""

    def read(obj: Object, members: Sequence[Pod]) -> Job:
        obj = _current(obj)
        state = obj["status"]
        roles = [_role(obj, "launcher"), {**_role(obj, "worker"), "replicas": worker_count(obj)}]
        word = str(state.get("phase") or "")
        said = (_PHASES.get(word), _why(state, word))
        return reading.job(kind, obj, members, [role for role in roles if role], CONVENTIONS, said)

    return read


def _current(obj: Object) -> Object:
    """The object with the status of this attempt only; the operator leaves parts of the previous one in it.

    A job that will restart is reported as failed until it does, and the end of its first attempt remains.
    """
    spec, state = obj.get("spec") or {}, obj.get("status") or {}
    done, most = state.get("restartCount") or 0, spec.get("backoffLimit", BACKOFF)
    kept = {key: value for key, value in state.items() if not (done and key == "completionTime")}
    if state.get("phase") == "Failed" and spec.get("restartPolicy") == "OnFailure" and done < most:
        others = [one for one in state.get("conditions") or () if one.get("type") != "Failed"]
        kept |= {"phase": "Restarting", "conditions": others}
    return {**obj, "status": kept}


def _why(state: Mapping[str, Any], phase: str) -> str:
    """The message of the condition with that name; after a failed scaling, the job continues to run."""
    conditions = [one for one in state.get("conditions") or () if str(one.get("status")) == "True"]
    scaled = [one for one in conditions if str(one.get("type")).startswith("Scal")]
    if phase == "Running":
        told = [one for one in scaled[-1:] if one["type"] == "ScaleFailed"]
    else:
        told = [one for one in conditions if one.get("type") == phase]
    return str(told[-1].get("message") or "") if told else ""


def suspend(obj: Object, on: bool) -> Modification:
    """Suspend and resume through the operator's annotation.

    Raises:
        Conflict: the job was suspended by an operator that cannot resume it, such as the published one.
    """
    stopped = status.condition(obj, "Suspended")
    if not on and stopped.get("reason") == _FOR_GOOD:
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace") or "default"
        raise Conflict(
            f'job "{name}" cannot be resumed: the operator of the cluster does not resume TrainingJobs',
            f"start it again: arena rerun {aimed(name, namespace)} --replace",
        )
    return Modification(patch={"metadata": {"annotations": {labels.ET_SUSPENDED: "true" if on else "false"}}})


carried = partial(
    Kind,
    family=FAMILY,
    resources=(RESOURCE,),
    template="etjob.yaml",
    pods=pods_of,
    # Rank 0 runs in the first worker, not in the launcher.
    event_writer=lambda name: {labels.ET_JOB_NAME: name, labels.ET_INDEX: "0"},
    job_of=job_of,
    conventions=CONVENTIONS,
    selectors=SELECTORS,
    kueue=lambda resource: False,
    suspend=suspend,
)
"""A kind that a TrainingJob carries."""
