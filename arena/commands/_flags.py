"""Flags that several commands share, and the parsers of their values."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena import visible

if TYPE_CHECKING:
    import re

    from arena.kinds.family import Family
    from arena.kinds.kind import Kind

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
FORMATS = ("table", "wide", "json", "yaml", "name")


def _training() -> "Family":
    from arena.kinds.training import FAMILY

    return FAMILY


def kind_option_of(family: "Callable[[], Family]", help: str) -> Callable[[F], F]:
    """`-T KIND`: a kind of the family, by name or alias, ignoring case."""

    def parse(ctx: click.Context, param: click.Parameter, value: str | None) -> "Kind | None":
        from arena import kinds
        from arena.errors import SpecError

        try:
            return kinds.named(value or "", family())
        except SpecError as error:
            raise click.BadParameter(f"{error.message}; {error.hint}", ctx, param) from error

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        from arena import kinds

        return [kind.name for kind in kinds.of(family()) if kind.name.startswith(incomplete)]

    return click.option(
        "-T", "--type", "kind", metavar="KIND", callback=parse, shell_complete=complete, help=help
    )


def validated(validator: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """The callback that checks what was given by a function of `arena.kinds.validators`."""

    def parse(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if not value:
            return value
        from arena.kinds import validators

        check = getattr(validators, validator)
        return (
            tuple(_read(param, one, check) for one in value) if param.multiple else _read(param, value, check)
        )

    return parse


def kind_option(function: F) -> F:
    """`-T KIND` of training jobs."""
    return kind_option_of(_training, "Select jobs of this kind, such as pytorchjob (py).")(function)


def _read(param: click.Parameter, value: Any, parse: Callable[[Any], T]) -> T | None:
    """Parse the value of a flag; None if it was not given. Errors contain the flag."""
    from arena.errors import SpecError

    try:
        return None if value is None else parse(value)
    except SpecError as error:
        raise SpecError(f"{max(param.opts, key=len)}: {error.message}", error.hint) from error


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """The callback of a flag that takes a duration, such as 90s or 2h, in whole seconds."""
    from arena import units

    return _read(param, value, units.duration)


patience_option = click.option(
    "--timeout", default="1m", show_default=True, metavar="TIME", callback=duration,
    help="Maximum time to wait for finalizers.",
)  # fmt: skip


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """The callback of a flag that takes a time, in RFC 3339 or local; "" if not given."""
    from arena import units

    found = _read(param, value or None, lambda text: units.when(text, here=True))
    return units.rfc3339(found) if found else ""


def job_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The callback of a flag that takes the name of a job."""
    from arena.kinds import validators

    return _read(param, value, validators.name)


def settings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """The callback of a repeatable flag that takes KEY=VALUE."""
    from arena.kinds import option_types, validators

    _read(param, value, option_types.mapping(validators.text))
    return value


def _selects(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    if not value:
        return ""
    from arena.kinds import validators

    return _read(param, value, validators.selector) or ""


def selector_option(help: str) -> Callable[[F], F]:
    """`-l LABELS`: a label selector."""
    return click.option("-l", "--selector", default="", metavar="LABELS", callback=_selects, help=help)


def local_port_option(name: str) -> Callable[[F], F]:
    """`--port PORT`: a port of this machine, 0 for any free one, as the parameter `name`."""
    return click.option("--port", name, type=click.IntRange(0, 65535), default=0, metavar="PORT",
                        help="Local port.  [default: any free port]")  # fmt: skip


open_option = click.option(
    "--open/--no-open", "browser", default=None, help="Open a browser.  [default: on a terminal]"
)


def everywhere_option(function: F) -> F:
    """`-A`: all namespaces; the Go arena's older spelling works, too."""
    return click.option(
        "-A",
        "--all-namespaces",
        "--allNamespaces",
        "everywhere",
        is_flag=True,
        help="Include all namespaces.",
    )(function)


def output_option(*formats: str, default: str | None = "table") -> Callable[[F], F]:
    """`-o FORMAT`: an output format, one of `formats`."""
    return click.option(
        "-o", "--output", "form", type=click.Choice(formats or FORMATS), default=default,
        show_default=default is not None, help="Output format.",
    )  # fmt: skip


def job_argument(*, many: bool = False) -> Callable[[F], F]:
    """The name of a job, or of several, completed from the cluster in use."""
    from arena.commands._complete import jobs

    if many:
        return click.argument("names", metavar="JOB...", nargs=-1, shell_complete=jobs)
    return click.argument("name", metavar="JOB", shell_complete=jobs)


def instance_option(function: F) -> F:
    """`-i INSTANCE`, completed from the instances of the job on the command line."""
    from arena.commands._complete import instances

    return click.option(
        "-i", "--instance", default="", metavar="NAME", shell_complete=instances,
        help="Select an instance by name, role and index (worker-1), role or number.",
    )(function)  # fmt: skip


def rank_option(function: F) -> F:
    """`--rank RANKS`: the instances with these ranks."""

    def parse(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[range, ...]:
        from arena.model import ranks

        return _read(param, value, ranks.parse) or ()

    return click.option(
        "--rank", "ranks", metavar="RANKS", callback=parse,
        help="Select the instances with these ranks, such as 0,4-7.",
    )(function)  # fmt: skip


def pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> "re.Pattern[str] | None":
    """The callback of a flag that takes a regular expression."""
    import re

    try:
        return None if value is None else re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise click.BadParameter(f'"{value}" is not a regular expression: {error}', ctx, param) from error


def container_option(function: F) -> F:
    """`-c CONTAINER`."""
    return click.option(
        "-c", "--container", default="", metavar="NAME", help="Use this container instead of the main one."
    )(function)


def place_options(function: F) -> F:
    """`-T KIND`, `-i INSTANCE` and `-c CONTAINER`: the container of a job."""
    return kind_option(instance_option(container_option(function)))


def exec_options(place: Callable[[Any], Any]) -> Callable[[F], F]:
    """`COMMAND...` to run in a container, the options that select it, `--stdin` and `--tty`.

    Args:
        place: the options that select the container.
    """
    from arena.commands._complete import files

    return decorated(
        click.argument("words", metavar="[--] COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED,
                       shell_complete=files),
        place,
        click.option("--stdin", "-s", is_flag=True,
                     help="Pass standard input to the command, without a terminal."),
        click.option("--tty/--no-tty", "tty", default=None,
                     help="Allocate a terminal.  [default: if this is one]"),
    )  # fmt: skip


def agreed(question: str) -> None:
    """Ask for confirmation on the terminal.

    Raises:
        ArenaError: the answer is not yes.
    """
    from arena.errors import ArenaError

    if not click.confirm(visible.line(question), err=True):
        raise ArenaError("nothing was changed: you did not confirm")


def decorated(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Apply several decorators as one."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
