"""Explain a job: from a folder, or from what the cluster tells now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from arena.actions.diagnosis import collecting, dump, rule_files, saving, subjects
from arena.actions.jobs import find, stalled
from arena.diagnosis.diagnose import diagnose
from arena.errors import SpecError, aimed
from arena.kinds.training import FAMILY as TRAINING
from arena.model.findings import SILENT, STALLED, Diagnosis
from arena.values import replace

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.paths import StrPath
    from arena.session import Session


def why(
    session: Session,
    job: str,
    *,
    kind: Kind | str | None = None,
    version: str = "",
    save: StrPath | None = None,
) -> Diagnosis:
    """Return why a job, a serving, a sweep or the last run of a cron waits or fails, or that it is well.

    Args:
        job: the name; the first of these that has it is meant.
        kind: the kind of the job or serving, or `serving`, `sweep` or `cron`, if several have that name.
        version: that of a serving, if it has several.
        save: a new folder in which to save what was looked at, without secrets, for `why_folder`.

    Raises:
        NotFound: nothing has that name.
        SpecError: several kinds have a job of that name; the folder exists; a rule of the user is wrong.
        ArenaError: the folder cannot be written.
    """
    if save is not None:
        saving.check(save)
    rules = rule_files.all_rules(session)
    subject = subjects.found(session, job, kind, version)
    if isinstance(subject, Diagnosis):
        if save is not None:
            raise SpecError(f"--save: {job} has no pods of its own", "name one of the jobs that it started")
        return subject
    record = collecting.record(session, subject)
    if save is not None:
        saving.save(record, save)
    found = replace(subjects.commanded(subject, diagnose(record, rules)), subject=subject.title)
    if subject.kind.family is TRAINING and found.well and found.phase == "running":
        return _silent(session, found, subject.kind)
    return found


def _silent(session: Session, found: Diagnosis, kind: Kind) -> Diagnosis:
    """The diagnosis of a running job; that it stands still if it does."""
    job = stalled.checked(session, find.job(session, found.name, kind=kind, partial=True))
    shown = next((one for one in job.findings if one.id in (STALLED, SILENT)), None)
    if shown is None:
        return found
    fix = (f"arena stacks {aimed(job.name, job.namespace)}",)
    return replace(found, finding=shown._replace(fix=fix), well=False)


def why_folder(folder: StrPath, job: str = "", *, namespace: str = "") -> Diagnosis:
    """Explain a job from a folder that `why` or `kubectl cluster-info dump` made.

    No cluster is asked.

    Args:
        folder: the folder.
        job: its name, or that of an owner of its pods, or of a pod; "" for the only job of the folder.
        namespace: that of the job; "" for any.

    Raises:
        SpecError: there is no such folder; it has several jobs and none is named; a rule is wrong.
        NotFound: it has no such job.
    """
    return diagnose(dump.record(folder, job, namespace), rule_files.of_user(os.environ))
