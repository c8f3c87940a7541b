"""Explain sweeps and crons by the jobs that they start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.diagnosis import events
from arena.actions.diagnosis.collecting import Subject
from arena.actions.jobs import crons, find
from arena.errors import aimed
from arena.model.findings import NONE, Diagnosis, Evidence, Finding
from arena.model.jobs import Phase

if TYPE_CHECKING:
    from arena.model.crons import Cron
    from arena.session import Session

_PHASES = {Phase.SUCCEEDED: "succeeded", Phase.FAILED: "failed", Phase.RUNNING: "running"}
MOST = 5
"""Maximum number of warnings about a cron that are quoted."""


def sweep(session: Session, name: str) -> Diagnosis:
    """Return what `arena.sweeps.why` tells: the cause is that of a failed trial, if one has failed.

    Raises:
        NotFound: there is no such sweep.
    """
    from arena.actions.sweeps import why

    obj, one = why.read(session, name)
    told = why.told(session, obj, one)
    own, *trials = told
    first = next((each for each in trials if each.findings), own)
    found = [*first.findings, *(each for other in told if other is not first for each in other.findings)]
    shows = f"arena sweep why {aimed(name, session.namespace)}"
    well = Finding(NONE, f"nothing is wrong: {own.subject} is {own.status}")
    return Diagnosis(
        name=name,
        namespace=session.namespace,
        kind="Sweep",
        phase=_PHASES.get(one.phase, "waiting"),
        finding=found[0]._replace(fix=(*found[0].fix, shows)) if found else well,
        well=not found,
        followed=tuple(found[1:6]),
        looked=(f"{len(one.trials)} trials",),
        unread=tuple(f"{each.what}: {each.why}" for each in one.unread),
        subject=f"{first.subject} of sweep {name}" if found and first is not own else "",
    )


def cron(session: Session, name: str) -> Subject | Diagnosis:
    """Return the last run of a cron; or why it has none.

    Raises:
        NotFound: there is no such cron.
    """
    found = crons.cron(session, name)
    kind = kinds.of_name(found.kind) if found.kind else None
    if not found.runs or kind is None:
        return _without_run(session, found)
    last = found.runs[0].name
    title = f"{last}, the last run of cron {name}"
    return Subject(*find.find(session.cluster(), last, session.namespace, kind), title)


def _without_run(session: Session, found: Cron) -> Diagnosis:
    warnings = [each for each in events.of(session.cluster(), found.namespace, found.uid)
                if each.type == "Warning"]  # fmt: skip
    target = aimed(found.name, found.namespace)
    shown = tuple(Evidence("event", each.subject, each.message, each.last) for each in warnings[-MOST:])
    told = Finding(NONE, f"no run of cron {found.name} is left or can be read", shown)
    if found.suspended:
        told = Finding("suspended", f"cron {found.name} is suspended and has no runs", shown,
                       fix=(f"arena cron resume {target}",))  # fmt: skip
    elif not found.last and not shown and not found.unread:
        told = Finding(NONE, f"nothing is wrong: no run of cron {found.name} was due yet")
    return Diagnosis(
        name=found.name,
        namespace=found.namespace,
        kind="Cron",
        phase="waiting",
        finding=told,
        well=told.cause.startswith("nothing is wrong"),
        looked=("its runs and events",),
        unread=tuple(f"{each.what}: {each.why}" for each in found.unread),
    )
