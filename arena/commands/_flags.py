"""Flags that several verbs share, and what they become."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from arena.kinds.kind import Kind

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
FORMATS = ("table", "wide", "json", "yaml", "name")


def _to_kind(ctx: click.Context, param: click.Parameter, value: str | None) -> "Kind | None":
    from arena import kinds
    from arena.errors import SpecError

    try:
        return kinds.named(value or "")
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


def _read(param: click.Parameter, value: Any, parse: Callable[[Any], T]) -> T | None:
    """A flag's value as `parse` reads it; None where it was not given. Errors name the flag."""
    from arena.errors import SpecError

    try:
        return None if value is None else parse(value)
    except SpecError as error:
        raise SpecError(f"{max(param.opts, key=len)}: {error.message}", error.hint) from error


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A callback for a flag that takes a duration, such as 90s or 2h: its whole seconds."""
    from arena import units

    return _read(param, value, units.duration)


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """A callback for a flag that takes a moment, RFC 3339 or of this machine: in UTC; "" if not given."""
    from arena import units

    found = _read(param, value or None, lambda text: units.when(text, here=True))
    return units.rfc3339(found) if found else ""


def job_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A callback for a flag that takes a name for a job."""
    from arena.kinds import words

    return _read(param, value, words.name)


def settings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """A callback for a flag that takes KEY=VALUE, repeated."""
    from arena.kinds import forms, words

    _read(param, value, forms.pairs(words.text))
    return value


def _selects(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    from arena.kinds import words

    return _read(param, value, words.selector) or ""


def selector_option(help: str) -> Callable[[F], F]:
    """`-l LABELS`: the jobs with these labels."""
    return click.option("-l", "--selector", default="", metavar="LABELS", callback=_selects, help=help)


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
        help="Only this instance: by name, place (worker-1), role or number.",
    )(function)  # fmt: skip


def container_option(function: F) -> F:
    """`-c CONTAINER`."""
    return click.option(
        "-c", "--container", default="", metavar="NAME", help="This container instead of the main one."
    )(function)


def place_options(function: F) -> F:
    """`-T KIND`, `-i INSTANCE` and `-c CONTAINER`: which container of a job is meant."""
    return kind_option(instance_option(container_option(function)))


def agreed(question: str) -> None:
    """Ask on the terminal; anything but yes ends the command.

    Raises:
        ArenaError: the answer was no.
    """
    from arena.errors import ArenaError

    if not click.confirm(question, err=True):
        raise ArenaError("nothing was changed, as you said no")
