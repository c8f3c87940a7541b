"""Completion of names: from the cluster in use if it answers at once, else nothing; never an error."""

import os
from typing import TYPE_CHECKING

import click

from arena import parallel
from arena.errors import ArenaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from arena.session import Session

PATIENCE = 1.0
"""Seconds for which TAB waits for names."""


def jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of training jobs."""
    return names(ctx, "jobs", incomplete)


def elastic_jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of jobs that can be scaled in and out."""
    return names(ctx, "elastic jobs", incomplete)


def values(*known: str) -> "Callable[[click.Context, click.Parameter, str], list[str]]":
    """Return the completer of an option that takes one of a few values, ignoring case."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        return [one for one in known if one.lower().startswith(incomplete.lower())]

    return complete


def variables(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of environment variables for --secret; without a prefix only those that look like credentials."""
    from arena.kinds.option_types import is_credential

    found = sorted(name for name in os.environ if incomplete and name.startswith(incomplete))
    return found or sorted(name for name in os.environ if not incomplete and is_credential(name))


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Let the shell itself complete files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def goals(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Values of `wait --for`."""
    from arena.model.jobs import Phase

    known = [f"phase={phase.value}" for phase in Phase if phase is not Phase.UNKNOWN]
    return [one for one in (*known, "condition=", "deleted") if one.startswith(incomplete)]


def nodes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of nodes."""
    return names(ctx, "nodes", incomplete)


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of contexts, without asking a cluster."""
    return _read(ctx, lambda session: session.contexts(), incomplete)


def instances(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the instances of the job on the command line; their last parts if no whole name matches."""
    # click has not read the arguments yet if the line ends with an option that lacks its value.
    name = ctx.params.get("name") or next(iter(ctx.args), "")
    own = [one for one in names(ctx, "pods", "") if not name or one.startswith(f"{name}-")]
    ends = [one.removeprefix(f"{name}-") for one in own]
    return [one for one in own if one.startswith(incomplete)] or [
        one for one in ends if one.startswith(incomplete)
    ]


def names(ctx: click.Context, noun: str, incomplete: str) -> list[str]:
    """Names of `jobs`, `elastic jobs`, `nodes`, `namespaces` or `pods` that begin with the text."""
    return found(ctx, lambda session: _ask(session, noun), incomplete)


def found(ctx: click.Context, read: "Callable[[Session], list[str]]", incomplete: str) -> list[str]:
    """The names from `read` that begin with the text; none if the cluster cannot be reached.

    A local cluster that is not running is not started.
    """
    return _read(ctx, lambda session: [] if session.is_idle() else read(session), incomplete)


def _read(ctx: click.Context, read: "Callable[[Session], list[str]]", incomplete: str) -> list[str]:
    from arena.commands._globals import Globals

    chosen = ctx.find_root().ensure_object(Globals)

    def known() -> list[str]:
        try:
            return read(chosen.connect())
        except ArenaError:
            return []

    names = parallel.within(PATIENCE, known) or []
    return sorted(name for name in set(names) if name.startswith(incomplete))


def _ask(session: "Session", noun: str) -> list[str]:
    if noun in ("jobs", "elastic jobs"):
        from arena.actions.jobs import object_names

        found = object_names.names(session.cluster(), session.namespace)
        return [name for kind, name in found if noun == "jobs" or kind.scale_requests]
    from arena import resources

    resource = {"nodes": resources.NODES, "namespaces": resources.NAMESPACES, "pods": resources.PODS}[noun]
    return list(session.cluster().names(resource, session.namespace))
