"""Values of templates that describe pods and their containers. None drops a key of the template."""

from collections.abc import Mapping
from typing import Any

from arena import accelerators
from arena.kinds.workload import environment, fetch, images
from arena.kinds.workload.code import start_dir
from arena.kinds.workload.pod_spec import ContainerOptions, PodOptions, PodSpec
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import WorkloadSpec
from arena.kinds.workload.volumes import mounts, volumes

Values = dict[str, Any]

GPU = accelerators.NVIDIA


def pod(spec: PodSpec, rendering: Rendering) -> Values:
    """Values of a pod that do not depend on its role."""
    return {
        **shared(spec, rendering),
        **placed(spec, rendering),
        "command": shell(spec, spec.command),
        "working_dir": start_dir(spec, rendering),
        "security": security(spec),
        "host_ipc": spec.host_ipc or None,
        "host_pid": spec.host_pid or None,
    }


def shared(spec: WorkloadSpec, rendering: Rendering) -> Values:
    """Those of these values that the pods of every workload have."""
    return {
        "mounts": mounts(spec, rendering) or None,
        "volumes": volumes(spec, rendering) or None,
        "tolerations": [one.manifest() for one in spec.toleration] or None,
        "scheduler": spec.pod_scheduler or None,
        "pull_secrets": [{"name": one} for one in spec.image_pull_secret] or None,
    }


def placed(spec: PodOptions, rendering: Rendering) -> Values:
    """Those of these values that pods have on which no runtime decides."""
    host_network = spec.host_network and spec.annotation.get("k8s.aliyun.com/eni") != "true"
    return {
        "image_pull_policy": spec.image_pull_policy,
        "init_containers": fetch.containers(spec, rendering),
        "priority": spec.priority or None,
        "host_network": host_network or None,
        "dns_policy": "ClusterFirstWithHostNet" if host_network else None,
    }


def replica(spec: ContainerOptions, rendering: Rendering, requests: Mapping[str, str]) -> Values:
    """Values of a worker's pod, if all workers are identical.

    Args:
        requests: its CPUs and memory.

    Raises:
        SpecError: there is no image.
    """
    return {
        "image": images.image(spec, rendering),
        "selector": dict(spec.selector) or None,
        "env": environment.env(spec, hide_gpus=not spec.gpus),
        "resources": resources(spec, spec.gpus, requests),
    }


def shell(spec: ContainerOptions, line: str) -> list[str]:
    """The command of a container that runs a command line in the chosen shell."""
    return [spec.shell, "-c", environment.literal(line)]


def security(spec: ContainerOptions) -> Values | None:
    """The security context of a container."""
    return {"capabilities": {"add": ["IPC_LOCK"]}} if spec.rdma else None


def resources(
    spec: ContainerOptions, gpus: int, requests: Mapping[str, str], limits: Mapping[str, str] | None = None
) -> Values | None:
    """Requests and limits of a container; empty amounts are left out, and limits default to the requests."""
    asked = {name: amount for name, amount in requests.items() if amount}
    limited = {name: amount for name, amount in (requests if limits is None else limits).items() if amount}
    if gpus:
        limited[GPU] = str(gpus)
    limited.update(spec.devices)
    if spec.rdma:
        limited.setdefault("rdma/hca", "1")
    return {name: part for name, part in (("requests", asked), ("limits", limited)) if part} or None
