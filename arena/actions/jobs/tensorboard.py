"""TensorBoard of a job: its address, or a forwarded port."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import foreign_json, labels
from arena.actions import readings
from arena.actions.jobs import find as find_job
from arena.errors import ArenaError, NotAllowed, NotFound, TimedOut, aimed
from arena.kinds.workload import instances
from arena.model.jobs import Job, Phase
from arena.resources import PODS, SERVICES

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
PORT = 6006
CONTAINER = "tensorboard"
ANSWER = 2.0
"""Seconds for the process on a TensorBoard's port to prove that it is the local cluster."""


def owner(session: Session, name: str, kind: Kind | None = None) -> Job:
    """The job of that name; if there is none, the job or the stand-in that has the TensorBoard of a sweep.

    That of a sweep without Katib has the name of its first trial, also once that was deleted.

    Raises:
        NotFound: there is no such job, and no sweep of that name has a TensorBoard.
    """
    try:
        return find_job.job(session, name, kind=kind)
    except NotFound as missing:
        sweep = Job(name=name, namespace=session.namespace, kind="", phase=Phase.RUNNING)
        with suppress(NotFound):
            find(session.cluster(), sweep)
            return sweep
        with suppress(NotFound):
            return _of_trial(session, name, kind)
        raise missing


def _of_trial(session: Session, sweep: str, kind: Kind | None) -> Job:
    """The first trial of a sweep without Katib; if it was deleted, a stand-in that has its TensorBoard."""
    name = f"{sweep}-1"
    try:
        first = find_job.job(session, name, kind=kind)
    except NotFound:
        first = Job(name=name, namespace=session.namespace, kind="", phase=Phase.RUNNING)
        owners = find(session.cluster(), first)["metadata"].get("ownerReferences", ())
        if any(one["name"] != name for one in owners):  # further trials
            return first
        raise
    if first.labels.get(labels.SWEEP) != sweep:
        raise NotFound(f'job "{name}" is no trial of "{sweep}"')
    return first


def name(job: str) -> str:
    """The name of the job's TensorBoard Deployment and Service."""
    return f"{job}-tensorboard"


def linked(cluster: Cluster, job: Job) -> Job:
    """The job with the address of its TensorBoard, or with the command that opens it.

    Unchanged if it has none or the user may not read it: the rest of the job can still be shown.
    """
    try:
        service = find(cluster, job)
    except (NotFound, NotAllowed):
        return job
    except ArenaError as error:
        unread = readings.unread(SERVICES, error, "the address of TensorBoard is missing")
        return replace(job, unread=(*job.unread, unread))
    return replace(job, tensorboard=link(service) or f"run: arena tensorboard {job.name} -n {job.namespace}")


def link(service: Object) -> str:
    """The address if it leads to the TensorBoard, and not to another program on its port; else ""."""
    found = address(service)
    token = service["metadata"].get("annotations", {}).get(labels.LOCAL_TOKEN)
    return found if not token or not found or _knows(found.partition("?")[0], token) else ""


def _knows(root: str, token: str) -> bool:
    """Whether the server at the address knows the token, without sending it."""
    import hmac
    import secrets
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    nonce = secrets.token_hex(16)
    there = urlsplit(root)
    link = HTTPConnection(there.netloc, timeout=ANSWER)
    try:
        link.request("GET", f"/?arena-proof={nonce}")
        told = link.getresponse().read(1000)
    except (OSError, HTTPException):
        return False
    finally:
        link.close()
    return hmac.compare_digest(
        told, hmac.new(token.encode(), f"{there.port} {nonce}".encode(), "sha256").hexdigest().encode()
    )


def address(service: Object) -> str:
    """A URL that works from here: a port of this machine, or a load balancer; "" if there is none."""
    notes = service["metadata"].get("annotations", {})
    try:
        ports = foreign_json.loads(notes.get(labels.LOCAL_PORTS, "{}"))
    except ValueError:  # edited by hand
        ports = {}
    if isinstance(ports, dict) and str(PORT) in ports:
        return f"http://127.0.0.1:{ports[str(PORT)]}/?token={notes.get(labels.LOCAL_TOKEN, '')}"
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    host = ingress[0].get("ip") or ingress[0].get("hostname")
    return f"http://{host}:{PORT}" if host else ""


def find(cluster: Cluster, job: Job) -> Object:
    """The Service of the job's TensorBoard.

    Raises:
        NotFound: the job has none.
    """
    try:
        return cluster.get(SERVICES, job.namespace, name(job.name))
    except NotFound as cause:
        hint = "submit it with --tensorboard --logdir DIR"
        raise NotFound(f'job "{job.name}" has no TensorBoard', hint) from cause


def pod(
    cluster: Cluster, job: Job, tell: Callable[[str], None] = lambda remark: None, timeout: float = 120
) -> Object:
    """Return the pod of the job's TensorBoard, once it answers.

    Args:
        tell: called with a remark before waiting.
        timeout: seconds.

    Raises:
        ArenaError: it has ended; the message contains its last line.
        TimedOut: none became ready in `timeout` seconds.
    """
    from arena.actions.watches import Source, Watching

    selector = f"{labels.RELEASE}={job.name},role=tensorboard"
    deadline = time.monotonic() + timeout
    with Watching(cluster, [Source(PODS, job.namespace, selector)]) as watching:
        told = False
        while not (ready := [one for one in _current(watching.objects(0)) if instances.is_ready(one)]):
            current = _of_newest_template(_current(watching.objects(0)))
            if why := next(filter(None, (_end(cluster, one) for one in current)), ""):
                text = f'the TensorBoard of "{job.name}" does not start: {why}'
                raise ArenaError(text, f"arena get {aimed(job.name, job.namespace)} -e shows its events")
            if not told:
                tell(f'waiting for the TensorBoard of "{job.name}"')
                told = True
            if not watching.wait(max(0.0, deadline - time.monotonic())):
                text = f'the TensorBoard of "{job.name}" is not ready after {timeout:g}s'
                raise TimedOut(text, f"arena get {aimed(job.name, job.namespace)} -e shows why")
    found: Object = ready[0]
    return found


def _current(pods: Sequence[Object]) -> list[Object]:
    """The pods that are not replaced: a Deployment replaces each that is deleted, or ends as a whole."""
    return [
        one
        for one in pods
        if "deletionTimestamp" not in one["metadata"]
        and (one.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


def _of_newest_template(pods: Sequence[Object]) -> list[Object]:
    """The pods made last: if the Deployment has been changed, the failure of earlier ones means nothing."""
    newest = max(pods, key=lambda one: one["metadata"].get("creationTimestamp") or "", default=None)
    return [one for one in pods if newest and _template(one) == _template(newest)]


def _template(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get("pod-template-hash"))


def _end(cluster: Cluster, pod: Object) -> str:
    """How the pod's TensorBoard ended, by its last line or exit code; "" if it runs or has yet to start."""
    for one in pod.get("status", {}).get("containerStatuses") or ():
        state = one.get("state") or {}
        ended = state.get("terminated") or (one.get("lastState") or {}).get("terminated")
        if one["name"] != CONTAINER or "running" in state or not ended:
            continue
        # It may have been started again meanwhile.
        said = (_last_line(cluster, pod["metadata"], previous) for previous in (False, True))
        return next(filter(None, said), f"exit code {ended.get('exitCode')}")
    return ""


def _last_line(cluster: Cluster, pod: Object, previous: bool) -> str:
    """The last line of the log, or of that of the run before, that is not blank; "" if none can be read."""
    from arena.kube import LogQuery

    lines: list[bytes] = []
    with suppress(ArenaError):
        query = LogQuery(container=CONTAINER, tail=20, previous=previous)
        lines = list(cluster.logs(pod["namespace"], pod["name"], query))
    return next(filter(None, map(bytes.strip, reversed(lines))), b"").decode(errors="replace")


def folder(pod: Object) -> str:
    """The path below which a TensorBoard serves its pages; a secret one on the local cluster."""
    token = pod["metadata"].get("annotations", {}).get(labels.LOCAL_TOKEN)
    return f"/{token}/" if token else ""
