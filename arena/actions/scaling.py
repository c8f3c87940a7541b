"""Elastic jobs while they run: ask for more workers, or fewer, and see what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import asking, training
from arena.actions.watching import Source, Watching
from arena.errors import ArenaError, NotFound, aimed
from arena.kinds.training import etjob
from arena.kinds.training.etjob import ScaleSpec
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to scale an elastic job, as it was sent."""

    resource: Resource
    namespace: str
    name: str
    job: str


def ask(cluster: Cluster, namespace: str, spec: ScaleSpec, *, out: bool) -> Request:
    """Ask for workers to be added (`out`) or taken away; returns at once.

    Raises:
        NotFound: there is no such elastic job.
        SpecError: it may not have so many, or so few.
        Conflict: it does not run.
    """
    _, resource, obj = training.find(cluster, spec.name, namespace, kinds.find(etjob.NAME))
    change = etjob.scale_by(obj, spec, out=out)
    made = asking.request(cluster, resource, obj, change)
    asked = etjob.SCALEOUTS if out else etjob.SCALEINS
    return Request(resource=asked, namespace=namespace, name=made["metadata"]["name"], job=spec.name)


def wait(cluster: Cluster, request: Request, progress: Callable[[str], None] = lambda text: None) -> str:
    """Wait until the request is carried out; what came of it, in a sentence.

    Args:
        progress: called with how it stands, after every change.

    Raises:
        ArenaError: it failed, and why.
        NotFound: it is gone, mostly with its job.
    """
    source = Source(request.resource, request.namespace, fields=f"metadata.name={request.name}")
    with Watching(cluster, [source]) as watching:
        while there := watching.objects(0):
            phase, message = _state(there[0])
            if phase == "ScaleFailed":
                job = aimed(request.job, request.namespace)
                raise ArenaError(message or f"{request.name} failed", f"arena get {job} -e tells more")
            if phase == "ScaleSucceeded":
                return message
            progress(message or f"{request.resource.kind} {request.name} waits")
            watching.wait(None)
    hint = f"arena get {aimed(request.job, request.namespace)} shows the job"
    raise NotFound(f'the request "{request.name}" is gone', hint)


def _state(obj: Object) -> tuple[str, str]:
    """The last condition that holds: its type and its message."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    held = [one for one in conditions if str(one.get("status")) == "True"]
    last = next((one for one in held if str(one["type"]).startswith("ScaleS")), None)
    last = last or next((one for one in held if one["type"] == "ScaleFailed"), held[-1] if held else {})
    return str(last.get("type") or ""), str(last.get("message") or "")
