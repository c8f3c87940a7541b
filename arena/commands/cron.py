"""arena cron: jobs that are submitted again and again on a schedule."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _each, _flags
from arena.commands._aliases import ALIASES, list_verbs
from arena.commands._globals import pass_session, spread
from arena.commands._spec import SpecCommand, given, spec_options
from arena.commands.submit import FILE, PLANNING, Kinds, sections

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from arena.kinds.kind import Kind
    from arena.session import Session


class Crons(Kinds):
    """A group of a few verbs, and of a command for each kind of job."""

    def made(self, kind: "Kind") -> click.Command:
        """The command that submits jobs of a kind on a schedule."""
        return make(kind)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, then the kinds."""
        return [*sorted(self.commands), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias."""
        verb = ALIASES.get(cmd_name, cmd_name)
        close = get_close_matches(verb, self.commands, 1)
        if verb not in self.commands and close and not ctx.resilient_parsing:
            raise click.UsageError(f'cron has no command "{cmd_name}"; did you mean {close[0]}?', ctx)
        return self.commands.get(verb) or super().get_command(ctx, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The verbs, then the kinds."""
        from click.shell_completion import CompletionItem

        verbs = sorted(self.commands.items())
        items = [CompletionItem(name, help=one.get_short_help_str(70)) for name, one in verbs]
        known = [item for item in items if item.value.startswith(incomplete)]
        return known + super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs, then the kinds."""
        list_verbs(self, formatter)
        super().format_commands(ctx, formatter)


@click.group("cron", cls=Crons)
def command() -> None:
    """Submit jobs again and again on a schedule; see, suspend and delete those schedules.

    The runs are ordinary jobs. To start them, the cluster needs KubeDL's operator of Crons; for those
    of the kind `job` it needs nothing.

    \b
    arena cron pytorchjob --schedule "0 2 * * *" --image IMAGE "python train.py"
    arena cron job --schedule @hourly --timezone Europe/Berlin --image IMAGE "python prepare.py"
    arena cron list
    arena cron suspend nightly
    """


def make(kind: "Kind") -> click.Command:
    """The command that submits jobs of a kind on a schedule: all flags of submit, and its own."""
    from arena.kinds.cron import CronSpec
    from arena.kinds.spec import options

    # Where a kind has an option of the same name, as RayJobs can be suspended, the schedule's is meant.
    own = {one.name for one in options(CronSpec)}

    def function(session: "Session", **_: Any) -> None:
        from arena.commands._recurring import run
        from arena.commands._wish import wished

        ctx = click.get_current_context()
        run(session, kind, given(ctx, CronSpec), wished(ctx, kind.spec, without=own))

    function.__doc__ = (
        f"{kind.summary}, on a schedule.\n\n\b\n"
        f'arena cron {kind.name} --schedule "0 2 * * MON-FRI" --name nightly --image IMAGE "python train.py"'
    )
    decorated: Any = pass_session(function)
    for option in reversed((FILE, *PLANNING)):
        decorated = option(decorated)
    decorated = spec_options(CronSpec)(spec_options(kind.spec, without=own)(decorated))
    made: SpecCommand = click.command(kind.name, cls=SpecCommand)(decorated)
    made.sections = {**sections(kind), **dict.fromkeys(own, "Options of cron")}
    return spread(made)


_name = click.argument("name", metavar="NAME", shell_complete=_complete.crons)
_names = click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete.crons)


@command.command("list")
@_flags.everywhere_option
@_flags.kind_option
@_flags.output_option()
@pass_session
def list_(session: "Session", everywhere: bool, kind: "Kind | None", form: str) -> None:
    """List the schedules of a namespace, the newest first.

    \b
    arena cron list
    arena cron list -A -o wide
    """
    from arena.actions import crons
    from arena.views import crons as view
    from arena.views import encode, table

    found = crons.crons(session.cluster(), None if everywhere else session.namespace, kind)
    if form in ("json", "yaml"):
        click.echo(encode.encode([view.data(one) for one in found], form))
    elif not found:
        where = "any namespace" if everywhere else f'namespace "{session.namespace}"'
        click.echo(f"no crons in {where} of {session.name}", err=True)
    elif form == "name":
        click.echo("\n".join(one.name for one in found))
    else:
        titles = view.columns(everywhere=everywhere)
        click.echo(table.render(titles, found, session.now(), wide=form == "wide"))


@command.command()
@_name
@_flags.kind_option
@click.option("-e", "--events", "with_events", is_flag=True, help="What the cluster remarked on it, too.")
@_flags.output_option()
@pass_session
def get(session: "Session", name: str, kind: "Kind | None", with_events: bool, form: str) -> None:
    """Show a schedule and its runs.

    \b
    arena cron get nightly
    arena cron get nightly -e
    arena cron get nightly -o json
    """
    from arena.actions import crons, events
    from arena.views import crons as view
    from arena.views import encode, jobs

    found = crons.one(session.cluster(), name, session.namespace, kind)
    told = events.of(session.cluster(), found.namespace, found.uid) if with_events else None
    if form == "name":
        click.echo(found.name)
    elif form in ("json", "yaml"):
        more = {} if told is None else {"events": [jobs.event_data(event) for event in told]}
        click.echo(encode.encode(view.data(found) | more, form))
    else:
        click.echo(view.page(found, session.now(), told))


@command.command()
@_names
@_flags.kind_option
@pass_session
def delete(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Delete schedules and their runs, also those that go on.

    Each name is tried; the exit code is 3 where any was missing.

    \b
    arena cron delete nightly
    """
    from arena.actions import crons

    def act(name: str) -> None:
        found = crons.delete(session.cluster(), name, session.namespace, kind)
        click.echo(f"cron {found.name} deleted")

    click.echo(f"using {session.describe()}", err=True)
    return _each.each(dict.fromkeys(names), act)


@command.command()
@_names
@_flags.kind_option
@pass_session
def suspend(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Start no more runs; those that go on go on.

    \b
    arena cron suspend nightly
    """
    return _switch(session, names, kind, True)


@command.command()
@_names
@_flags.kind_option
@pass_session
def resume(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Start runs again; one that was due meanwhile may start at once.

    \b
    arena cron resume nightly
    """
    return _switch(session, names, kind, False)


def _switch(session: "Session", names: tuple[str, ...], kind: "Kind | None", on: bool) -> int:
    from arena.actions import crons

    word = "suspend" if on else "resume"

    def act(name: str) -> None:
        found, changed = crons.suspend(session.cluster(), name, session.namespace, on, kind)
        if changed:
            click.echo(f"cron {found.name} {word} success")
        else:
            click.echo(f"cron {found.name} {'is suspended already' if on else 'is not suspended'}", err=True)

    click.echo(f"using {session.describe()}", err=True)
    return _each.each(dict.fromkeys(names), act)
