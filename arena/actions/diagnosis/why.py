"""Explain a job: from a folder, or from what the cluster tells now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from arena.actions.diagnosis import collecting, dump, rule_files, saving
from arena.actions.jobs import find, stalled
from arena.diagnosis.diagnose import diagnose
from arena.errors import aimed
from arena.model.findings import SILENT, STALLED, Diagnosis
from arena.values import replace

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.paths import StrPath
    from arena.session import Session


def why(
    session: Session, job: str, *, kind: Kind | str | None = None, save: StrPath | None = None
) -> Diagnosis:
    """Return why a job waits or fails, or that it is well.

    Args:
        kind: required if several kinds have a job of that name.
        save: a new folder in which to save what was looked at, without secrets, for `why_folder`.

    Raises:
        NotFound: there is no such job.
        SpecError: several kinds have a job of that name; the folder exists; a rule of the user is wrong.
        ArenaError: the folder cannot be written.
    """
    if save is not None:
        saving.check(save)
    rules = rule_files.all_rules(session)
    record = collecting.record(session, job, kind)
    if save is not None:
        saving.save(record, save)
    found = diagnose(record, rules)
    return _silent(session, found, kind) if found.well and found.phase == "running" else found


def _silent(session: Session, found: Diagnosis, kind: Kind | str | None) -> Diagnosis:
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
