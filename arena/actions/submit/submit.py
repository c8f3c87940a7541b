"""Submit a job: settle the request, plan its objects, send them. Commands and the library both begin here.

Modules that talk to a cluster are imported late, because a dry run needs none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, overload

from arena.actions.submit.plan import Plan, plan
from arena.actions.submit.request import Request, request_for
from arena.actions.submit.settle import Settled, settle
from arena.errors import ArenaError
from arena.kinds.workload.spec import TensorBoardSpec, WorkloadSpec
from arena.model.jobs import Job

if TYPE_CHECKING:
    from arena.actions.deletion import Progress
    from arena.kinds.training.specs.base.spec import BatchSpec
    from arena.session import Session

Tell = Callable[[str], None]
"""Takes a remark for the user, one line; warnings begin with `Warning: `."""


def ignore(remark: str) -> None:
    """Ignore a remark."""


def ignore_progress(line: str, key: str) -> None:
    """Ignore the progress of a deletion."""


@overload
def submit(
    session: Session,
    job: BatchSpec,
    *,
    replace: bool = ...,
    tell: Tell = ...,
    progress: Progress = ...,
) -> Job: ...


@overload
def submit(
    session: Session,
    job: WorkloadSpec | Request,
    *,
    replace: bool = ...,
    tell: Tell = ...,
    progress: Progress = ...,
) -> Any: ...


def submit(
    session: Session,
    job: WorkloadSpec | Request,
    *,
    replace: bool = False,
    tell: Tell = ignore,
    progress: Progress = ignore_progress,
) -> Any:
    """Submit a job, or an object of another family. Everything that it needs is created, or nothing.

    Options that were not given come from the settings, as on the command line. Code that is too large to be
    stored in the cluster is sent to the instances, so the call returns once all of them have started.

    Args:
        job: the Spec of the job.
        replace: delete a job of the same name first, once the cluster has accepted the new one.
        tell: called with each remark, such as `Warning: --queue-name "a" has no effect`.
        progress: called while the replaced job is being deleted, with a line and what changes in it.

    Raises:
        Conflict: a job with that name exists.
        SpecError, TemplateError: an option, a file or the template cannot be used.
        NotAllowed, MissingOperator, Unreachable: the cluster refused one of the objects.
    """
    request = request_for(job, replace=replace)
    made = plan_job(session, request, tell=tell)
    tell(f"using {session.describe()}")
    from arena.actions.submit import remarks, send
    from arena.actions.submit.code import upload

    cluster = session.cluster()
    with send.sent(cluster, made, instead=request.replace, tell=tell, progress=progress) as obj:
        if made.archive and made.uploads:
            target = upload.Target(request.kind, made.resource, obj)
            upload.send(cluster, target, made.archive, tell=tell)
    created = request.kind.read(obj, [])
    with suppress(ArenaError):  # the job exists, even if remarks on it fail
        for remark in remarks.on_created(session, made, created):
            tell(remark)
    return created


def preview(session: Session, job: WorkloadSpec | Request) -> list[dict[str, Any]]:
    """Return the objects that `submit` would create, the job first; asks no cluster.

    Raises:
        SpecError, TemplateError: an option, a file or the template cannot be used.
    """
    return list(dry_run(session, request_for(job)).objects)


def dry_run(session: Session, request: Request, *, server: bool = False, tell: Tell = ignore) -> Plan:
    """Plan a request and create nothing.

    Args:
        server: whether to ask the cluster for its defaults, and to have it validate every object.
        tell: called with each remark.

    Raises:
        SpecError, TemplateError: as `preview`.
        Conflict, NotAllowed, MissingOperator, Unreachable: the cluster would refuse one of the objects.
    """
    made = plan_job(session, request, ask=server, tell=tell)
    if server:
        from arena.actions.submit import send

        send.check(session.cluster(), made, instead=request.replace)
    return made


def plan_job(session: Session, request: Request, *, ask: bool = True, tell: Tell = ignore) -> Plan:
    """Plan the objects of a request, and create none.

    Args:
        ask: whether to ask the cluster for its defaults and facts.
        tell: called with each remark.
    """
    settled = settle(session, request, ask=ask)
    made = planned(session, request, settled)
    if made.archive:
        tell(made.archive.summary)
    for warning in (*settled.remarks, *_code_warnings(session, settled.spec, made)):
        tell(f"Warning: {warning}")
    return made


def planned(session: Session, request: Request, settled: Settled) -> Plan:
    """The plan of a request whose options are settled."""
    return plan(
        request.kind,
        settled.spec,
        resource=settled.resource,
        namespace=session.namespace,
        origin=settled.origin,
        overrides=settled.overrides,
    )


def _code_warnings(session: Session, spec: WorkloadSpec, made: Plan) -> Iterator[str]:
    """Warnings about the code, and about a TensorBoard that cannot see what the instances write."""
    if not made.archive:
        return
    yield from made.archive.remarks
    if not (session.is_local and isinstance(spec, TensorBoardSpec) and spec.tensorboard):
        return
    if not (os.path.isabs(spec.logdir) or "://" in spec.logdir):
        yield (
            f"--logdir {spec.logdir} is relative to the code, so every instance has its own; "
            "give an absolute path, or TensorBoard shows nothing"
        )
