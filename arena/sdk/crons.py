"""Jobs are submitted on a schedule, and their schedules found, suspended, resumed and deleted."""

from __future__ import annotations

from arena import kinds
from arena.actions import crons as schedules
from arena.actions import queues, served
from arena.kinds import cron as carrier
from arena.kinds.cron import CronSpec
from arena.kinds.training.base import TrainingSpec
from arena.model import Cron
from arena.sdk import submits
from arena.session import Session


def schedule(session: Session, spec: TrainingSpec, times: CronSpec, *, replace: bool = False) -> Cron:
    """Submit a job again and again; all that it needs is created, or nothing.

    Args:
        spec: the job, as `submit` takes it; its name is that of the schedule.
        times: when and how often.
        replace: delete a schedule of that name first, with its runs.

    Raises:
        Conflict: there is a schedule of that name.
        MissingOperator: nothing there starts jobs of the kind on a schedule.
        SpecError, NotAllowed, Unreachable: what the cluster has against it.
    """
    cluster, kind = session.cluster(), submits.kind_of(spec)
    carrier.check_name(type(spec), spec.name)
    resource = served.require(cluster, kind)
    whole = queues.settled(cluster, submits.with_defaults(session, spec, cluster))
    made = submits.plan(session, whole, resource=resource)
    return schedules.send(cluster, schedules.accepted(cluster, made, times), instead=replace)


def crons(session: Session, *, everywhere: bool = False, kind: str = "") -> list[Cron]:
    """The schedules of the session's namespace, or of all, the newest first, without their runs.

    Args:
        kind: only of jobs of this kind.
    """
    return schedules.crons(session.cluster(), None if everywhere else session.namespace, kinds.named(kind))


def cron(session: Session, name: str, *, kind: str = "") -> Cron:
    """One schedule with its runs; NotFound where there is none."""
    return schedules.one(session.cluster(), name, session.namespace, kinds.named(kind))


def suspend_cron(session: Session, name: str, *, kind: str = "") -> Cron:
    """Start no more runs; those that go on go on. NotFound where there is no such schedule."""
    return schedules.suspend(session.cluster(), name, session.namespace, True, kinds.named(kind))[0]


def resume_cron(session: Session, name: str, *, kind: str = "") -> Cron:
    """Start runs again; one that was due meanwhile may start at once. Raises as `suspend_cron`."""
    return schedules.suspend(session.cluster(), name, session.namespace, False, kinds.named(kind))[0]


def delete_cron(session: Session, name: str, *, kind: str = "") -> Cron:
    """Delete a schedule with its runs, and what was made with it; raises as `suspend_cron`."""
    return schedules.delete(session.cluster(), name, session.namespace, kinds.named(kind))
