"""Explain a job: from a folder, or from what the cluster tells now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.actions.diagnosis import collecting, dump
from arena.diagnosis import rules
from arena.diagnosis.diagnose import diagnose
from arena.model.findings import Diagnosis

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.paths import StrPath
    from arena.session import Session


def why(session: Session, job: str, *, kind: Kind | str | None = None) -> Diagnosis:
    """Return why a job waits or fails, or that it is well.

    Args:
        kind: required if several kinds have a job of that name.

    Raises:
        NotFound, SpecError: as `job`.
    """
    return diagnose(collecting.record(session, job, kind), rules.own())


def why_folder(folder: StrPath, job: str = "", *, namespace: str = "") -> Diagnosis:
    """Explain a job from a folder that `arena why --save` or `kubectl cluster-info dump` made.

    No cluster is asked.

    Args:
        folder: the folder.
        job: its name, or that of an owner of its pods, or of a pod; "" for the only job of the folder.
        namespace: that of the job; "" for any.

    Raises:
        SpecError: there is no such folder, or it has several jobs and none is named.
        NotFound: it has no such job.
    """
    return diagnose(dump.record(folder, job, namespace), rules.own())
