"""The tasks of a Job of Volcano, each with a template of its pods."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.kinds.workload import environment, images, pod_values
from arena.kinds.workload.rendering import Rendering

if TYPE_CHECKING:
    from arena.kinds.training.specs.volcanojob import VolcanoJobSpec


def task(
    spec: "VolcanoJobSpec", rendering: Rendering, shared: Mapping[str, Any], number: int
) -> dict[str, Any]:
    """One task of the Job; the pods of the first one are marked as the driver's.

    Args:
        shared: the values that all kinds share, as of `pod_values.pod` and `render.metadata`.
        number: which task, from 0.
    """
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
        "containers": [_container(spec, images.image(spec, rendering, spec.images[number]), shared, number)],
        "volumes": shared["volumes"],
    }
    meta = {"labels": {**shared["pod_labels"], **driver}, "annotations": shared["pod_annotations"]}
    return {
        "name": f"{spec.task_name}-{number}",
        "replicas": spec.workers,
        "template": {"metadata": meta, "spec": _filled(pod)},
    }


def _container(spec: "VolcanoJobSpec", image: str, shared: Mapping[str, Any], number: int) -> dict[str, Any]:
    runs = bool(spec.command.strip())
    port = {"name": f"job-port-{number}", "containerPort": spec.task_port}
    return _filled(
        {
            "name": f"{spec.task_name}-{number}",
            "image": image,
            "imagePullPolicy": shared["image_pull_policy"],
            "command": shared["command"] if runs else None,
            # The command of an image starts in the image's directory.
            "workingDir": shared["working_dir"] if runs else None,
            "env": environment.env(spec, hide_gpus=not spec.gpus),
            "resources": pod_values.resources(
                spec, spec.gpus, {"cpu": spec.task_cpu, "memory": spec.task_memory}
            ),
            "ports": [port] if spec.task_port else None,
            "securityContext": shared["security"],
            "volumeMounts": shared["mounts"],
        }
    )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
