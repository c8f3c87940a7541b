"""The Node object, which describes this machine."""

import os
import platform

import psutil

from arena import operating_system
from arena.local.node import gpus
from arena.local.node.events import timestamp
from arena.local.node.value_sources import HOST
from arena.local.objects import NODES, VERSION, Object, Objects

GPU_LABEL = "local.arena.io/gpu"
PODS = 500
"""Pods that the node takes at a time."""


def register(objects: Objects, name: str, has: gpus.Gpus) -> None:
    """Create or update the Node object; raises Refused as the API does."""
    node = describe(name, has)
    labels, status = node["metadata"]["labels"], node["status"]
    if objects.get(NODES, name) is None:
        objects.create(NODES, node)
    else:  # None takes away what an earlier server wrote
        objects.patch(NODES, name, {"metadata": {"labels": {GPU_LABEL: None, **labels}}})
    before = (objects.get(NODES, name) or {}).get("status") or {}
    gone = dict.fromkeys(one for one in before.get("capacity") or {} if "/" in one)
    capacity = {**gone, **status["capacity"]}
    body = {"status": {**status, "capacity": capacity, "allocatable": capacity}}
    objects.patch(NODES, name, body, subresource="status")


def describe(name: str, has: gpus.Gpus) -> Object:
    """The Node object of this machine."""
    memory = f"{psutil.virtual_memory().total // 1024}Ki"
    capacity = {"cpu": str(os.cpu_count() or 1), "memory": memory, "pods": str(PODS)}
    if has.count:
        capacity[gpus.RESOURCE] = str(has.count)
    capacity.update(gpus.devices())
    system, arch = platform.system().lower(), _architecture()
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": system,
        "kubernetes.io/arch": arch,
        **({GPU_LABEL: has.kind} if has.kind else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": HOST}, {"type": "Hostname", "address": name}],
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [ready()],
            "nodeInfo": _info(system, arch),
        },
    }


def ready() -> Object:
    """The node's Ready condition; pressure is not measured and has no condition."""
    return {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "pods run as processes of this machine",
        "lastHeartbeatTime": timestamp(),
        "lastTransitionTime": timestamp(psutil.boot_time()),
    }


def is_ready(node: Object) -> bool:
    """Whether the Node object is ready for pods."""
    told = (node.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in told)


def _architecture() -> str:
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _info(system: str, arch: str) -> Object:
    return {
        "architecture": arch,
        "bootID": operating_system.boot_id(),
        "containerRuntimeVersion": "process://1",
        "kernelVersion": platform.release(),
        "kubeProxyVersion": "",
        "kubeletVersion": f"v{VERSION}.0+arena",
        "machineID": "",
        "operatingSystem": system,
        "osImage": platform.platform(terse=True),
        "systemUUID": "",
    }
