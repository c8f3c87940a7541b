"""Flags that several verbs share, and what they become."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from arena.kinds.kind import Kind

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("table", "wide", "json", "yaml", "name")


def _to_kind(ctx: click.Context, param: click.Parameter, value: str | None) -> "Kind | None":
    from arena import kinds
    from arena.errors import SpecError

    try:
        return kinds.find(value) if value else None
    except SpecError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", ctx, param) from error


def _kind_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from arena import kinds

    return [kind.name for kind in kinds.training_kinds() if kind.name.startswith(incomplete)]


def kind_option(function: F) -> F:
    """`-T KIND`: only jobs of that kind; a name or alias in any case becomes its Kind."""
    return click.option(
        "-T", "--type", "kind", metavar="KIND", callback=_to_kind, shell_complete=_kind_names,
        help="Only this kind of job, such as pytorchjob (py).",
    )(function)  # fmt: skip


def everywhere_option(function: F) -> F:
    """`-A`: every namespace; the Go arena's older spelling too."""
    return click.option(
        "-A", "--all-namespaces", "--allNamespaces", "everywhere", is_flag=True, help="In every namespace."
    )(function)


def output_option(*formats: str, default: str | None = "table") -> Callable[[F], F]:
    """`-o FORMAT`: one of `formats`."""
    return click.option(
        "-o", "--output", "form", type=click.Choice(formats or FORMATS), default=default,
        show_default=default is not None, help="Format of the output.",
    )  # fmt: skip


def job_argument(*, many: bool = False) -> Callable[[F], F]:
    """JOB, or several, completed from the cluster in use."""
    from arena.commands._complete import jobs

    if many:
        return click.argument("names", metavar="JOB...", nargs=-1, shell_complete=jobs)
    return click.argument("name", metavar="JOB", shell_complete=jobs)


def instance_option(function: F) -> F:
    """`-i INSTANCE`, completed from the job named on the line."""
    from arena.commands._complete import instances

    return click.option(
        "-i", "--instance", default="", metavar="NAME", shell_complete=instances,
        help="Only this instance: its name, or its end such as worker-1.",
    )(function)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Since:
    """Which part of a log is wanted by time: seconds back, or from a moment on (RFC 3339)."""

    seconds: int | None = None
    time: str | None = None


def parse_since(since: str | None, since_time: str | None) -> Since:
    """The two flags of that name as one value.

    Raises:
        SpecError: both are given, or one cannot be read.
    """
    from arena import units
    from arena.errors import SpecError

    if since and since_time:
        raise SpecError("--since and --since-time exclude each other", "give one of them")
    moment = units.when(since_time)
    return Since(units.duration(since) if since else None, units.rfc3339(moment) if moment else None)


def agreed(question: str) -> None:
    """Ask on the terminal; anything but yes ends the command.

    Raises:
        ArenaError: the answer was no.
    """
    from arena.errors import ArenaError

    if not click.confirm(question, err=True):
        raise ArenaError("nothing was changed, as you said no")
