"""Send a plan: create all of its objects, or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.actions import deletion
from arena.actions.deletion import Held, Progress
from arena.actions.jobs import find
from arena.actions.submit import creation
from arena.actions.submit.code import storage, upload
from arena.actions.submit.plan import DEPENDENTS, Plan
from arena.actions.watches import Source, Watching
from arena.errors import Conflict, NotAllowed, NotFound, Unreachable
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
    cluster: Cluster,
    made: Plan,
    *,
    instead: bool = False,
    tell: Callable[[str], None] = lambda remark: None,
    progress: Progress = deletion.unseen,
) -> Iterator[Object]:
    """Create the main object of a plan, then the objects that it owns; if one is refused, none remains.

    The `with` block is the last step: if it fails, all objects are deleted again.

    Args:
        instead: delete an object of the same name first, once it is known that this user may do all that
            follows, and that the cluster accepts the new one.
        tell: called with a remark if the user interrupts it after the deletion.
        progress: called with what is left of the old object, as by `deletion.Removal.wait`.

    Yields:
        The main object as the cluster stored it.

    Raises:
        Conflict: the name is taken.
        NotAllowed, SpecError, MissingOperator, Unreachable: the cluster refused one of the objects. If the
            old one is deleted, the hint says so, and how to submit it again.
    """
    with ExitStack() as steps:
        if old := _former(cluster, made) if instead else None:
            steps.enter_context(_replaced(cluster, made, old, tell, progress))
        elif made.dependents or made.code_parts:
            from arena.kube import NoTrial

            with suppress(NoTrial):  # if a step fails, all is deleted again
                check(cluster, made)
        yield steps.enter_context(_created(cluster, made))


@contextmanager
def _created(cluster: Cluster, made: Plan) -> Iterator[Object]:
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
    """Let the cluster validate every object of the plan without storing any; raises as `sent`.

    Args:
        instead: ignore an existing job of that name, which would be deleted first.
    """
    if not (instead and _former(cluster, made)):
        _check(cluster, made)


def _check(cluster: Cluster, made: Plan, old: Object | None = None) -> None:
    """As `check`; with the job to replace, its deletion and the objects are tried beside it."""
    where = cluster, made.namespace
    tried = made if old is None else _unnamed(made)
    with thread_pool() as threads:
        # All at the same time, as a trial must not take longer than what is tried.
        deleted = threads.submit(_try_delete, cluster, made, old)
        main = threads.submit(_try, *where, made.resource, tried.main)
        helpers = [threads.submit(_try, *where, DEPENDENTS[one["kind"]], one) for one in tried.dependents]
        code = [threads.submit(storage.check, cluster, one, old) for one in made.code_parts]
        if made.uploads:
            code.append(threads.submit(upload.check, *where))
        names = [threads.submit(_check_free, cluster, made, one, old) for one in made.dependents if old]
        deleted.result()
        # The job first: if its name is taken, those of its dependents usually are, too.
        with _naming(tried):
            main.result()
        for one, helper in zip(tried.dependents, helpers, strict=True):
            _judge(cluster, made, one, helper)
        for each in (*names, *code):
            each.result()


def _try_delete(cluster: Cluster, made: Plan, old: Object | None) -> None:
    from arena.kube import NoTrial

    if old is not None:
        with suppress(NoTrial, NotFound):  # the deletion itself comes first, and will tell
            cluster.check_delete(made.resource, made.namespace, made.name, old["metadata"]["uid"])


def _check_free(cluster: Cluster, made: Plan, one: Object, old: Object) -> None:
    """Raise Conflict if something that does not go with the old job has the name of a new dependent."""
    there = _named(cluster, one)
    if there and not _left([there], DEPENDENTS[one["kind"]], old):
        raise Conflict(
            f'the {one["kind"]} "{one["metadata"]["name"]}" in namespace "{made.namespace}" is not part of '
            f'the old {made.title} "{made.name}", which is kept',
            "delete that first, or choose another --name",
        )


def _try(cluster: Cluster, namespace: str, kind: Resource, one: Object) -> None:
    cluster.create(kind, namespace, one, dry_run=True)


def _judge(cluster: Cluster, made: Plan, one: Object, trial: Task[None]) -> None:
    """Raise why a dependent was refused, unless only one of a deleted job is in its way."""
    kind = DEPENDENTS[one["kind"]]
    try:
        trial.result()
    except Conflict as taken:
        if "name" not in one["metadata"]:
            raise  # the cluster generated the name for a trial
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
        _check(cluster, made, old)
    except NoTrial as error:
        error.hint = "the old one is kept, since the new one may be refused: delete it yourself, then submit"
        raise
    return old


def _unnamed(made: Plan) -> Plan:
    """The plan with generated names, for a trial while the old objects exist."""

    def unnamed(obj: Object) -> Object:
        meta = {**obj["metadata"], "generateName": f"{obj['metadata']['name'][:40]}-"}
        del meta["name"]
        return {**obj, "metadata": meta}

    return replace(made, main=unnamed(made.main), dependents=[*map(unnamed, made.dependents)])


@contextmanager
def _replaced(
    cluster: Cluster, made: Plan, old: Object, tell: Callable[[str], None], progress: Progress
) -> Iterator[None]:
    """Delete a job and wait until it and its pods are gone; if anything fails from then on, say so."""
    sources = [
        Source(PODS, made.namespace, labels=find.selector(made.pods(old))),
        Source(made.resource, made.namespace, fields=f"metadata.name={made.name}"),
    ]
    # What may not be read is refused here, before anything is deleted.
    with Watching(cluster, sources) as watching:
        with creation.hinted(_lost(made, old, "may be"), Unreachable):
            creation.delete(cluster, made.resource, old["metadata"], propagation="Foreground")

        def left() -> list[Held]:
            seen = [_left(watching.objects(number), one.resource, old) for number, one in enumerate(sources)]
            return [one for some in seen for one in some] or _beside(cluster, made, old)

        with _reported(_lost(made, old, "is being"), tell):
            deletion.outlast(watching, left, _REPLACING, progress)
    with _reported(_lost(made, old, "is"), tell):
        yield


def _beside(cluster: Cluster, made: Plan, old: Object) -> list[Held]:
    """The objects of the old job with the names of new ones, which go with it."""
    beside = (*made.dependents, *made.code_parts)
    there = ((DEPENDENTS[one["kind"]], _named(cluster, one)) for one in beside)
    return [one for kind, found in there if found for one in _left([found], kind, old)]


def _named(cluster: Cluster, one: Object) -> Object | None:
    """What has the name of a dependent now, if anything."""
    with suppress(NotFound):
        return cluster.get(DEPENDENTS[one["kind"]], one["metadata"]["namespace"], one["metadata"]["name"])
    return None


def _lost(made: Plan, old: Object, verb: str) -> str:
    """What to say of the old job, with the command that submits it again."""
    again = made.again(old)
    hint = f"; to submit it again, run: {again}" if again else ""
    return f'the old {made.title} "{made.name}" {verb} deleted{hint}'


@contextmanager
def _reported(told: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Say this if the `with` block fails or is interrupted."""
    try:
        with creation.hinted(told):
            yield
    except KeyboardInterrupt:
        tell(f"Warning: {told}")
        raise


def _left(objects: Sequence[Object], resource: Resource, old: Object) -> list[Held]:
    """What is left of the old job: itself or its dependents."""
    uid = old["metadata"]["uid"]
    found = []
    for one in objects:
        meta = one["metadata"]
        if uid in (meta["uid"], *(ref["uid"] for ref in meta.get("ownerReferences", ()))):
            found.append(Held(f"{resource.kind.lower()} {meta['name']}", resource, one))
    return found
