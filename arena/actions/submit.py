"""Submit: the objects of a plan are created, all or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.actions import parcels, sending, training
from arena.actions.plans import HELPERS, Plan
from arena.actions.watching import Source, Watching
from arena.errors import ArenaError, Conflict, NotFound, SpecError, TimedOut
from arena.model import Job
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def submit(
    cluster: Cluster,
    made: Plan,
    *,
    instead: bool = False,
    timeout: float = 120,
    tell: Callable[[str], None] = lambda remark: None,
) -> Job:
    """Send a plan: the job first, then what it owns; where a part is refused nothing stays.

    Code that is too large to be kept is sent to the instances; that takes until all have started.

    Args:
        instead: delete a job of that name first, once the new one is known to be acceptable.
        timeout: seconds that the old one may take to go.
        tell: takes a line whenever an instance has been sent the code.

    Raises:
        Conflict: the name is taken.
        NotAllowed, SpecError, MissingOperator, Unreachable: what the cluster said to one of the parts.
    """
    return made.kind.read(send(cluster, made, instead=instead, timeout=timeout, tell=tell), [])


def send(
    cluster: Cluster,
    made: Plan,
    *,
    instead: bool = False,
    timeout: float = 120,
    tell: Callable[[str], None] | None = None,
) -> Object:
    """As `submit`, for any object that takes the place of the job; returns it as the cluster has it.

    Args:
        tell: as of `submit`; None where instances start whenever, so that no code can be sent to them.
    """
    if made.sends and tell is None:
        raise SpecError(
            "--code is too large for the cluster to keep, and nobody is there to send it later",
            "list data in .arenaignore, or put the code into the image",
        )
    namespace = made.job["metadata"]["namespace"]
    if instead:
        _clear(cluster, made, timeout)
    if made.helpers or made.parts:
        check(cluster, made)
    done: list[Object] = []
    with ThreadPoolExecutor(1) as pool:
        # Another thread sends it, so that Ctrl-C leaves no doubt whether it was made.
        sent = pool.submit(_create_job, cluster, made, namespace)
        try:
            job = sent.result()
            for one in made.helpers:
                owned = {**one["metadata"], "ownerReferences": [training.reference(made.resource, job)]}
                done.append(cluster.create(HELPERS[one["kind"]], namespace, {**one, "metadata": owned}))
            parcels.provide(cluster, made.parts, training.reference(made.resource, job))
            if made.code and made.sends and tell:
                sending.send(cluster, made.kind, made.resource, job, made.code, tell=tell)
        except BaseException as error:
            with suppress(ArenaError):
                whole = _undo(cluster, made.resource, [*done, sent.result()])
                if not whole and isinstance(error, ArenaError):
                    left = f'{made.kind.name} "{made.name}" could not be taken back: delete it'
                    error.hint = f"{error.hint}; {left}" if error.hint else left
            raise
    return job


def _create_job(cluster: Cluster, made: Plan, namespace: str, *, dry_run: bool = False) -> Object:
    try:
        return cluster.create(made.resource, namespace, made.job, dry_run=dry_run)
    except Conflict as error:
        if "name" not in made.job["metadata"]:
            raise  # the cluster made the name, for a trial
        raise Conflict(
            f'{made.kind.name} "{made.name}" exists in namespace "{namespace}"',
            "choose another --name, delete it first, or add --replace",
        ) from error


def _undo(cluster: Cluster, resource: Resource, made: Sequence[Object]) -> bool:
    """Take back what this submit made, as far as the cluster lets it; whether all is gone."""
    whole = True
    for one in made:
        kind = HELPERS.get(one.get("kind", ""), resource)
        meta = one["metadata"]
        try:
            cluster.delete(kind, meta["namespace"], meta["name"], uid=meta["uid"])
        except NotFound:
            continue
        except ArenaError:
            whole = False
    return whole


def check(cluster: Cluster, made: Plan) -> None:
    """Have the cluster validate every object of the plan and store none; raises as `submit`."""
    namespace = made.job["metadata"]["namespace"]
    # The job first: where its name is taken, those of its helpers mostly are, too.
    _create_job(cluster, made, namespace, dry_run=True)
    for one in made.helpers:
        cluster.create(HELPERS[one["kind"]], namespace, one, dry_run=True)
    parcels.check(cluster, made.parts)


def _clear(cluster: Cluster, made: Plan, timeout: float) -> None:
    """Delete the job whose place this plan takes, and wait until it and its pods are gone."""
    namespace = made.job["metadata"]["namespace"]
    try:
        old = cluster.get(made.resource, namespace, made.name)
    except NotFound:
        return
    if not (made.kind.owns(old) or made.kind.takes(old)):
        raise Conflict(
            f'the {made.resource.kind} "{made.name}" in namespace "{namespace}" is no {made.kind.name}, '
            "so --replace leaves it alone",
            "choose another --name, or delete it first",
        )
    check(cluster, replace(made, job=_unnamed(made.job), helpers=[*map(_unnamed, made.helpers)]))
    sources = [
        Source(made.resource, namespace, fields=f"metadata.name={made.name}"),
        Source(PODS, namespace, labels=training.pod_selector(made.kind, old)),
        *(Source(HELPERS[one["kind"]], namespace, fields=f"metadata.name={one['metadata']['name']}")
          for one in (*made.helpers, *made.parts)),
    ]  # fmt: skip
    with Watching(cluster, sources) as watching:
        cluster.delete(
            made.resource, namespace, made.name, uid=old["metadata"]["uid"], propagation="Foreground"
        )
        while any(_left(watching.objects(number), old) for number in range(len(sources))):
            if not watching.wait(timeout):
                raise TimedOut(
                    f'the old job "{made.name}" is still there after {timeout:g}s', "try again later"
                )


def _unnamed(obj: Object) -> Object:
    """The object under a name that the cluster is to make, for a trial while the old one is there."""
    meta = {**obj["metadata"], "generateName": f"{obj['metadata']['name'][:40]}-"}
    del meta["name"]
    return {**obj, "metadata": meta}


def _left(objects: Sequence[Object], old: Object) -> bool:
    """Whether something of the old job is still there."""
    uid = old["metadata"]["uid"]
    owners = [{ref["uid"] for ref in one["metadata"].get("ownerReferences", ())} for one in objects]
    return any(one["metadata"]["uid"] == uid for one in objects) or any(uid in each for each in owners)
