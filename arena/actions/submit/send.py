"""Send a plan: create all of its objects, or none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.actions import deletion
from arena.actions.deletion import Held, Progress
from arena.actions.jobs import find
from arena.actions.submit import creation
from arena.actions.submit.code import storage
from arena.actions.submit.plan import DEPENDENTS, Plan
from arena.actions.watches import Source, Watching
from arena.errors import Conflict, NotAllowed, NotFound
from arena.parallel import Task, thread_pool
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
_REPLACING = 120.0
"""Time limit in seconds for deleting an object that is to be replaced."""
_GOING = 20.0
"""Maximum seconds for a cluster to delete the dependents of a deleted object."""


@contextmanager
def sent(
    cluster: Cluster, made: Plan, *, instead: bool = False, progress: Progress = deletion.unseen
) -> Iterator[Object]:
    """Create the main object of a plan, then the objects that it owns; if one is refused, none remains.

    The `with` block is the last step: if it fails, all objects are deleted again.

    Args:
        instead: delete an object of the same name first, once the cluster has accepted the new one.
        progress: called with what is left of the old object, as by `deletion.Removal.wait`.

    Yields:
        The main object as the cluster stored it.

    Raises:
        Conflict: the name is taken.
        NotAllowed, SpecError, MissingOperator, Unreachable: the cluster refused one of the objects.
    """
    replaced = instead and _clear(cluster, made, progress)
    told = f'the old {made.title} "{made.name}" is deleted' if replaced else ""
    with creation.hinted(told), _created(cluster, made) as main:
        yield main


@contextmanager
def _created(cluster: Cluster, made: Plan) -> Iterator[Object]:
    if made.dependents or made.code_parts:
        from arena.kube import NoTrial

        with suppress(NoTrial):  # if a step fails, all is deleted again
            check(cluster, made)
    with creation.Creation(cluster, f'{made.title} "{made.name}"') as together:
        with _naming(made):
            main = together.create(made.resource, made.namespace, made.main)
        owner = find.reference(made.resource, main)
        for one in made.dependents:
            owned = {**one, "metadata": {**one["metadata"], "ownerReferences": [owner]}}
            together.create(DEPENDENTS[one["kind"]], made.namespace, owned)
        storage.provide(cluster, made.code_parts, owner)
        yield main


@contextmanager
def _naming(made: Plan) -> Iterator[None]:
    """Add a hint to the error if the name of the main object is taken."""
    from arena.kube import Taken

    try:
        yield
    except Taken as error:
        if "name" not in made.main["metadata"]:
            raise  # the cluster generated the name for a trial
        raise Conflict(
            f'{made.title} "{made.name}" exists in namespace "{made.namespace}"',
            "choose another --name, delete it first, or add --replace",
        ) from error


def check(cluster: Cluster, made: Plan, *, instead: bool = False) -> None:
    """Let the cluster validate every object of the plan without storing any; raises as `send`.

    Args:
        instead: ignore an existing job of that name, which would be deleted first.
    """
    if instead and _former(cluster, made):
        return
    where = cluster, made.namespace
    with thread_pool() as threads:
        # All at the same time, as a trial must not take longer than what is tried.
        main = threads.submit(_try, *where, made.resource, made.main)
        helpers = [threads.submit(_try, *where, DEPENDENTS[one["kind"]], one) for one in made.dependents]
        parts = [threads.submit(storage.check, cluster, one) for one in made.code_parts]
        # The job first: if its name is taken, those of its dependents usually are, too.
        with _naming(made):
            main.result()
        for one, helper in zip(made.dependents, helpers, strict=True):
            _judge(cluster, made, one, helper)
        for part in parts:
            part.result()


def _try(cluster: Cluster, namespace: str, kind: Resource, one: Object) -> None:
    cluster.create(kind, namespace, one, dry_run=True)


def _judge(cluster: Cluster, made: Plan, one: Object, trial: Task[None]) -> None:
    """Raise why a dependent was refused, unless only one of a deleted job is in its way."""
    kind = DEPENDENTS[one["kind"]]
    try:
        trial.result()
    except Conflict as taken:
        try:
            going = _goes(cluster, made, kind, one["metadata"]["name"])
        except NotAllowed:
            raise taken from None
        if not going:
            raise
        _try(cluster, made.namespace, kind, one)


def _goes(cluster: Cluster, made: Plan, kind: Resource, name: str) -> bool:
    """Wait for the end of a dependent of a deleted job; return whether it was one and is gone.

    The cluster has just confirmed that the name of the job is free.
    """
    former = (made.resource.kind, made.name)
    deadline = time.monotonic() + _GOING
    with Watching(cluster, [Source(kind, made.namespace, fields=f"metadata.name={name}")]) as watching:
        while there := watching.objects(0):
            owners = there[0]["metadata"].get("ownerReferences") or [{}]
            if any((ref.get("kind"), ref.get("name")) != former for ref in owners):
                return False
            if not watching.wait(max(0.0, deadline - time.monotonic())):
                return False
    return True


def _former(cluster: Cluster, made: Plan) -> Object | None:
    """The job to replace once the cluster has accepted the whole plan, or None."""
    namespace = made.namespace
    try:
        old = cluster.get(made.resource, namespace, made.name)
    except NotFound:
        return None
    if not made.owns(old):
        raise Conflict(
            f'the {made.resource.kind} "{made.name}" in namespace "{namespace}" is not a {made.title}, '
            "so --replace does not delete it",
            "choose another --name, or delete it first",
        )
    from arena.kube import NoTrial

    try:
        check(cluster, replace(made, main=_unnamed(made.main), dependents=[*map(_unnamed, made.dependents)]))
    except NoTrial as error:
        error.hint = "the old one is kept, since the new one may be refused: delete it yourself, then submit"
        raise
    return old


def _clear(cluster: Cluster, made: Plan, progress: Progress) -> bool:
    """Delete the job to replace, wait until it and its pods are gone, and return whether there was one."""
    namespace, old = made.namespace, _former(cluster, made)
    if old is None:
        return False
    sources = [
        Source(PODS, namespace, labels=find.selector(made.pods(old))),
        *(Source(DEPENDENTS[one["kind"]], namespace, fields=f"metadata.name={one['metadata']['name']}")
          for one in (*made.dependents, *made.code_parts)),
        Source(made.resource, namespace, fields=f"metadata.name={made.name}"),
    ]  # fmt: skip
    with Watching(cluster, sources) as watching:
        creation.delete(cluster, made.resource, old["metadata"], propagation="Foreground")

        def left() -> list[Held]:
            there = [_left(watching.objects(number), one.resource, old) for number, one in enumerate(sources)]
            return [one for some in there for one in some]

        deletion.outlast(watching, left, _REPLACING, progress)
    return True


def _unnamed(obj: Object) -> Object:
    """The object with a generated name, for a trial while the old one exists."""
    meta = {**obj["metadata"], "generateName": f"{obj['metadata']['name'][:40]}-"}
    del meta["name"]
    return {**obj, "metadata": meta}


def _left(objects: Sequence[Object], resource: Resource, old: Object) -> list[Held]:
    """What is left of the old job: itself or its dependents."""
    uid = old["metadata"]["uid"]
    found = []
    for one in objects:
        meta = one["metadata"]
        if uid in (meta["uid"], *(ref["uid"] for ref in meta.get("ownerReferences", ()))):
            found.append(Held(f"{resource.kind.lower()} {meta['name']}", resource, one))
    return found
