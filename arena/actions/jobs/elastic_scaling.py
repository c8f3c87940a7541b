"""Running elastic jobs: request more or fewer workers, and follow the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arena.actions.jobs import change_requests, find
from arena.actions.watches import Source, Watching
from arena.errors import ArenaError, NotFound, SpecError, aimed
from arena.kinds.kind import Kind
from arena.resources import Resource
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


@frozen
class ScaleRequest:
    """A request to scale an elastic job, as it was sent."""

    resource: Resource
    namespace: str
    name: str
    job: str
    outcome: Callable[[Object], tuple[bool | None, str]]
    """As for `ScaleRequests`."""


def ask(cluster: Cluster, namespace: str, kind: Kind, spec: Any, *, out: bool) -> ScaleRequest:
    """Request that workers are added (`out`) or removed, and return at once.

    Args:
        kind: a kind with such requests.
        spec: a Spec of their type.

    Raises:
        NotFound: there is no such job.
        SpecError: its limits do not allow that number.
        Conflict: it does not run.
    """
    if kind.scale_requests is None:
        raise SpecError(f"a {kind.name} has no scale requests", "use arena scale")
    _, resource, obj = find.find(cluster, spec.name, namespace, kind)
    change = kind.scale_requests.modification(obj, spec, out)
    made = change_requests.request(cluster, resource, obj, change)
    return ScaleRequest(
        resource=change.resource or resource,
        namespace=namespace,
        name=made["metadata"]["name"],
        job=spec.name,
        outcome=kind.scale_requests.outcome,
    )


def wait(cluster: Cluster, request: ScaleRequest, progress: Callable[[str], None] = lambda text: None) -> str:
    """Wait until the request is done, and return its outcome in a sentence.

    Args:
        progress: called with the state after every change.

    Raises:
        ArenaError: the request failed.
        NotFound: the request is gone, usually with its job.
    """
    source = Source(request.resource, request.namespace, fields=f"metadata.name={request.name}")
    with Watching(cluster, [source]) as watching:
        while there := watching.objects(0):
            succeeded, message = request.outcome(there[0])
            if succeeded is False:
                job = aimed(request.job, request.namespace)
                raise ArenaError(message or f"{request.name} failed", f"arena get {job} -e shows more")
            if succeeded:
                return message
            progress(message or f"{request.resource.kind} {request.name} waits")
            watching.wait(None)
    hint = f"arena get {aimed(request.job, request.namespace)} shows the job"
    raise NotFound(f'the request "{request.name}" no longer exists', hint)
