"""The options that every command takes, anywhere on the line, and the session that they determine."""

import errno
import functools
import os
import stat
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena import visible
from arena.commands import _console

if TYPE_CHECKING:
    from arena.session import Session

F = TypeVar("F", bound=Callable[..., Any])


class Globals:
    """The values of the global options, kept in click's root context."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    arena_namespace: str | None = None
    patience: str | None = None
    loglevel: str = "warn"
    session: "Session | None"
    silent: bool = False
    """Whether to report no ignored settings, because the shell asks for a completion."""

    def __init__(self, session: "Session | None" = None) -> None:
        self.session = session
        self.told: set[str] = set()

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
                patience=self.patience,
            )
            self.session = start(choice, warn=self._warn)
            self.session.lost, self.session.silent = _console.notice, self.silent
            if sys.stderr.isatty() and not self.silent:
                self.session.waiting = _console.notice
        return self.session

    def _warn(self, remark: str) -> None:
        if not self.silent and remark not in self.told:
            self.told.add(remark)
            from arena.commands import _console

            _console.remark(f"Warning: {remark}")


def named(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty value, which is most likely an unset shell variable."""
    if value == "":
        raise click.BadParameter("it is empty; give a value, or omit the option", ctx, param)
    return value


def readable(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse a missing file or a folder before anything is done; `-` is standard input.

    The file is not opened, because a named pipe can be read only once.
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
        flag, hint = max(param.opts, key=len), "name an existing file"
        if path and path.startswith(("https://", "http://")):
            hint = f"download it first, or pipe it: curl -fsSL URL | arena ... {flag} -"
        raise SpecError(f"{flag}: {path} cannot be read: {fault}", hint)
    return path


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    named(ctx, param, value)
    if value is not None:
        setattr(ctx.find_root().ensure_object(Globals), param.name or "", value)


def _keep_namespace(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value:
        from arena.origin import check_namespace

        check_namespace(value, max(param.opts, key=len))
    _keep(ctx, param, value)


def _keep_duration(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        from arena.commands._flags import duration

        duration(ctx, param, named(ctx, param, value))
    _keep(ctx, param, value)


def _level(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    import logging

    class Shown(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return visible.page(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Shown("%(levelname)s %(name)s: %(message)s"))
    # Only what arena logs itself: other libraries log credentials.
    logger = logging.getLogger("arena")
    logger.handlers = [handler]
    logger.setLevel(value.replace("warn", "warning").upper())


def _ignored(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        _console.remark(f"--{(param.name or '').replace('_', '-')} has no effect here")


def namespaces(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a namespace from the cluster in use."""
    from arena.commands._complete import names

    return names(ctx, "namespaces", incomplete)


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a context of the kubeconfig in use."""
    from arena.commands._complete import contexts

    return contexts(ctx, param, incomplete)


def options(*, root: bool) -> list[click.Option]:
    """Return new global options; below the root, help hides all of them but the namespace."""
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
                     expose_value=False, callback=_level, help="Minimum log level on stderr.", **rare),
        click.Option(["--debug", "loglevel"], flag_value="debug", expose_value=False, callback=_level,
                     help="The same as --loglevel debug.", **rare),
        *(click.Option([flag], is_flag=True, hidden=True, expose_value=False, callback=_ignored)
          for flag in ("--pprof", "--trace", "--helm-binary")),
    ]  # fmt: skip


patience_option = click.option(
    "--patience", metavar="TIME", expose_value=False, callback=_keep_duration,
    help="Go on this long while the cluster is away, such as 1h.  [default: 10m]",
)  # fmt: skip


def spread(command: click.Command) -> click.Command:
    """Add the global options to a command and its subcommands, except spellings that they use themselves."""
    taken = {spelling for param in command.params for spelling in (*param.opts, *param.secondary_opts)}
    command.params.extend(one for one in options(root=False) if not taken & set(one.opts))
    for below in getattr(command, "commands", {}).values():
        spread(below)
    return command


def pass_session(function: F) -> F:
    """Pass the session of this run to the command's function as its first argument."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(
            click.get_current_context().find_root().ensure_object(Globals).connect(), *args, **kwargs
        )

    return wrapped  # type: ignore[return-value]
