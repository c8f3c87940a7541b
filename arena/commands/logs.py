"""arena logs (log): show the logs of a job."""

import sys
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags, _log_options
from arena.commands._globals import pass_session, patience_option
from arena.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from arena.actions.diagnosis.lone_ranks import RankReports
    from arena.actions.jobs.logs.cache import Keeper, Kept
    from arena.actions.jobs.logs.lines import Options
    from arena.commands._log_printer import Sink
    from arena.commands._progress import Live
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.session import Session


@click.command("logs")
@_flags.job_argument()
@_flags.place_options
@_flags.rank_option
@_log_options.options("Follow until the job ends; exit 7 if it fails.")
@patience_option
@pass_session
def command(
    session: "Session",
    name: str,
    kind: "Kind | None",
    follow: bool,
    **wanted: Any,
) -> None:
    """Show the logs of all instances of a job.

    \b
    arena logs bert
    arena logs bert -f
    arena logs bert -i worker-1 -t 50
    arena logs bert --rank 0,4-7 --grep "loss|error"
    arena logs bert -f --collapse
    arena logs bert --first-error
    arena logs bert --since 10m --timestamps
    arena logs bert --previous
    arena logs bert -i worker-1 --attempt 1
    """
    follow = follow and not wanted["previous"] and wanted["attempt"] is None
    options, sink = _log_options.read(session, follow, wanted)
    if follow:
        stream(session, name, kind, options, sink)
    else:
        show(session, name, kind, options, sink)


def show(session: "Session", name: str, kind: "Kind | None", options: "Options", sink: "Sink") -> None:
    """Print what a job has logged so far, and on stderr how it ended."""
    from arena.actions.diagnosis.lone_ranks import RankReports
    from arena.actions.jobs import find
    from arena.actions.jobs.logs import snapshot

    cluster, ranks = session.cluster(), RankReports()
    job = find.job(session, name, kind=kind)
    sink.learn(job)
    empty = True
    for block in snapshot.read(cluster, job, options, _kept(session)):
        sink.write(block)
        ranks.note(block)
        empty = False
    sink.end()
    if empty and options.previous:
        _console.remark(f'no earlier logs of "{name}": none of its instances has restarted')
    elif empty:
        why = f" ({job.reason})" if job.reason else ""
        _console.remark(f'no logs of "{name}": it is {job.phase.value}{why}')
    _warn(ranks, job, options)
    if job.phase.is_final:
        _console.remark(ending(job))
        _console.remedy(job)


def stream(
    session: "Session",
    name: str,
    kind: "Kind | None",
    options: "Options",
    sink: "Sink",
    note: "Callable[[Job], None]" = lambda job: None,
) -> None:
    """Follow a job's logs to its end, then report on stderr why it ended.

    Args:
        note: called with the job whenever it changes.

    Raises:
        JobFailed: it failed.
        NotFound: it was deleted.
    """
    from dataclasses import replace

    from arena.actions.diagnosis import explain
    from arena.actions.diagnosis.lone_ranks import RankReports
    from arena.actions.jobs import wait
    from arena.actions.jobs.logs import follow
    from arena.actions.jobs.logs.cached import remembered
    from arena.actions.jobs.stalled import Silence, limit
    from arena.commands._progress import Live
    from arena.model.jobs import Job

    silence = Silence(limit(session))
    options = replace(options, unfinished=sink.redraws)
    last: Job | None = None
    ranks = RankReports()
    with Live() as live, _keeper(session) as keeper:
        for item in sink.ending(follow.follow(session.cluster(), name, session.namespace, options, kind)):
            if isinstance(item, Job):
                last = item
                sink.learn(item)
                keeper.learn(item)
                note(item)
                _stand(item, live, session, options)
                if told := silence.told(item):  # a job comes every second, also without a change
                    live.show(told, silence)
            else:
                if item.instance or item.said:
                    live.clear()
                silence.note(item)
                sink.write(item)
                ranks.note(item)
                keeper.write(item)
    if last is None or not last.phase.is_final:
        sink.end()
        raise NotFound(f'job "{name}" was deleted from namespace "{session.namespace}"')
    for block in remembered(_kept(session), last, options, keeper.seen):
        sink.write(block)
    sink.end()
    sys.stdout.flush()
    _warn(ranks, last, options)
    wait.succeeded(explain.job(session.cluster(), last))
    _console.remark(ending(last))
    _console.remedy(last)


def _warn(ranks: "RankReports", job: "Job", options: "Options") -> None:
    """Warn if the logs of all ranks show that each trains alone."""
    if not options.selects and (found := ranks.finding(job)):
        _console.remark(f"Warning: {found.cause}. {found.remedy}")


def _kept(session: "Session") -> "Kept | None":
    """The cache of followed logs; None if none is kept, as for the local cluster."""
    from arena.actions.jobs.logs import cache

    room = None if session.is_local else cache.room(session.environ, session.settings)
    return cache.Kept(room, session.cluster().address) if room else None


def _keeper(session: "Session") -> "Keeper":
    from arena.actions.jobs.logs import cache

    return cache.Keeper(_kept(session))


def _stand(job: "Job", live: "Live", session: "Session", options: "Options") -> None:
    """Show the state of a silent job, and after its end the instances that are still awaited."""
    from arena.actions.jobs import lingering
    from arena.views.jobs import ready, summary

    if lingering.late(job) and not options.selects:
        who, limit = lingering.names(job), lingering.limit(job)
        text = f"{job.name}: {job.phase.value}, waiting for {who} to end or be silent for {limit:g}s"
        live.show(text, text)
    elif job.phase.is_final or (job.ready and not any(one.sidecar for one in job.instances)):
        live.clear()
    else:
        waited = (session.now() - job.created).total_seconds() if job.created else 0
        live.show(summary(job, waited), (job.phase, job.reason, ready(job)))


def ending(job: "Job") -> str:
    """How a job ended, in a sentence."""
    reason = f": {job.reason}" if job.reason else ""
    return f'job "{job.name}" {job.phase.value.lower()}{reason}'
