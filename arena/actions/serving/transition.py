"""Bring a serving and the objects beside it from one state to another: everything, or nothing.

What is new is created first, then the main object is changed, and what no revision needs is deleted last. So
wherever this ends, the serving has all to which its pods refer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions.jobs.find import reference
from arena.actions.serving import beside, change, contents
from arena.actions.serving.alteration import Alteration
from arena.actions.serving.beside import Amended, Step
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.submit import creation
from arena.actions.submit.code import storage
from arena.errors import ArenaError, Conflict
from arena.parallel import thread_pool
from arena.resources import SECRETS
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
Amend = Callable[[Found], Amended]
"""What a serving shall become."""


def apply(cluster: Cluster, found: Found, amend: Amend, *, dry_run: bool = False) -> Changed:
    """Change a serving to what `amend` makes of it; if a step is refused or interrupted, all is as before.

    Args:
        amend: is called again if another client has changed the main object meanwhile.
        dry_run: send nothing.

    Raises:
        Conflict: the object changed again and again, or something else has the name of a new one.
        NotAllowed, SpecError, MissingOperator, Unreachable: as reported by the cluster.
    """
    from arena.kube import Taken

    for attempt in range(change.ATTEMPTS):
        made = amend(found)
        steps = beside.steps(cluster, found, made)
        patch = manifests.merge_patch(found.obj, made.main)
        if dry_run or not (patch or steps or made.code_parts):
            return _result(found, manifests.patch(found.obj, patch), patch, (steps, made))
        try:
            _check(cluster, found, made, steps)
            return _applied(cluster, found, amend, made, steps)
        except Taken:
            raise
        except Conflict:
            if attempt == change.ATTEMPTS - 1:
                raise
        found = change.again(cluster, found)
    raise AssertionError("the loop returns or raises")


def _result(found: Found, obj: Object, patch: Object, done: tuple[Sequence[Step], Amended]) -> Changed:
    """What has become of a serving whose main object was `found`, and is `obj` now."""
    steps, made = done
    known = _known_parts(found.obj["metadata"].get("annotations") or {})
    parts = [manifests.brief(one) for one in made.code_parts if one["metadata"]["name"] not in known]
    sent = [one for step in steps if (one := step.shown()) is not None]
    deleted = [one.title for one in steps if one.target is None]
    serving = change.result(found, obj, patch).serving
    return Changed(serving=serving, patch=patch, beside=[*sent, *parts], deleted=deleted)


def _check(cluster: Cluster, found: Found, made: Amended, steps: Sequence[Step]) -> None:
    """Let the cluster try every step and store nothing; a change of the main object alone needs no trial."""
    from arena.kube import NoTrial

    if not (steps or made.code_parts):
        return
    meta = found.obj["metadata"]
    patch = manifests.merge_patch(found.obj, made.main)
    with thread_pool() as threads:
        tried = [threads.submit(_try, cluster, one) for one in steps]
        tried += [threads.submit(storage.check, cluster, one) for one in made.code_parts]
        main = (found.resource, meta["namespace"], meta["name"], patch)
        tried.append(threads.submit(cluster.check_patch, *main))
        for one in tried:
            with suppress(NoTrial):  # if a step fails, all are undone
                one.result()


def _try(cluster: Cluster, step: Step) -> None:
    where = (step.resource, step.meta["namespace"])
    if step.target is None:
        cluster.check_delete(*where, step.meta["name"], step.meta["uid"])
    elif step.live is None:
        cluster.create(*where, step.target, dry_run=True)
    else:
        cluster.check_patch(*where, step.meta["name"], manifests.merge_patch(step.live, step.target))


def _applied(cluster: Cluster, found: Found, amend: Amend, made: Amended, steps: Sequence[Step]) -> Changed:
    before = found
    with Alteration(cluster, f'the change of serving "{found.serving.title}"') as together:
        begun = [(one, _begin(together, one)) for one in steps if one.target is not None]
        if made.code_parts:
            notes = found.obj["metadata"].get("annotations") or {}
            owner = reference(found.resource, found.obj)
            together.provide(made.code_parts, owner, _known_parts(notes))
        found, patch = _changed(cluster, together, found, amend, made)
        for step, now in begun:
            if step.gone:
                together.change(step.resource, now, step.without_gone(now))
    for step in steps:
        if step.target is None:
            with creation.hinted(
                f"the serving is changed; delete the {step.title}, which it no longer needs"
            ):
                creation.delete(cluster, step.resource, step.meta)
    _forget(cluster, found, made.former)
    return _result(before, found.obj, patch, (steps, made))


def _changed(
    cluster: Cluster, together: Alteration, found: Found, amend: Amend, made: Amended
) -> tuple[Found, Object]:
    """Change the main object, also if others write its status at the same time; return it and the patch."""
    for attempt in range(change.ATTEMPTS):
        patch = manifests.merge_patch(found.obj, made.main)
        if not patch:
            return found, patch
        try:
            now = together.change(found.resource, found.obj, made.main, exactly=True)
            change.check_kept(cluster, found, now, patch)
            return found._replace(obj=now), patch
        except Conflict:
            found = change.again(cluster, found)
            again = amend(found)
            if attempt == change.ATTEMPTS - 1 or replace(again, main=made.main) != made:
                raise
            made = again
    raise AssertionError("the loop returns or raises")


def _begin(together: Alteration, step: Step) -> Object:
    """Create an object, or change it."""
    target = step.target or {}
    if step.live is None:
        return together.create(step.resource, step.meta["namespace"], target)
    return together.change(step.resource, step.live, target)


def _known_parts(notes: Object) -> list[str]:
    """The names of the parts of code that a serving owns already."""
    known = [one.partition("/")[2] for one in contents.kept(notes)]
    return [*known, *notes.get(labels.CODE_PARTS, "").split(",")]


def _forget(cluster: Cluster, found: Found, former: Sequence[str]) -> None:
    """Delete contents to which no revision refers; what cannot be deleted goes with the serving."""
    meta = found.obj["metadata"]
    for one in former:
        kind, _, name = one.partition("/")
        with suppress(ArenaError):
            if kind == SECRETS.kind:
                there = cluster.get(SECRETS, meta["namespace"], name)
                if beside.is_owned(there, found):
                    cluster.delete_unchanged(SECRETS, there)
            else:
                storage.release(cluster, meta["namespace"], name, meta["uid"])
