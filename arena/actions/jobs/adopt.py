"""Adopt jobs that other tools created, and release them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena import labels
from arena.actions.jobs import change
from arena.actions.jobs.change import Unchanged
from arena.errors import Conflict
from arena.kinds.kind import Kind, Modification
from arena.model.jobs import Job

if TYPE_CHECKING:
    from arena.session import Session


def adopt(
    session: Session, name: str, *, kind: Kind | str | None = None, unchanged: Unchanged = change.ignore
) -> Job:
    """Label a job that others created as arena's own, and change nothing else.

    Args:
        kind: required if several kinds have a job of that name.
        unchanged: called with the job if it already is arena's own.

    Raises:
        NotFound: there is no such job.
        Conflict: another tool manages the job, according to its label.
    """
    found = change.find_job(session, name, kind)
    own = found.obj["metadata"].get("labels") or {}
    if found.job.managed:
        return change.same(found.job, unchanged)
    if own.get(labels.MANAGED_BY):
        raise Conflict(
            f"{found.title} is managed by {own[labels.MANAGED_BY]}",
            f"if that is no longer so, remove its label {labels.MANAGED_BY} first",
        )
    # Existing labels stay: many people use `app` themselves.
    missing = {key: value for key, value in labels.common(name, found.kind.name).items() if key not in own}
    return found.read(change.send(found, Modification(patch={"metadata": {"labels": missing}}), "label it"))


def release(
    session: Session, name: str, *, kind: Kind | str | None = None, unchanged: Unchanged = change.ignore
) -> Job:
    """Remove the labels that `adopt` set.

    Args:
        kind: required if several kinds have a job of that name.
        unchanged: called with the job if it is not adopted.

    Raises:
        NotFound: there is no such job.
        Conflict: the job was submitted by arena, not adopted.
    """
    found = change.find_job(session, name, kind)
    meta = found.obj["metadata"]
    if labels.SPEC in (meta.get("annotations") or {}):
        raise Conflict(
            f"{found.title} was submitted by arena, not adopted", "only adopted jobs can be released"
        )
    if not found.job.managed:
        return change.same(found.job, unchanged)
    own, marks = meta.get("labels") or {}, labels.common(name, found.kind.name)
    taken = {key: None for key, value in marks.items() if own.get(key) == value}
    return found.read(change.send(found, Modification(patch={"metadata": {"labels": taken}}), "label it"))
