"""Submit: the objects of a plan are created, all or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.actions import creation, parcels, sending, training
from arena.actions.plans import HELPERS, Plan
from arena.actions.sending import Target
from arena.actions.watching import Source, Watching
from arena.errors import Conflict, NotAllowed, NotFound, TimedOut
from arena.model import Job
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
_GOING = 20.0
"""Seconds that a cluster takes at most to delete what belonged to an object that is gone."""


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
    tell: Callable[[str], None] = lambda remark: None,
) -> Object:
    """As `submit`, for any object that takes the place of the job; returns it as the cluster has it."""
    if instead and _clear(cluster, made, timeout):
        with creation.hinted(f'the old {made.kind.name} "{made.name}" is deleted'):
            return _create(cluster, made, tell)
    return _create(cluster, made, tell)


def _create(cluster: Cluster, made: Plan, tell: Callable[[str], None]) -> Object:
    if made.helpers or made.parts:
        check(cluster, made)
    with creation.Creation(cluster, f'{made.kind.name} "{made.name}"') as together:
        with _naming(made):
            job = together.create(made.resource, made.namespace, made.job)
        owner = training.reference(made.resource, job)
        for one in made.helpers:
            owned = {**one, "metadata": {**one["metadata"], "ownerReferences": [owner]}}
            together.create(HELPERS[one["kind"]], made.namespace, owned)
        parcels.provide(cluster, made.parts, owner)
        if made.code and made.sends:
            sending.send(cluster, Target(made.kind, made.resource, job), made.code, tell=tell)
    return job


@contextmanager
def _naming(made: Plan) -> Iterator[None]:
    """Say what to do where the name of the job is taken."""
    try:
        yield
    except Conflict as error:
        if "name" not in made.job["metadata"]:
            raise  # the cluster made the name, for a trial
        raise Conflict(
            f'{made.kind.name} "{made.name}" exists in namespace "{made.namespace}"',
            "choose another --name, delete it first, or add --replace",
        ) from error


def check(cluster: Cluster, made: Plan, *, instead: bool = False) -> None:
    """Have the cluster validate every object of the plan and store none; raises as `submit`.

    Args:
        instead: a job of that name is in nobody's way, as it would be deleted first.
    """
    if instead and _former(cluster, made):
        return
    # The job first: where its name is taken, those of its helpers mostly are, too.
    with _naming(made):
        cluster.create(made.resource, made.namespace, made.job, dry_run=True)
    for one in made.helpers:
        _check_helper(cluster, made, one)
    parcels.check(cluster, made.parts)


def _check_helper(cluster: Cluster, made: Plan, one: Object) -> None:
    kind = HELPERS[one["kind"]]
    try:
        cluster.create(kind, made.namespace, one, dry_run=True)
    except Conflict as taken:
        try:
            going = _goes(cluster, made, kind, one["metadata"]["name"])
        except NotAllowed:
            raise taken from None
        if not going:
            raise
        cluster.create(kind, made.namespace, one, dry_run=True)


def _goes(cluster: Cluster, made: Plan, kind: Resource, name: str) -> bool:
    """Wait for the end of an object that belonged to a job which is gone; whether it is such, and went.

    The name of the job is free, as the cluster has just said.
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
    """The job whose place the plan may take, once the cluster has accepted all of the plan, or None."""
    namespace = made.namespace
    try:
        old = cluster.get(made.resource, namespace, made.name)
    except NotFound:
        return None
    if not (made.kind.owns(old) or made.kind.takes(old)):
        raise Conflict(
            f'the {made.resource.kind} "{made.name}" in namespace "{namespace}" is no {made.kind.name}, '
            "so --replace leaves it alone",
            "choose another --name, or delete it first",
        )
    check(cluster, replace(made, job=_unnamed(made.job), helpers=[*map(_unnamed, made.helpers)]))
    return old


def _clear(cluster: Cluster, made: Plan, timeout: float) -> bool:
    """Delete the job whose place this plan takes and wait until it and its pods are gone; whether one was."""
    namespace, old = made.namespace, _former(cluster, made)
    if old is None:
        return False
    sources = [
        Source(made.resource, namespace, fields=f"metadata.name={made.name}"),
        Source(PODS, namespace, labels=training.pod_selector(made.kind, old)),
        *(Source(HELPERS[one["kind"]], namespace, fields=f"metadata.name={one['metadata']['name']}")
          for one in (*made.helpers, *made.parts)),
    ]  # fmt: skip
    deadline = time.monotonic() + timeout
    with Watching(cluster, sources) as watching:
        creation.delete(cluster, made.resource, old["metadata"], propagation="Foreground")
        while any(_left(watching.objects(number), old) for number in range(len(sources))):
            if not watching.wait(max(0.0, deadline - time.monotonic())):
                raise TimedOut(
                    f'the old job "{made.name}" is still there after {timeout:g}s', "try again later"
                )
    return True


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
