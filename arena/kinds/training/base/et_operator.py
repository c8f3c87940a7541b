"""TrainingJob of the ET operator, which carries elastic and DeepSpeed jobs: what the two share.

A launcher runs the command and reaches the workers by ssh; it reads their names from a host file.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from arena import labels
from arena.errors import Conflict, SpecError, aimed
from arena.kinds import option_types as types
from arena.kinds.kind import Kind, Modification, Object, Pod, PodConventions
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, render, ssh_key, status, workers
from arena.kinds.training.base.spec import (
    GangOptions,
    QueueStartOptions,
    RetryOptions,
    WorkerContainerOptions,
)
from arena.kinds.training.base.training_operator import CHIEF_ROLES
from arena.kinds.training.base.workers import WorkerOptions, clean_policy
from arena.kinds.workload import environment, images, pod_values, volumes
from arena.kinds.workload.pod_spec import PodSpec
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import TensorBoardSpec
from arena.model.jobs import Job, Phase
from arena.resources import Resource

RESOURCE = Resource(labels.ET_GROUP, "v1alpha1", "trainingjobs", kind="TrainingJob")

CONVENTIONS = PodConventions(
    role_labels=(labels.ET_ROLE,), index_labels=(labels.ET_INDEX,), chief_roles=CHIEF_ROLES, has_chief=True
)
SELECTORS = (f"{labels.OLD_GROUP}={labels.ET_GROUP}",)

SSH_CONFIG = "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"

_FOR_GOOD = "WaitingResourceTimeout"
"""The reason that the published operator reports for a suspension, from which it cannot resume."""

_VOLUMES = ("training-job-hostfile", "training-job-config", "training-job-kubectl", "deepspeed-hostfile")
"""Volumes that the operator adds to the launcher."""

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


class TrainingJobSpec(
    WorkerOptions,
    GangOptions,
    WorkerContainerOptions,
    TensorBoardSpec,
    QueueStartOptions,
    RetryOptions,
    PodSpec,
):
    """The options of a TrainingJob, whose operator supports neither deadlines nor a time to live."""

    clean_task_policy: str = clean_policy("Running")

    launcher_selector: Mapping[str, str] = option(
        {},
        "Node label to require for the launcher, instead of --selector",
        types.LABELS,
        safe=True,
    )
    launcher_annotation: Mapping[str, str] = option({}, "Annotation of the launcher", types.ANNOTATIONS)
    worker_annotation: Mapping[str, str] = option({}, "Annotation of the workers", types.ANNOTATIONS)
    job_restart_policy: str = option(
        "", "Whether the job restarts when its launcher fails", choice("Never", "OnFailure"), safe=True
    )
    job_backoff_limit: int = option(BACKOFF, "Maximum number of these restarts")
    ssh_secret: str = option(
        "", "Secret with the SSH key of the job  [default: a generated one]", types.OBJECT
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        limit = f"--job-backoff-limit {self.job_backoff_limit}" if self.job_backoff_limit != BACKOFF else ""
        policy = "--job-restart-policy Never" if self.job_restart_policy == "Never" else ""
        if self.retry and (limit or policy):
            raise SpecError(f"--retry {self.retry} contradicts {policy or limit}", "give one of them")
        if not volumes.can_name(self.key):
            flag = "--ssh-secret" if self.ssh_secret else "--name"
            raise SpecError(
                f'{flag} "{self.key}" cannot be the name of a volume, which the operator requires',
                "choose another one that consists of a-z, 0-9 and -",
            )

    @property
    def key(self) -> str:
        """The Secret with the SSH key of the job."""
        return self.ssh_secret or self.name

    @property
    def operator_volumes(self) -> tuple[str, ...]:
        """The volumes of every workload; the one with the key is named after its Secret."""
        return (*super().operator_volumes, self.key, *_VOLUMES)

    def unused(self) -> dict[str, str]:
        """The unused options of every job; the limit also has no effect without restarts."""
        found = super().unused()
        if self.job_backoff_limit != BACKOFF and self.restarts != "OnFailure":
            found["job_backoff_limit"] = "--job-restart-policy OnFailure"
        return found

    @property
    def restarts(self) -> str:
        """The job's restart policy."""
        return self.job_restart_policy or ("OnFailure" if self.retry else "Never")


def launch(spec: TrainingJobSpec, kind: str, rendering: Rendering, own: Mapping[str, str]) -> dict[str, Any]:
    """The values of the template.

    Args:
        spec: the Spec.
        kind: the kind that the TrainingJob carries.
        resource: its type.
        own: variables of the kind; the user's take precedence.

    Raises:
        SpecError: there is no image, or a label is arena's own.
    """
    # The launcher is created when the workers run, so a gang consists of workers only.
    found = {**render.metadata(spec, kind, workers.size(spec)), **pod_values.pod(spec, rendering)}
    notes = found.pop("pod_annotations")
    # Set even if it is the default, because the runs of a schedule have other names but share it.
    found["annotations"] = {**found["annotations"], labels.SSH_SECRET: spec.key}
    return {
        **found,
        "api_version": rendering.resource.api_version,
        "name": spec.name,
        "restart_policy": spec.restarts,
        "backoff_limit": spec.retry or spec.job_backoff_limit,
        "clean_pods": spec.clean_task_policy,
        "image": images.image(spec, rendering),
        "launcher_annotations": {**notes, **spec.launcher_annotation},
        "launcher_selector": dict(spec.launcher_selector or spec.selector) or None,
        "launcher_env": _env(spec, own, hide_gpus=False),
        "worker_annotations": {**notes, **spec.worker_annotation},
        "worker_selector": dict(spec.selector) or None,
        "worker_env": _env(spec, own, hide_gpus=not spec.gpus),
        "worker_resources": pod_values.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        "worker_replicas": spec.workers,
        "worker_min": None,
        "worker_max": None,
        "worker_restart_policy": None,
        "ssh_secret": None if spec.ssh_secret else _secret(spec, kind),
    }


def _env(spec: TrainingJobSpec, own: Mapping[str, str], *, hide_gpus: bool) -> list[dict[str, Any]]:
    given = environment.env(spec, hide_gpus=hide_gpus)
    taken = {one["name"] for one in given}
    return [*environment.variables({name: own[name] for name in own if name not in taken}), *given]


def _secret(spec: TrainingJobSpec, kind: str) -> dict[str, Any]:
    """The Secret with the job's own key; the operator mounts it by its name and keys."""
    private, public = ssh_key.pair(os.urandom(32))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": spec.name, "labels": labels.common(spec.name, kind)},
        "type": "Opaque",
        "stringData": {"config": SSH_CONFIG, "id_rsa": private, "id_rsa.pub": public},
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
