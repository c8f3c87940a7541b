"""Job of Volcano: tasks, one for each image, whose pods are scheduled together."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Kind, Modification, Object, Pod, PodConventions
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading
from arena.model.jobs import Job, Phase
from arena.resources import Resource
from arena.units import when
from arena.values import replace

NAME = "volcanojob"
CONVENTIONS = PodConventions(
    role_labels=(labels.VOLCANO_TASK,),
    index_labels=(labels.VOLCANO_INDEX,),
    chief_roles=("launcher", "master", "chief", "driver", "head"),
)
COMMANDS = Resource("bus.volcano.sh", "v1alpha1", "commands", kind="Command")
_PHASES = {
    "Failed": Phase.FAILED,
    "Terminated": Phase.FAILED,
    "Completed": Phase.SUCCEEDED,
    "Aborted": Phase.SUSPENDED,
    "Running": Phase.RUNNING,
    "Restarting": Phase.RESTARTING,
    "Completing": Phase.RUNNING,
    "Aborting": Phase.RUNNING,
    "Terminating": Phase.RUNNING,
}


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job with the pods of its tasks."""
    status = obj.get("status") or {}
    state = status.get("state") or {}
    said = (_PHASES.get(state.get("phase") or ""), str(state.get("message") or state.get("reason") or ""))
    tasks = (obj.get("spec") or {}).get("tasks") or ()
    conventions = CONVENTIONS.of_roles(str(one.get("name")) for one in tasks)
    found = reading.job(NAME, obj, members, tasks, conventions, said)
    ran = [one for one in status.get("conditions") or () if one.get("status") == "Running"]
    return replace(
        found,
        started=when(ran[0].get("lastTransitionTime")) if ran else None,
        finished=when(state.get("lastTransitionTime")) if found.phase.is_final else None,
    )


def pods_of(obj: Object) -> Mapping[str, str]:
    """The label of the job's pods."""
    return {labels.VOLCANO_JOB_NAME: obj["metadata"]["name"]}


def job_of(pod: Object) -> str:
    """The job that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    return own.get(labels.VOLCANO_JOB_NAME) or ""


def suspend(obj: Object, on: bool) -> Modification:
    """Suspend and resume with a Command object, since a Job of Volcano has no field for that."""
    meta = obj["metadata"]
    action = "AbortJob" if on else "ResumeJob"
    target = {
        "apiVersion": KIND.resources[0].api_version,
        "kind": "Job",
        "name": meta["name"],
        "uid": meta.get("uid", ""),
        "controller": True,
    }
    request = {
        "apiVersion": COMMANDS.api_version,
        "kind": COMMANDS.kind,
        "metadata": {"generateName": f"{meta['name']}-{action.lower()}-"},
        "action": action,
        "target": target,
    }
    return Modification(resource=COMMANDS, request=request)


def scale(obj: Object, workers: int) -> Modification:
    """Change the number of pods of every task except a master's, and lower minAvailable if fewer remain.

    A list in a patch replaces the old one, so all tasks are sent whole.
    """
    spec = obj.get("spec") or {}
    tasks = [_scaled(one, workers) for one in spec.get("tasks") or ()]
    total = sum(one.get("replicas", 1) for one in tasks)
    least = min(spec.get("minAvailable", total), total)
    return Modification(patch={"spec": {"tasks": tasks, "minAvailable": least}})


def _scaled(task: Mapping[str, Any], workers: int) -> dict[str, Any]:
    if task.get("name") in CONVENTIONS.chief_roles:
        return dict(task)
    least = {"minAvailable": min(task["minAvailable"], workers)} if "minAvailable" in task else {}
    return {**task, "replicas": workers, **least}


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("volcano", "vj"),
    summary="Tasks of several images, scheduled together by Volcano",
    resources=(Resource("batch.volcano.sh", "v1alpha1", "jobs", kind="Job"),),
    template="volcanojob.yaml",
    specs="arena.kinds.training.specs.volcanojob",
    read=read,
    pods=pods_of,
    job_of=job_of,
    conventions=CONVENTIONS,
    selectors=(labels.VOLCANO_JOB_NAME,),
    kueue=lambda resource: False,
    suspend=suspend,
    scale=scale,
    examples=(
        'arena submit volcanojob --name mix --task-replicas 4 --gang --image IMAGE "python run.py"',
        "arena submit volcanojob --name several --task-images IMAGE,OTHER --queue team-a",
    ),
)
