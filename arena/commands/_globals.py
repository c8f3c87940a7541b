"""The options that every command takes, wherever on the line they stand, and the session they make."""

import errno
import functools
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from arena.session import Session

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Globals:
    """What the global options said; one object a run, kept in click's root context."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    arena_namespace: str | None = None
    loglevel: str = "warn"
    session: "Session | None" = None

    def connect(self) -> "Session":
        """The session of this run, made on first use."""
        if self.session is None:
            from arena.origin import Choice
            from arena.session import start

            choice = Choice(
                kubeconfig=self.kubeconfig,
                context=self.context,
                namespace=self.namespace,
                arena_namespace=self.arena_namespace,
            )
            self.session = start(choice)
        return self.session


def named(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty value: mostly a shell's variable that is not set, and meant as something else."""
    if value == "":
        raise click.BadParameter("it is empty; name one, or leave the option away", ctx, param)
    return value


def readable(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse a file that is not there, or is a folder, before anything is done; `-` is standard input.

    It is not opened: a named pipe can be read but once.
    """
    from arena.errors import SpecError

    path, fault = named(ctx, param, value), ""
    if path and path != "-":
        try:
            fault = os.strerror(errno.EISDIR) if stat.S_ISDIR(os.stat(path).st_mode) else ""
        except OSError as error:
            fault = error.strerror or ""
        except ValueError as error:  # NUL
            fault = str(error)
    if fault:
        flag = max(param.opts, key=len)
        raise SpecError(f"{flag}: {path} cannot be read: {fault}", "name a file that is there")
    return path


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    named(ctx, param, value)
    if value is not None:
        setattr(ctx.find_root().ensure_object(Globals), param.name or "", value)


def _keep_namespace(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value:
        from arena.session import check_namespace

        check_namespace(value, max(param.opts, key=len))
    _keep(ctx, param, value)


def _level(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    import logging

    logging.basicConfig(
        level=value.replace("warn", "warning").upper(), format="%(levelname)s %(name)s: %(message)s"
    )


def _ignored(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        click.echo(f"--{(param.name or '').replace('_', '-')} has no effect here", err=True)


def namespaces(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a namespace from the cluster in use."""
    from arena.commands._complete import names

    return names(ctx, "namespaces", incomplete)


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a context of the kubeconfig in use."""
    from arena.commands._complete import contexts

    return contexts(ctx, param, incomplete)


def options(*, root: bool) -> list[click.Option]:
    """Fresh copies of the global options; below the root all but the namespace are hidden from help."""
    kept: dict[str, Any] = {"expose_value": False, "callback": _keep}
    within = kept | {"callback": _keep_namespace}
    rare = {"hidden": not root}
    return [
        click.Option(["-n", "--namespace"], metavar="NAME", help="Namespace to work in.",
                     shell_complete=namespaces, **within),
        click.Option(["--kubeconfig", "--config", "kubeconfig"], metavar="FILE", type=click.Path(),
                     help="Kubeconfig to use instead of $KUBECONFIG or ~/.kube/config.", **kept, **rare),
        click.Option(["--context"], metavar="NAME", shell_complete=contexts,
                     help="Context of the kubeconfig; `local` is the local cluster.", **kept, **rare),
        click.Option(["--arena-namespace"], metavar="NAME",
                     help="Namespace of arena's own settings (arena-system).", **within, **rare),
        click.Option(["--loglevel"], type=click.Choice(["debug", "info", "warn", "error"]),
                     expose_value=False, callback=_level, help="What to log on stderr.", **rare),
        click.Option(["--debug", "loglevel"], flag_value="debug", expose_value=False, callback=_level,
                     help="The same as --loglevel debug.", **rare),
        *(click.Option([flag], is_flag=True, hidden=True, expose_value=False, callback=_ignored)
          for flag in ("--pprof", "--trace", "--helm-binary")),
    ]  # fmt: skip


def spread(command: click.Command) -> click.Command:
    """Give the command, and those below it, every global option whose spelling it does not use itself."""
    taken = {spelling for param in command.params for spelling in (*param.opts, *param.secondary_opts)}
    command.params.extend(one for one in options(root=False) if not taken & set(one.opts))
    for below in getattr(command, "commands", {}).values():
        spread(below)
    return command


def pass_session(function: F) -> F:
    """Hand the command's function the Session of this run as its first argument."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(
            click.get_current_context().find_root().ensure_object(Globals).connect(), *args, **kwargs
        )

    return wrapped  # type: ignore[return-value]
