"""What `submit` does once the line is read: build, show or send, then wait or stream."""

import os
import sys
from typing import TYPE_CHECKING

import click

from arena.commands._wish import Wish, overrides, read
from arena.errors import aimed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arena.actions.plans import Plan
    from arena.kinds.kind import Kind
    from arena.kinds.training.base import TrainingSpec
    from arena.resources import Resource
    from arena.session import Session


def run(session: "Session", kind: "Kind", wish: Wish) -> int | None:
    """Submit, or show what would be sent; the exit code."""
    return carry_out(session, kind, read(session, kind, wish), wish)


def carry_out(
    session: "Session",
    kind: "Kind",
    spec: "TrainingSpec",
    wish: Wish,
    surroundings: "Mapping[str, str] | None" = None,
) -> int | None:
    """As `run`, of a Spec that is there.

    Args:
        surroundings: how processes of this machine start; None: as this process did.
    """
    plan = planned(session, kind, spec, wish, surroundings)
    if wish.dry_run:
        show(session, plan, wish)
        return None
    return _send(session, plan, wish)


def planned(
    session: "Session",
    kind: "Kind",
    spec: "TrainingSpec",
    wish: Wish,
    surroundings: "Mapping[str, str] | None" = None,
) -> "Plan":
    """What would be sent, as of `carry_out`; says what the user should hear of it."""
    from arena.kinds.training.base import remarks
    from arena.sdk import submits

    told = remarks(spec)
    resource = None
    if wish.dry_run != "client":
        resource, spec, more = _settled(session, kind, spec)
        told += more
    plan = submits.plan(
        session,
        spec,
        kind=kind,
        resource=resource,
        overrides=overrides(session, kind, wish),
        surroundings=surroundings,
    )
    if plan.code:
        click.echo(plan.code.summary, err=True)
        told += [*plan.code.remarks, *_lost_events(session, spec)]
    for remark in told:
        click.echo(f"Warning: {remark}", err=True)
    return plan


def _settled(
    session: "Session", kind: "Kind", spec: "TrainingSpec"
) -> "tuple[Resource, TrainingSpec, list[str]]":
    """The type that carries the kind, the Spec as this cluster needs it, and remarks on its queue."""
    from arena.actions import queues, served

    cluster = session.cluster()
    resource = served.require(cluster, kind)
    spec = queues.settled(cluster, spec)
    return resource, spec, queues.remarks(cluster, resource, spec, session.namespace)


def _lost_events(session: "Session", spec: "TrainingSpec") -> list[str]:
    """Why TensorBoard would show nothing of a job whose instances each have a folder of their own."""
    shared = os.path.isabs(spec.logdir) or "://" in spec.logdir
    if shared or not (session.is_local and spec.tensorboard):
        return []
    return [
        f"--logdir {spec.logdir} is a folder of each instance's own, as its code is; "
        "give an absolute path, lest TensorBoard show nothing"
    ]


def show(session: "Session", plan: "Plan", wish: Wish) -> None:
    """Print what would be sent, after the cluster has accepted it where it was asked."""
    from arena import manifests
    from arena.actions import submit
    from arena.views import encode

    if wish.dry_run == "server":
        submit.check(session.cluster(), plan, instead=wish.replace)
        click.echo(f"{session.describe()} accepts it; nothing was created", err=True)
    objects = [manifests.masked(one) for one in plan.objects]
    if wish.form == "name":
        click.echo("\n".join(f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects))
    elif wish.form == "json":
        whole = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
        click.echo(encode.encode(whole, "json"))
    elif wish.form or not plan.parts or not sys.stdout.isatty():
        click.echo(manifests.dump(objects), nl=False)
    else:
        click.echo(manifests.dump(map(manifests.brief, objects)), nl=False)
        click.echo("the packed code is cut short on a terminal; -o yaml shows all of it", err=True)


def _send(session: "Session", plan: "Plan", wish: Wish) -> int | None:
    from arena.actions import queues, submit
    from arena.views import encode, jobs

    click.echo(f"using {session.describe()}", err=True)
    job = submit.submit(session.cluster(), plan, instead=wish.replace, tell=_tell)
    if warning := queues.unheeded(session.cluster(), plan.resource, job):
        click.echo(f"Warning: {warning}", err=True)
    if wish.form == "name":
        click.echo(job.name)
    elif wish.form:
        click.echo(encode.encode(jobs.data(job, session.now()), wish.form))
    else:
        click.echo(f"{job.kind} {job.name} submitted")
    if session.is_local and job.gpus:
        _remark_virtual(session, job.gpus)
    if wish.logs or wish.wait:
        _stay(session, plan, wish)
    elif not wish.form:
        click.echo(f"The Job {job.name} has been submitted successfully", err=True)
        click.echo(
            f"You can run `arena get {aimed(job.name, session.namespace)}` to check the job status", err=True
        )
    return None


def _tell(remark: str) -> None:
    click.echo(remark, err=True)


def _remark_virtual(session: "Session", gpus: int) -> None:
    """Say that GPUs which only exist in name make nothing faster."""
    from arena.actions import nodes

    if any(node.virtual_gpus for node in nodes.nodes(session.cluster())):
        click.echo(f"no NVIDIA GPU here: {gpus} virtual ones, your program runs on the CPU", err=True)


def _stay(session: "Session", plan: "Plan", wish: Wish) -> None:
    """Stream or wait until the job has ended; Ctrl-C leaves it running and says so."""
    try:
        if wish.logs:
            from arena.actions.logs import Options
            from arena.commands._sinks import Sink
            from arena.commands.logs import stream

            stream(session, plan.name, plan.kind, Options(), Sink(prefix=None, stamps=False))
        else:
            from arena.actions import goals
            from arena.commands._wait import watch

            [ended] = watch(session, [plan.name], plan.kind)
            done = goals.judged(ended)
            # What -o asks for is alone on stdout.
            click.echo(f"{done.kind} {done.name} {done.phase.value}", err=bool(wish.form))
    except KeyboardInterrupt:
        click.echo(
            f"\nthe job goes on; to end it: arena delete {aimed(plan.name, session.namespace)}", err=True
        )
        raise
