"""Names for TAB: from the cluster in use where it answers at once, nothing otherwise, never an error."""

from typing import TYPE_CHECKING

import click

from arena.errors import ArenaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from arena.session import Session


def jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of training jobs."""
    return names(ctx, "jobs", incomplete)


def elastic_jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of jobs that can be scaled in and out."""
    return names(ctx, "etjobs", incomplete)


def evaluations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of evaluations."""
    return names(ctx, "evaluations", incomplete)


def values(*known: str) -> "Callable[[click.Context, click.Parameter, str], list[str]]":
    """A completer of an option that takes one of a few words, in any case."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        return [one for one in known if one.lower().startswith(incomplete.lower())]

    return complete


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Whatever the shell knows of files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def goals(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What a job can be waited for, in the spellings that are a word."""
    from arena.model import Phase

    known = [f"phase={phase.value}" for phase in Phase if phase is not Phase.UNKNOWN]
    return [one for one in (*known, "condition=", "deleted") if one.startswith(incomplete)]


def crons(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of jobs on a schedule."""
    return names(ctx, "crons", incomplete)


def nodes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of nodes."""
    return names(ctx, "nodes", incomplete)


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of contexts; asks no cluster."""
    from arena.commands._globals import Globals

    try:
        found = ctx.find_root().ensure_object(Globals).connect().contexts()
    except ArenaError:
        return []
    return sorted(name for name in set(found) if name.startswith(incomplete))


def instances(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the instances of the job that the line names already; what begins otherwise is their end."""
    # Where an option is last and lacks its value, as this one does, arguments are not read yet.
    name = ctx.params.get("name") or next(iter(ctx.args), "")
    own = [one for one in names(ctx, "pods", "") if not name or one.startswith(f"{name}-")]
    ends = [one.removeprefix(f"{name}-") for one in own]
    return [one for one in own if one.startswith(incomplete)] or [
        one for one in ends if one.startswith(incomplete)
    ]


def names(ctx: click.Context, noun: str, incomplete: str) -> list[str]:
    """Names of `jobs`, `etjobs`, `evaluations`, `crons`, `nodes`, `namespaces` or `pods` that begin so.

    A local cluster that does not run is not started for it.
    """
    from arena.commands._globals import Globals

    found: list[str] = []
    try:
        session = ctx.find_root().ensure_object(Globals).connect()
        if not session.is_idle():
            found = _ask(session, noun)
    except ArenaError:
        return []
    return sorted(name for name in set(found) if name.startswith(incomplete))


def _ask(session: "Session", noun: str) -> list[str]:
    if noun in ("jobs", "etjobs"):
        from arena.actions import overview

        found = overview.names(session.cluster(), session.namespace)
        return [name for kind, name in found if noun == "jobs" or kind.name == "etjob"]
    if noun == "evaluations":
        from arena.actions import evaluations as evaluating

        return [one.job.name for one in evaluating.evaluations(session.cluster(), session.namespace)]
    if noun == "crons":
        from arena.actions import crons as schedules

        return [one.name for one in schedules.crons(session.cluster(), session.namespace)]
    from arena import resources

    resource = {"nodes": resources.NODES, "namespaces": resources.NAMESPACES, "pods": resources.PODS}[noun]
    return [obj["metadata"]["name"] for obj in session.cluster().list(resource, session.namespace)]
