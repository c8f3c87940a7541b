"""Job of Volcano: tasks, one for each image, whose pods are scheduled together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import forms, words
from arena.kinds.forms import Form
from arena.kinds.kind import Change, Kind, Object, Places, Pod
from arena.kinds.spec import option
from arena.kinds.training import environment, reading, render
from arena.kinds.training.base import VOLCANO, TrainingSpec
from arena.model import Job, Phase
from arena.resources import Resource
from arena.units import when

NAME = "volcanojob"
PLACES = Places(
    roles=(labels.VOLCANO_TASK,),
    indices=(labels.VOLCANO_INDEX,),
    chiefs=("launcher", "master", "chief", "driver", "head"),
)
COMMANDS = Resource("bus.volcano.sh", "v1alpha1", "commands", kind="Command")

EXAMPLES = ("ubuntu", "nginx", "busybox")
"""The images where neither an image nor a command is given."""
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


def _images(value: object) -> tuple[str, ...]:
    """Images, each given for itself or several in a row with commas between them; one may come twice."""
    found = [word.strip() for one in forms.items(value) for word in words.text(one).split(",")]
    return tuple(words.image(word) for word in found if word)


IMAGES = Form(_images, "IMAGE,...", multiple=True)


def _task(value: object) -> str:
    word = words.text(value)
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", word):
        raise SpecError(
            f"{words.shown(word)} cannot name a task",
            "use a-z, 0-9 and -, with a letter or digit at both ends",
        )
    return word


class VolcanoJobSpec(TrainingSpec):
    """What a Job of Volcano is asked to be; all its tasks run the same command, or what their images run."""

    command: str = option("", "Command line of every task  [default: what its image runs]", forms.COMMAND)
    task_images: tuple[str, ...] = option(
        (), "Images: each makes a task  [default: --image]", IMAGES, old=("--taskImages",)
    )
    task_name: str = option(
        "task", "What the names of tasks begin with", Form(_task, "NAME"), old=("--taskName",)
    )
    workers: int = option(
        1,
        "Pods of each task",
        forms.POSITIVE,
        flags=("--task-replicas", "--workers"),
        old=("--taskReplicas",),
    )
    gpus: int = option(0, "GPUs of each pod")
    task_cpu: str = option("250m", "CPUs of each pod", forms.QUANTITY, old=("--taskCPU",))
    task_memory: str = option("128Mi", "Memory of each pod", forms.QUANTITY, old=("--taskMemory",))
    share_memory: str = option("", "Size of /dev/shm  [default: the node's]", forms.QUANTITY)
    task_port: int = option(2222, "Port of each pod (0: none)", forms.PORT, old=("--taskPort",))
    min_available: int = option(
        1, "Pods that must be placed before any starts", forms.POSITIVE, old=("--minAvailable",)
    )
    volcano_queue: str = option(
        "default", "Queue of Volcano that the job waits in", forms.OBJECT, flags=("--queue", "--queue-name")
    )
    scheduler: str = option(
        VOLCANO,
        "Scheduler of the pods",
        forms.OBJECT,
        flags=("--scheduler-name", "--scheduler"),
        old=("--schedulerName",),
    )

    # What a Job of Volcano has no place for, or says in its own way.
    queue: bool = False
    queue_name: str = ""
    queue_system: str = ""
    running_timeout: int = 0
    tensorboard: bool = False
    tensorboard_image: str = ""
    logdir: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_available > self.pods:
            raise SpecError(
                f"--min-available {self.min_available} exceeds the {self.pods} pods of all tasks",
                "lower it, or raise --task-replicas",
            )

    def _suffixes(self) -> tuple[str, ...]:
        """As of every job, and that of the last pod, which holds the name of its task."""
        return (*super()._suffixes(), f"-{self.task_name}-{len(self.images) - 1}-{self.workers - 1}")

    def _check_command(self) -> None:
        """What its image runs is as good."""

    @property
    def queued_by(self) -> str:
        """Volcano, whichever scheduler places its pods."""
        return VOLCANO

    @property
    def waits_in(self) -> str:
        """As of every Spec; Volcano makes the default queue itself."""
        return self.volcano_queue if self.volcano_queue != "default" else ""

    @property
    def images(self) -> tuple[str, ...]:
        """The image of each task."""
        if self.task_images or self.image:
            return self.task_images or (self.image,)
        return EXAMPLES if not self.command.strip() else ("",)

    @property
    def any_image(self) -> str:
        """As of every Spec; that of a task does, too."""
        return self.image or self.images[0] or self.common_image

    @property
    def pods(self) -> int:
        """How many pods all tasks have together."""
        return len(self.images) * self.workers


def values(spec: VolcanoJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    size = render.Size(pods=spec.pods, gpus=spec.pods * spec.gpus)
    found = render.shared(spec, NAME, resource, size)
    # What says to Volcano of other objects how many pods to wait for; here minAvailable does.
    found["annotations"].pop(labels.VOLCANO_MEMBERS, None)
    keys = ("api_version", "name", "labels", "annotations", "ttl", "scheduler", "priority")
    return {
        **{key: found[key] for key in keys},
        "queue": spec.volcano_queue or None,
        "min_available": spec.pods if spec.gang else spec.min_available,
        # The restart that reaches the limit ends the job.
        "max_retry": spec.retry + 1 if spec.retry else None,
        # Without a word on it, a job of which enough pods succeed is complete, whatever the others did.
        "failed": "RestartJob" if spec.retry else "TerminateJob",
        "tasks": [_made(spec, found, number) for number in range(len(spec.images))],
    }


def _made(spec: VolcanoJobSpec, shared: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One task; the first one's pods are marked as the driver's."""
    driver = {} if number else {labels.VOLCANO_ROLE: "driver"}
    pod = {
        "restartPolicy": "Never",
        "schedulerName": shared["scheduler"],
        "priorityClassName": shared["priority"],
        "nodeSelector": dict(spec.selector),
        "tolerations": shared["tolerations"],
        "hostNetwork": shared["host_network"],
        "dnsPolicy": shared["dns_policy"],
        "hostIPC": shared["host_ipc"],
        "hostPID": shared["host_pid"],
        "imagePullSecrets": shared["pull_secrets"],
        "initContainers": shared["init_containers"],
        "containers": [_container(spec, shared, number)],
        "volumes": shared["volumes"],
    }
    meta = {"labels": {**shared["pod_labels"], **driver}, "annotations": shared["pod_annotations"]}
    return {
        "name": f"{spec.task_name}-{number}",
        "replicas": spec.workers,
        "template": {"metadata": meta, "spec": _filled(pod)},
    }


def _container(spec: VolcanoJobSpec, shared: Mapping[str, Any], number: int) -> dict[str, Any]:
    runs = bool(spec.command.strip())
    port = {"name": f"job-port-{number}", "containerPort": spec.task_port}
    return _filled(
        {
            "name": f"{spec.task_name}-{number}",
            "image": render.image(spec, spec.images[number]),
            "imagePullPolicy": shared["image_pull_policy"],
            "command": shared["command"] if runs else None,
            # What an image runs starts where the image says.
            "workingDir": shared["working_dir"] if runs else None,
            "env": environment.env(spec, hide_gpus=not spec.gpus),
            "resources": render.resources(
                spec, spec.gpus, {"cpu": spec.task_cpu, "memory": spec.task_memory}
            ),
            "ports": [port] if spec.task_port else None,
            "securityContext": shared["security"],
            "volumeMounts": shared["mounts"],
        }
    )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job as the cluster describes it, with the pods of its tasks."""
    status = obj.get("status") or {}
    state = status.get("state") or {}
    said = (_PHASES.get(state.get("phase") or ""), str(state.get("message") or state.get("reason") or ""))
    tasks = (obj.get("spec") or {}).get("tasks") or ()
    found = reading.job(NAME, obj, members, tasks, PLACES, said)
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


def suspend(obj: Object, on: bool) -> Change:
    """It has no field for that: Volcano is told by an object."""
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
    return Change(resource=COMMANDS, request=request)


def scale(obj: Object, workers: int) -> Change:
    """Changes how many pods every task has but a master's, and how many must be placed, if fewer are left.

    A list in a patch replaces the old one, so the tasks are sent whole.
    """
    spec = obj.get("spec") or {}
    tasks = [_scaled(one, workers) for one in spec.get("tasks") or ()]
    total = sum(one.get("replicas", 1) for one in tasks)
    least = min(spec.get("minAvailable", total), total)
    return Change(patch={"spec": {"tasks": tasks, "minAvailable": least}})


def _scaled(task: Mapping[str, Any], workers: int) -> dict[str, Any]:
    if task.get("name") in PLACES.chiefs:
        return dict(task)
    least = {"minAvailable": min(task["minAvailable"], workers)} if "minAvailable" in task else {}
    return {**task, "replicas": workers, **least}


KIND = Kind(
    name=NAME,
    aliases=("volcano", "vj"),
    summary="Tasks of several images, scheduled together by Volcano",
    resources=(Resource("batch.volcano.sh", "v1alpha1", "jobs", kind="Job"),),
    template="volcanojob.yaml",
    spec=VolcanoJobSpec,
    values=values,
    read=read,
    pods=pods_of,
    job_of=job_of,
    places=PLACES,
    selectors=(labels.VOLCANO_JOB_NAME,),
    suspend=suspend,
    scale=scale,
    examples=(
        'arena submit volcanojob --name mix --task-replicas 4 --gang --image IMAGE "python run.py"',
        "arena submit volcanojob --name several --task-images IMAGE,OTHER --queue team-a",
    ),
)
