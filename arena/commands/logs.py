"""arena logs (log): the output of a job, of all its instances at once."""

import sys
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _flags
from arena.commands._globals import pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.logs import Options
    from arena.commands._live import Live
    from arena.commands._sinks import Sink
    from arena.kinds.kind import Kind
    from arena.model import Job
    from arena.session import Session


@click.command("logs")
@_flags.job_argument()
@_flags.place_options
@click.option("-f", "--follow", is_flag=True, help="Stay until the job has ended; exit 7 where it failed.")
@click.option(
    "--since", "since_seconds", metavar="TIME", callback=_flags.duration,
    help="Only lines of the last TIME, such as 10m.",
)  # fmt: skip
@click.option(
    "--since-time",
    metavar="TIME",
    callback=_flags.moment,
    help="Only lines from this moment on: RFC 3339, or a time as get shows it.",
)
@click.option(
    "-t",
    "--tail",
    type=click.IntRange(min=-1),
    default=-1,
    metavar="N",
    callback=lambda ctx, param, value: None if value < 0 else value,
    help="Only the last N lines of each instance.",
)
@click.option("--timestamps", "stamps", is_flag=True, help="With the time of each line.")
@click.option("-p", "--previous", is_flag=True, help="The run before the last restart.")
@click.option("--prefix/--no-prefix", default=None, help="Name the instance before each line.")
@pass_session
def command(
    session: "Session",
    name: str,
    kind: "Kind | None",
    follow: bool,
    stamps: bool,
    prefix: bool | None,
    **wanted: Any,
) -> None:
    """Show the logs of a job: every instance, its name before each line.

    \b
    arena logs bert
    arena logs bert -f
    arena logs bert -i worker-1 -t 50
    arena logs bert --since 10m --timestamps
    arena logs bert --previous
    """
    from arena.actions.logs import Options
    from arena.commands._sinks import Sink

    options = Options(**wanted)
    if options.since_seconds is not None and options.since_time:
        raise SpecError("--since and --since-time exclude each other", "give one of them")
    if session.namespace.isdigit():
        number = session.namespace
        click.echo(f"-n {number} names a namespace; the last {number} lines come by -t {number}", err=True)
    sink = Sink(prefix=False if options.instance and prefix is None else prefix, stamps=stamps)
    if follow and not options.previous:
        stream(session, name, kind, options, sink)
    else:
        _print(session, name, kind, options, sink)


def _print(session: "Session", name: str, kind: "Kind | None", options: "Options", sink: "Sink") -> None:
    from arena.actions import logs, training

    cluster = session.cluster()
    job = training.job(cluster, name, session.namespace, kind)
    sink.learn(job)
    empty = True
    for block in logs.read(cluster, job, options):
        sink.write(block)
        empty = False
    if empty and options.previous:
        click.echo(f'no earlier logs of "{name}": none of its instances was started again', err=True)
    elif empty:
        why = f" ({job.reason})" if job.reason else ""
        click.echo(f'no logs of "{name}": it is {job.phase.value}{why}', err=True)
    if job.phase.is_final:
        click.echo(ending(job), err=True)


def stream(session: "Session", name: str, kind: "Kind | None", options: "Options", sink: "Sink") -> None:
    """Follow a job's logs to its end; then say on stderr why it ended.

    Raises:
        JobFailed: it failed.
    """
    from arena.actions import following, goals
    from arena.commands._live import Live
    from arena.model import Job

    last: Job | None = None
    with Live() as live:
        for item in following.follow(session.cluster(), name, session.namespace, options, kind):
            if isinstance(item, Job):
                last = item
                sink.learn(item)
                _stand(item, live, session)
            else:
                live.clear()
                sink.write(item)
    if last is None or not last.phase.is_final:
        click.echo(f'job "{name}" was deleted', err=True)
        return
    sys.stdout.flush()
    goals.succeeded(last)
    click.echo(ending(last), err=True)


def _stand(job: "Job", live: "Live", session: "Session") -> None:
    """Say how the job stands as long as it writes nothing."""
    from arena.views.jobs import ready, summary

    if job.ready or job.phase.is_final:
        live.clear()
    else:
        waited = (session.now() - job.created).total_seconds() if job.created else 0
        live.show(summary(job, waited), (job.phase, job.reason, ready(job)))


def ending(job: "Job") -> str:
    """How a job ended, in a sentence."""
    reason = f": {job.reason}" if job.reason else ""
    return f'job "{job.name}" {job.phase.value.lower()}{reason}'
