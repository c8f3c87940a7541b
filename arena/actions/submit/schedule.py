"""Submit a job on a schedule: plan the job like a submit, then the cron that starts it."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING

from arena import labels, manifests
from arena.actions.deletion import Progress, unseen
from arena.actions.submit import send
from arena.actions.submit.plan import Plan
from arena.actions.submit.request import Request, request_for
from arena.actions.submit.settle import with_name
from arena.actions.submit.submit import Tell, ignore, plan_job
from arena.errors import MissingOperator, SpecError
from arena.kinds import cron
from arena.kinds.cron import CronSpec
from arena.kinds.kind import Kind
from arena.model.crons import Cron
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kinds.training.specs.base.spec import TrainingSpec
    from arena.kube import Cluster
    from arena.session import Session


def schedule(
    session: Session,
    job: TrainingSpec | Request,
    times: CronSpec,
    *,
    replace: bool = False,
    tell: Tell = ignore,
    progress: Progress = unseen,
) -> Cron:
    """Submit a job on a schedule. Everything that it needs is created, or nothing.

    Args:
        job: the Spec of the job, as for `submit`; its name is that of the cron.
        times: the schedule.
        replace: delete a cron of that name first, with its runs.
        tell: called with each remark.
        progress: called while the replaced cron is being deleted, with a line and what changes in it.

    Raises:
        Conflict: a cron with that name exists.
        MissingOperator: nothing on the cluster starts jobs of the kind on a schedule.
        SpecError, TemplateError, NotAllowed, Unreachable: as `submit`.
    """
    request = request_for(job, replace=replace)
    made = plan_cron(session, request, times, tell=tell)
    tell(f"using {session.describe()}")
    cluster = session.cluster()
    with send.sent(cluster, made, instead=request.replace, tell=tell, progress=progress) as obj:
        return cron.read(obj, request.kind.name)


def dry_run(
    session: Session, request: Request, times: CronSpec, *, server: bool = False, tell: Tell = ignore
) -> Plan:
    """Plan a cron and create nothing; takes and raises what `submit.dry_run` does."""
    made = plan_cron(session, request, times, ask=server, tell=tell)
    if server:
        send.check(session.cluster(), made, instead=request.replace)
    return made


def plan_cron(
    session: Session, request: Request, times: CronSpec, *, ask: bool = True, tell: Tell = ignore
) -> Plan:
    """Plan the objects of a cron, and create none.

    A Cron may hold anything, so errors in its job would be reported only when it is due. If the cluster is
    asked, it therefore validates the job first.

    Args:
        ask: whether to ask the cluster for its defaults and facts.
        tell: called with each remark.

    Raises:
        SpecError: the name is too long for the names of runs.
        MissingOperator, SpecError: as `schedule`.
    """
    request = with_name(session, changed(request, scheduled=True, name_limit=cron.room(request.kind.spec)))
    cron.check_name(request.kind.spec, str(request.options["name"]))
    if not ask:
        made = plan_job(session, request, ask=False, tell=tell)
        return _cron_around(made, request.kind, times, cron.carriers(request.kind, times)[0])
    cluster = session.cluster()
    carrier = _carrier(cluster, request.kind, times)  # before the code is packed
    made = plan_job(session, request, tell=tell)
    whole = _cron_around(made, request.kind, times, carrier)
    job = {**made.main, "metadata": {**made.main["metadata"], "name": made.name + cron.SUFFIX}}
    send.check(cluster, changed(made, main=job, dependents=(), code_parts=()))
    return whole


def _carrier(cluster: Cluster, kind: Kind, times: CronSpec) -> Resource:
    """The type that starts jobs of the kind on this cluster.

    Raises:
        MissingOperator: the cluster serves none, or none that can do what was requested.
    """
    wanted = cron.carriers(kind, times)
    for one in wanted:
        if cluster.serves(one) and cluster.knows(one):
            return one
    operator = "install KubeDL's operator of Crons there"
    if cron.ZONED in wanted:
        raise MissingOperator(
            f"--timezone: the CronJobs of {cluster.name} do not support time zones", f"omit it, or {operator}"
        )
    if times.deadline and cron.starts_as_job(kind):
        raise MissingOperator(
            f"--deadline: the CronJobs of {cluster.name} do not support deadlines", f"omit it, or {operator}"
        )
    raise MissingOperator(
        f"{cluster.name} cannot start a {kind.resources[0].kind} on a schedule: it does not know Cron",
        f"{operator}, use plain Jobs (arena cron job ...), or the local cluster: --context local",
    )


def _cron_around(made: Plan, kind: Kind, times: CronSpec, carrier: Resource) -> Plan:
    """Plan a cron that starts the job of another plan; the job's dependents are created once.

    Raises:
        SpecError: its code is too large to be stored in the cluster.
    """
    if made.uploads:
        raise SpecError(
            "--code is too large to be stored in the cluster, where the runs of a cron need it",
            "put it on a volume or into the image, or use --sync-mode git",
        )
    file = cron.template(carrier)
    filled = cron.values(times, made.main, kind.name, carrier)
    (obj,) = manifests.render(manifests.find(file), filled, file)
    obj["metadata"]["namespace"] = made.namespace
    return changed(
        made,
        title=f"cron {kind.name}",
        resource=carrier,
        main=obj,
        owns=cron.owns,
        pods=lambda one: labels.common(one["metadata"]["name"], kind.name),
        again=lambda one: "",
    )
