"""The options of elastic and DeepSpeed jobs, and the values of their template."""

import os
from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.training.base.et_operator import BACKOFF
from arena.kinds.training.specs.base import render, ssh_key, workers
from arena.kinds.training.specs.base.spec import (
    GangOptions,
    QueueStartOptions,
    RetryOptions,
    WorkerContainerOptions,
)
from arena.kinds.training.specs.base.workers import WorkerOptions, clean_policy
from arena.kinds.workload import environment, images, pod_values, volumes
from arena.kinds.workload.pod_spec import PodSpec
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import TensorBoardSpec

SSH_CONFIG = "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"

_VOLUMES = ("training-job-hostfile", "training-job-config", "training-job-kubectl", "deepspeed-hostfile")
"""Volumes that the operator adds to the launcher."""


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
