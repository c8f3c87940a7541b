"""Flags and implementation of `scalein` and `scaleout`."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _console, _flags
from arena.commands._globals import pass_session, spread
from arena.errors import aimed

if TYPE_CHECKING:
    from arena.actions.jobs.elastic_scaling import ScaleRequest
    from arena.kinds.kind import Kind
    from arena.session import Session

FLAGS = (
    click.option("--name", metavar="JOB", shell_complete=_complete.elastic_jobs,
                 help="Name of the elastic job."),
    click.option("--count", metavar="N", help="Number of workers.  [default: 1]"),
    click.option("-t", "--timeout", metavar="DURATION",
                 help="Time limit, including that of the script.  [default: 60s]"),
    click.option("--retry", metavar="N", help="Number of times to run a failed script again.  [default: 0]"),
    click.option("--script", metavar="FILE",
                 help="Script in the image to run with the affected workers as its argument."),
    click.option("-e", "--env", metavar="NAME=VALUE", multiple=True,
                 help="Environment variable for the script.  [repeatable]"),
    click.option("--wait", is_flag=True, help="Wait until the job is scaled; exit 1 if that fails."),
    _flags.output_option("name", "json", "yaml", default=None),
)  # fmt: skip


class Kinds(click.Group):
    """A group whose commands are the kinds with scale requests, by name and alias.

    Args:
        out: whether its commands add workers.
        summary: the help of each command.
    """

    def __init__(self, *args: Any, out: bool, summary: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self._out, self._summary = out, summary

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the kinds."""
        from arena import kinds

        return [kind.name for kind in kinds.training_kinds() if kind.scale_requests]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind; the error for an unknown one names the valid kinds."""
        from arena import kinds
        from arena.errors import SpecError

        try:
            kind = kinds.find(cmd_name)
        except SpecError:
            kind = None
        if kind and kind.scale_requests:
            return _command(kind, out=self._out, summary=self._summary)
        if ctx.resilient_parsing:
            return None
        raise click.UsageError(
            f'"{cmd_name}" does not support {ctx.info_name}; write '
            f"arena {ctx.info_name} {' or '.join(self.list_commands(ctx))} --name JOB, "
            "or for other kinds arena scale",
            ctx,
        )


def _command(kind: "Kind", *, out: bool, summary: str) -> click.Command:
    def function(session: "Session", **given: Any) -> None:
        _scale(session, kind, given, out=out)

    function.__doc__ = summary
    decorated: Any = pass_session(function)
    for flag in reversed(FLAGS):
        decorated = flag(decorated)
    return spread(click.command(kind.name)(decorated))


def _scale(session: "Session", kind: "Kind", given: dict[str, Any], *, out: bool) -> None:
    from arena.actions.jobs import elastic_scaling
    from arena.kinds.spec import parse
    from arena.views import encode

    stays, form = given.pop("wait"), given.pop("form")
    written = {key: value for key, value in given.items() if value not in (None, ())}
    spec: Any = parse(kind.scale_requests.spec(), written) if kind.scale_requests else None
    _console.remark(f"using {session.describe()}")
    request = elastic_scaling.ask(session.cluster(), session.namespace, kind, spec, out=out)
    if form == "name":
        _console.line(request.name)
    elif form:
        found = {"name": request.name, "namespace": request.namespace, "job": request.job}
        _console.page(encode.encode({**found, "kind": request.resource.kind, "count": spec.count}, form))
    else:
        _console.line(
            f"{request.resource.kind.lower()} {request.name} of {kind.name} {request.job} submitted"
        )
    if stays:
        _stay(session, request, quiet=bool(form))
    elif not form:
        job = aimed(request.job, request.namespace)
        _console.remark(f"You can run `arena get {job}` to check the job status")


def _stay(session: "Session", request: "ScaleRequest", *, quiet: bool) -> None:
    """Wait until the request is done, and report the result; after Ctrl-C it continues."""
    from arena.actions.jobs import elastic_scaling
    from arena.commands._progress import Live

    try:
        with Live() as live:
            done = elastic_scaling.wait(session.cluster(), request, lambda text: live.show(text, text))
    except KeyboardInterrupt:
        where = aimed(request.job, request.namespace)
        _console.remark()
        _console.remark(f"the request continues; arena get {where} -e shows its outcome")
        raise
    _console.line(done, err=quiet)
