"""arena cron: submit jobs repeatedly on a schedule."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands._globals import pass_session, spread
from arena.commands._kinds import FILE, KindsAndVerbs, planning, sections
from arena.commands._spec import SpecCommand, given, spec_options
from arena.commands.cron._family import CRONS

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


class Crons(KindsAndVerbs):
    """A group of the commands in its package and one command for each kind of job."""

    def made(self, kind: "Kind") -> click.Command:
        """The command that submits jobs of a kind on a schedule."""
        return make(kind)


@click.group("cron", cls=Crons, package=__name__, family=CRONS)
def command() -> None:
    """Submit jobs repeatedly on a schedule; list, suspend, resume and delete these crons.

    The runs are ordinary jobs. To start them, the cluster needs KubeDL's operator for Crons. Runs of the
    kind `job` need no operator.

    \b
    arena cron pytorchjob --schedule "0 2 * * *" --image IMAGE "python train.py"
    arena cron job --schedule @hourly --timezone Europe/Berlin --image IMAGE "python prepare.py"
    arena cron list
    arena cron suspend nightly
    """


def make(kind: "Kind") -> click.Command:
    """The command that submits jobs of a kind on a schedule: all flags of submit and its own."""
    from arena.kinds.cron import CronSpec
    from arena.kinds.spec import options

    # If a kind has an option of the same name, such as the --suspend of RayJobs, the schedule's wins.
    own = {one.name for one in options(CronSpec)}

    def function(session: "Session", **_: Any) -> None:
        from arena.commands._request import parsed
        from arena.commands.cron._submit import run

        ctx = click.get_current_context()
        run(session, given(ctx, CronSpec), *parsed(ctx, kind, without=own))

    function.__doc__ = (
        f"{kind.summary}, on a schedule.\n\n\b\n"
        f'arena cron {kind.name} --schedule "0 2 * * MON-FRI" --name nightly --image IMAGE "python train.py"'
    )
    decorated: Any = pass_session(function)
    for option in reversed((FILE, *planning("job"))):
        decorated = option(decorated)
    decorated = spec_options(CronSpec)(spec_options(kind.spec, without=own)(decorated))
    made: SpecCommand = click.command(kind.name, cls=SpecCommand)(decorated)
    made.sections = {**sections(kind), **dict.fromkeys(own, "Options of cron")}
    return spread(made)
