"""TensorBoard of a job: its address, or a forwarded port that leads to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.errors import NotAllowed, NotFound, TimedOut, aimed
from arena.model import Job
from arena.resources import PODS, SERVICES

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
PORT = 6006


def name(job: str) -> str:
    """What the job's TensorBoard Deployment and Service are called."""
    return f"{job}-tensorboard"


def linked(cluster: Cluster, job: Job) -> Job:
    """The job with the address of its TensorBoard, or with the command that leads to it.

    As it is where it has none, or where this user may not see: the rest of the job can still be shown.
    """
    try:
        service = find(cluster, job)
    except (NotFound, NotAllowed):
        return job
    return replace(
        job, tensorboard=address(service) or f"run: arena tensorboard {job.name} -n {job.namespace}"
    )


def address(service: Object) -> str:
    """A URL that works from here: a port of this machine, or a load balancer's; "" where there is none."""
    ports = json.loads(service["metadata"].get("annotations", {}).get(labels.LOCAL_PORTS, "{}"))
    if str(PORT) in ports:
        return f"http://127.0.0.1:{ports[str(PORT)]}"
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    host = ingress[0].get("ip") or ingress[0].get("hostname")
    return f"http://{host}:{PORT}" if host else ""


def find(cluster: Cluster, job: Job) -> Object:
    """The Service of the job's TensorBoard.

    Raises:
        NotFound: it has none.
    """
    try:
        return cluster.get(SERVICES, job.namespace, name(job.name))
    except NotFound as cause:
        hint = "submit it with --tensorboard --logdir DIR"
        raise NotFound(f'job "{job.name}" has no TensorBoard', hint) from cause


def pod(
    cluster: Cluster, job: Job, tell: Callable[[str], None] = lambda remark: None, timeout: float = 120
) -> str:
    """The name of the pod that runs the job's TensorBoard, once it answers.

    Args:
        tell: takes the remark that it has to be waited for.
        timeout: seconds.

    Raises:
        TimedOut: none became ready in `timeout` seconds.
    """
    from arena.actions.watching import Source, Watching

    selector = f"{labels.RELEASE}={job.name},role=tensorboard"
    deadline = time.monotonic() + timeout
    with Watching(cluster, [Source(PODS, job.namespace, selector)]) as watching:
        told = False
        while not (ready := [one for one in watching.objects(0) if _is_ready(one)]):
            if not told:
                tell(f'waiting for the TensorBoard of "{job.name}"')
                told = True
            if not watching.wait(max(0.0, deadline - time.monotonic())):
                text = f'the TensorBoard of "{job.name}" is not ready after {timeout:g}s'
                raise TimedOut(text, f"arena get {aimed(job.name, job.namespace)} -e shows why")
    return str(ready[0]["metadata"]["name"])


def _is_ready(obj: Object) -> bool:
    conditions = obj.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
