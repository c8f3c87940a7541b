"""From a Spec to the values that the templates of all training kinds share. None drops a key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.spec import encode
from arena.kinds.training import fetch, queues
from arena.kinds.training.base import TrainingSpec
from arena.kinds.training.environment import literal
from arena.kinds.training.volumes import mounts, volumes
from arena.resources import Resource

Values = dict[str, Any]

GPU = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a job asks for in all."""

    pods: int
    gpus: int


def shared(spec: TrainingSpec, kind: str, resource: Resource, size: Size) -> Values:
    """Values of the job object and of the pods of every role.

    Raises:
        SpecError: a label is arena's own.
    """
    return {
        "api_version": resource.api_version,
        "name": spec.name,
        **metadata(spec, kind, size),
        # Where pods restart in place, the restart that reaches the limit ends the job: 1 would allow none.
        "backoff_limit": spec.retry + 1 if spec.retry else None,
        "restart_policy": "OnFailure" if spec.retry else "Never",
        "active_deadline": spec.running_timeout or None,
        "ttl": spec.ttl_after_finished or None,
        "scheduling": queues.policy(spec, size.pods),
        **pod(spec),
    }


def metadata(spec: TrainingSpec, kind: str, size: Size) -> Values:
    """Labels and annotations of the job and of its pods."""
    own = labels.common(spec.name, kind)
    for key in spec.label:
        if key in own or key.startswith("training.kubeflow.org/"):
            raise SpecError(f'--label: "{key}" is set by arena itself', "choose another key")
    both = {**spec.label, **own}
    remarks = {**spec.annotation, labels.GPUS: str(size.gpus)}
    job_marks, job_notes = queues.on_job(spec, size.pods)
    pod_marks, pod_notes = queues.on_pods(spec, kind, size.pods)
    if spec.model_name:
        job_marks[labels.MODEL_NAME] = spec.model_name
        job_notes[labels.MODEL_SOURCE] = spec.model_source
    stored = json.dumps(encode(spec), ensure_ascii=False)
    return {
        "labels": {**both, **job_marks},
        "annotations": {**remarks, **job_notes, labels.SPEC: stored},
        "pod_labels": {**both, **pod_marks},
        # A proxy that is injected never ends, and so the pod would not.
        "pod_annotations": {labels.ISTIO_INJECT: "false", **remarks, **pod_notes},
    }


def pod(spec: TrainingSpec) -> Values:
    """Values of a pod that do not depend on its role."""
    host_network = spec.host_network and spec.annotation.get("k8s.aliyun.com/eni") != "true"
    return {
        "image_pull_policy": spec.image_pull_policy,
        "command": shell(spec, spec.command),
        "working_dir": spec.start_dir,
        "mounts": mounts(spec) or None,
        "security": {"capabilities": {"add": ["IPC_LOCK"]}} if spec.rdma else None,
        "volumes": volumes(spec) or None,
        "init_containers": fetch.containers(spec),
        "tolerations": [one.manifest() for one in spec.toleration] or None,
        "scheduler": queues.scheduler(spec),
        "priority": spec.priority or None,
        "host_network": host_network or None,
        "dns_policy": "ClusterFirstWithHostNet" if host_network else None,
        "host_ipc": spec.host_ipc or None,
        "host_pid": spec.host_pid or None,
        "pull_secrets": [{"name": one} for one in spec.image_pull_secret] or None,
    }


def image(spec: TrainingSpec, chosen: str = "") -> str:
    """The image of a role; the job's where the role has none.

    Raises:
        SpecError: neither is given.
    """
    found = chosen or spec.common_image
    if not found:
        raise SpecError("--image is missing", "a cluster needs a container image: add --image IMAGE")
    return found


def shell(spec: TrainingSpec, line: str) -> list[str]:
    """The command of a container that runs a line in the job's shell."""
    return [spec.shell, "-c", literal(line)]


def resources(
    spec: TrainingSpec, gpus: int, requests: Mapping[str, str], limits: Mapping[str, str] | None = None
) -> Values | None:
    """Requests and limits of a container; empty amounts are left out, limits default to the requests."""
    asked = {name: amount for name, amount in requests.items() if amount}
    limited = {name: amount for name, amount in (requests if limits is None else limits).items() if amount}
    if gpus:
        limited[GPU] = str(gpus)
    limited.update(spec.device)
    if spec.rdma:
        limited.setdefault("rdma/hca", "1")
    return {name: part for name, part in (("requests", asked), ("limits", limited)) if part} or None
