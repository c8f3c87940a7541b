"""The Node object: what this machine has, as a kubelet tells it."""

import os
import platform

import psutil

from arena.local.node import gpus, supervisor
from arena.local.node.events import timestamp
from arena.local.node.references import HOST
from arena.local.objects import NODES, Object, Objects

GPU_LABEL = "local.arena.io/gpu"
PODS = 250
"""Pods that the node takes at a time."""


def register(objects: Objects, name: str, has: gpus.Gpus) -> None:
    """Write the Node object, or bring it up to date; Refused when the API cannot."""
    node = describe(name, has)
    labels, status = node["metadata"]["labels"], node["status"]
    if objects.get(NODES, name) is None:
        objects.create(NODES, node)
    else:  # None takes away what an earlier server wrote
        objects.patch(NODES, name, {"metadata": {"labels": {GPU_LABEL: None, **labels}}})
    capacity = {gpus.RESOURCE: None, **status["capacity"]}
    body = {"status": {**status, "capacity": capacity, "allocatable": capacity}}
    objects.patch(NODES, name, body, subresource="status")


def describe(name: str, has: gpus.Gpus) -> Object:
    """The Node object of this machine."""
    memory = f"{psutil.virtual_memory().total // 1024}Ki"
    capacity = {"cpu": str(os.cpu_count() or 1), "memory": memory, "pods": str(PODS)}
    if has.count:
        capacity[gpus.RESOURCE] = str(has.count)
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
    """The node's Ready condition; pressures are not measured, so nothing is said of them."""
    return {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "pods run as processes of this machine",
        "lastHeartbeatTime": timestamp(),
        "lastTransitionTime": timestamp(psutil.boot_time()),
    }


def _architecture() -> str:
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _info(system: str, arch: str) -> Object:
    return {
        "architecture": arch,
        "bootID": supervisor.boot(),
        "containerRuntimeVersion": "process://1",
        "kernelVersion": platform.release(),
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.32.0+arena",
        "machineID": "",
        "operatingSystem": system,
        "osImage": platform.platform(terse=True),
        "systemUUID": "",
    }
