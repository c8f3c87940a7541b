"""The instances of a serving, in the form that logs and sessions take: a job of that name with these pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.jobs import find as jobs
from arena.actions.serving import find
from arena.actions.serving.find import Found
from arena.actions.watches import Source, Watching
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase
from arena.model.servings import Serving
from arena.resources import PODS
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session


def as_job(one: Serving) -> Job:
    """The serving as a running job with the name of its main object.

    It has no uid: a job's logs include those of the pods that it has lost, a serving's only those of the
    pods that it has.
    """
    return Job(
        name=one.object_name,
        namespace=one.namespace,
        kind=one.kind,
        phase=Phase.RUNNING,
        created=one.created,
        instances=one.instances,
        wanted=max(one.wanted, len(one.instances)),
    )


def job(session: Session, name: str, *, version: str = "", kind: Kind | str | None = None) -> Job:
    """A serving with its instances, as a job; raises as `arena.serving.serving`."""
    cluster, namespace = session.cluster(), session.namespace
    found = find.one(cluster, namespace, name, version=version, kind=kinds.named(kind, FAMILY))
    pods = list(cluster.list(PODS, namespace, labels=jobs.pod_selector(found.kind, found.obj)))
    return as_job(found.kind.read(found.obj, pods))


def running(
    session: Session, name: str, instance: str = "", *, version: str = "", kind: Kind | str | None = None
) -> tuple[Job, Instance]:
    """Return the serving as a job, and the requested instance of it, by default a running one.

    Raises:
        NotFound: there is no such serving or instance.
        SpecError: the name is ambiguous.
        Conflict: the instance does not run.
    """
    from arena.actions.jobs import instances

    found = job(session, name, version=version, kind=kind)
    # Those that an update replaces go before a command could run in them.
    staying = tuple(one for one in found.instances if one.status != "Terminating")
    lasting = found if instance or not staying else replace(found, instances=staying)
    return found, instances.chosen(lasting, instance)


def follow(cluster: Cluster, found: Found) -> Iterator[Job]:
    """Yield the serving as a job: now, after every change, and every second, until it is deleted."""
    for one in servings(cluster, found):
        yield as_job(one)


def servings(cluster: Cluster, found: Found) -> Iterator[Serving]:
    """As `follow`, in the form of the model."""
    return (one.serving for one in states(cluster, found))


def states(cluster: Cluster, found: Found) -> Iterator[Found]:
    """As `follow`, with the main object; the serving has its instances."""
    meta = found.obj["metadata"]
    sources = [
        Source(found.resource, meta["namespace"], fields=f"metadata.name={meta['name']}"),
        Source(PODS, meta["namespace"], labels=jobs.pod_selector(found.kind, found.obj)),
    ]
    with Watching(cluster, sources) as watching:
        while same := [one for one in watching.objects(0) if one["metadata"]["uid"] == meta["uid"]]:
            yield found._replace(obj=same[0], serving=found.kind.read(same[0], watching.objects(1)))
            watching.wait(jobs.TICK)
