"""metrics.k8s.io: the usage of running pods and this machine, for `kubectl top`."""

import asyncio
import time
from typing import Any

import psutil
from aiohttp import web

from arena.local import objects
from arena.local.api import metadata
from arena.local.api.refusals import missing
from arena.local.objects import Object, Objects, Resource
from arena.local.runtime import Runtime, Usage

PODS = objects.POD_METRICS
NODES = Resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False)
WINDOW = 1.0
"""Seconds for which a reading is reused: two readings in short succession say little about the CPU."""


class Meter:
    """Readings of the usage of pods, at least WINDOW apart."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._readings: dict[str, tuple[float, list[Usage]]] = {}

    def usage(self, uid: str) -> list[Usage]:
        """The usage of each running container of the pod."""
        now = time.monotonic()
        taken, reading = self._readings.get(uid, (0.0, []))
        if now - taken >= WINDOW or not reading:
            taken, reading = now, self._runtime.usage(uid)
            self._readings[uid] = (taken, reading)
        return reading

    def keep(self, uids: set[str]) -> None:
        """Forget all other pods."""
        for uid in self._readings.keys() - uids:
            self._readings.pop(uid, None)  # operators read in a thread of their own


def listed(api: Objects, meter: Meter, namespace: str | None, labels: str) -> list[Object]:
    """The PodMetrics of the running pods of a namespace, or of all, that match a label selector."""
    found = [_pod(one, meter) for one in api.list(objects.PODS, namespace, labels)]
    return [one for one in found if one["containers"]]


async def pods(request: web.Request, api: Objects, meter: Meter) -> web.Response:
    """Answer with the PodMetricsList of a namespace, or of all."""
    namespace = request.match_info.get("namespace")
    labels = request.query.get("labelSelector", "")
    if namespace is None and not labels:
        meter.keep({one["metadata"]["uid"] for one in api.list(objects.PODS)})
    # In a thread: finding a pod's processes takes a while, and other requests must not wait for it.
    return _listed(PODS, await asyncio.to_thread(listed, api, meter, namespace, labels))


async def pod(request: web.Request, api: Objects, meter: Meter) -> web.Response:
    """Answer with the PodMetrics of one pod.

    Raises:
        Refused: 404 if there is no such pod, or none of its containers runs.
    """
    name = request.match_info["name"]
    found = api.get(objects.PODS, name, request.match_info["namespace"])
    answer = _pod(found, meter) if found else None
    if not answer or not answer["containers"]:
        raise missing(PODS, name)
    return web.json_response(answer)


async def nodes(request: web.Request, api: Objects, meter: Meter) -> web.Response:
    """Answer with the NodeMetricsList of this machine."""
    found = api.list(objects.NODES, None, request.query.get("labelSelector", ""))
    return _listed(NODES, [_node(one) for one in found])


async def node(request: web.Request, api: Objects, meter: Meter) -> web.Response:
    """Answer with the NodeMetrics of one node.

    Raises:
        Refused: 404 if there is none.
    """
    name = request.match_info["name"]
    found = api.get(objects.NODES, name)
    if found is None:
        raise missing(NODES, name)
    return web.json_response(_node(found))


def _pod(found: Object, meter: Meter) -> Object:
    containers = [
        {"name": one.container, "usage": _amounts(one.cpu, one.memory)}
        for one in meter.usage(found["metadata"]["uid"])
    ]
    return {**_head(PODS, found), "containers": containers}


def _node(found: Object) -> Object:
    cores = psutil.cpu_percent(None) / 100 * (psutil.cpu_count() or 1)
    memory = psutil.virtual_memory()
    return {**_head(NODES, found), "usage": _amounts(cores, memory.total - memory.available)}


def _head(resource: Resource, found: Object) -> Object:
    names = ("name", "namespace", "labels")
    known = {name: found["metadata"][name] for name in names if name in found["metadata"]}
    now = metadata.now()
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {**known, "creationTimestamp": now},
        "timestamp": now,
        "window": f"{WINDOW:g}s",
    }


def _amounts(cores: float, memory: int) -> dict[str, str]:
    return {"cpu": f"{round(cores * 1e9)}n", "memory": f"{memory // 1024}Ki"}


def _listed(resource: Resource, items: list[Any]) -> web.Response:
    kind, version = f"{resource.kind}List", resource.api_version
    return web.json_response({"kind": kind, "apiVersion": version, "metadata": {}, "items": items})
