"""What `scalein` and `scaleout` share: their flags, and what they do with them."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _flags
from arena.commands._globals import pass_session
from arena.errors import aimed

if TYPE_CHECKING:
    from arena.actions.scaling import Request
    from arena.session import Session

FLAGS = (
    click.option("--name", metavar="JOB", shell_complete=_complete.elastic_jobs,
                 help="Name of the elastic job."),
    click.option("--count", metavar="N", help="How many workers.  [default: 1]"),
    click.option("-t", "--timeout", metavar="DURATION",
                 help="How long it, and its script, may take.  [default: 60s]"),
    click.option("--retry", metavar="N", help="How often a script that failed is run again.  [default: 0]"),
    click.option("--script", metavar="FILE",
                 help="Script of the image to run, with the workers concerned as its argument."),
    click.option("-e", "--env", metavar="NAME=VALUE", multiple=True,
                 help="Environment variable of the script.  [repeatable]"),
    click.option("--wait", is_flag=True, help="Stay until it is done; exit 1 where it failed."),
    _flags.output_option("name", "json", "yaml", default=None),
)  # fmt: skip


class Kinds(click.Group):
    """A group whose commands are kinds of jobs, by their names and aliases."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind; an error that names the kinds there are."""
        from arena import kinds
        from arena.errors import SpecError

        try:
            found = super().get_command(ctx, kinds.find(cmd_name).name)
        except SpecError:
            found = None
        if found or ctx.resilient_parsing:
            return found
        raise click.UsageError(
            f'"{cmd_name}" is no kind whose jobs can be asked to {ctx.info_name}; write '
            f"arena {ctx.info_name} {' or '.join(self.commands)} --name JOB, or for other kinds arena scale",
            ctx,
        )


def make(*, out: bool, summary: str) -> click.Command:
    """The command that scales an elastic job out or in.

    Args:
        out: which of them.
        summary: its help.
    """

    def function(session: "Session", **given: Any) -> None:
        _scale(session, given, out=out)

    function.__doc__ = summary
    decorated: Any = pass_session(function)
    for flag in reversed(FLAGS):
        decorated = flag(decorated)
    made: click.Command = click.command("etjob")(decorated)
    return made


def _scale(session: "Session", given: dict[str, Any], *, out: bool) -> None:
    from arena.actions import scaling
    from arena.kinds.spec import parse
    from arena.kinds.training.etjob import ScaleSpec
    from arena.views import encode

    stays, form = given.pop("wait"), given.pop("form")
    spec = parse(ScaleSpec, {key: value for key, value in given.items() if value not in (None, ())})
    click.echo(f"using {session.describe()}", err=True)
    request = scaling.ask(session.cluster(), session.namespace, spec, out=out)
    if form == "name":
        click.echo(request.name)
    elif form:
        found = {"name": request.name, "namespace": request.namespace, "job": request.job}
        click.echo(encode.encode({**found, "kind": request.resource.kind, "count": spec.count}, form))
    else:
        click.echo(f"{request.resource.kind.lower()} {request.name} of etjob {request.job} submitted")
    if stays:
        _stay(session, request, quiet=bool(form))
    elif not form:
        job = aimed(request.job, request.namespace)
        click.echo(f"You can run `arena get {job}` to check the job status", err=True)


def _stay(session: "Session", request: "Request", *, quiet: bool) -> None:
    """Wait until it is done and say so; Ctrl-C leaves it to go on."""
    from arena.actions import scaling
    from arena.commands._live import Live

    try:
        with Live() as live:
            done = scaling.wait(session.cluster(), request, lambda text: live.show(text, text))
    except KeyboardInterrupt:
        where = aimed(request.job, request.namespace)
        click.echo(f"\nthe request goes on; arena get {where} -e tells what comes of it", err=True)
        raise
    click.echo(done, err=quiet)
