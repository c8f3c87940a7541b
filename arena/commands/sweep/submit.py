"""arena sweep submit: submit a sweep."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _flags
from arena.commands._globals import pass_session, spread
from arena.commands._jobs import JOBS
from arena.commands._kinds import FILE, Kinds, planning, sections
from arena.commands._spec import SpecCommand, given, spec_options

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session

_ANY = "(file or job)"
"""The hidden command that takes the kind from a file or a job."""
_SOURCES = ("-f", "--file", "--from-job")
_WAIT = click.option(
    "--wait", "stays", is_flag=True, help="Wait until the sweep has ended; exit 7 if it failed."
)


class Sweeps(Kinds):
    """A command for each kind of job, and one without a name that takes the kind from a file or a job."""

    @cached_property
    def kinds(self) -> "tuple[Kind, ...]":
        """The kinds that Katib can run."""
        from arena.kinds import of
        from arena.kinds.sweeps.trial_job import UNKNOWN

        return tuple(one for one in of(self.family.family()) if one.name not in UNKNOWN)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Choose the command without a name if a file or a job is given before any kind."""
        named = {word for kind in self.kinds for word in kind.names}
        for word in args:
            if word.lower() in named:
                break
            if word.partition("=")[0] in _SOURCES:
                return super().parse_args(ctx, [_ANY, *args])
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, or the one without a name."""
        return _any() if cmd_name == _ANY else super().get_command(ctx, cmd_name)

    def made(self, kind: "Kind") -> click.Command:
        """The command that submits sweeps of jobs of a kind."""
        return make(kind)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options that stand for a kind, and the kinds."""
        records = (one.get_help_record(ctx) for one in _any().params if set(_SOURCES) & set(one.opts))
        with formatter.section("Instead of a kind"):
            formatter.write_dl(list(filter(None, records)))
        super().format_commands(ctx, formatter)


@click.group("submit", cls=Sweeps, family=JOBS)
def command() -> None:
    """Submit a sweep: a job of any kind, with parameters in its command, environment or files.

    {lr} in the command, in --env or in a file of --config-file stands for the value of the parameter lr, and
    {trial} for the name of the trial. Each trial reports its metrics in lines such as accuracy=0.93, in a file, or to TensorBoard.

    With -f FILE, the file says which kind. With --from-job JOB, the trials are jobs like that one, and a
    parameter takes the place of the value of a flag or variable of its name; --set KEY=VALUE changes other
    options of the job.

    \b
    arena sweep submit pytorchjob --workers 2 --param lr=log:1e-5..1e-1 --param batch=16,32,64 --metric accuracy:max --image IMAGE "python train.py --lr {lr} --batch {batch}"
    arena sweep submit job --param depth=int:1..8 --metric loss:min --algorithm tpe --max-trials 30 --parallel 4 --early-stop median --image IMAGE "python train.py --depth {depth}"
    arena sweep submit -f sweep.yaml
    arena sweep submit --from-job bert --param lr=log:1e-5..1e-1 --metric accuracy:max
    """  # noqa: E501  # command lines


def make(kind: "Kind") -> click.Command:
    """The command that submits sweeps of jobs of a kind: all flags of submit and its own."""
    from arena.kinds.spec import options
    from arena.kinds.sweeps.spec import SweepSpec

    own = {one.name for one in options(SweepSpec)}

    def function(session: "Session", **_: Any) -> None:
        from arena.commands._request import parsed
        from arena.commands.sweep._submit import run

        ctx = click.get_current_context()
        request, output = parsed(ctx, kind, without=own)
        run(session, request, given(ctx, SweepSpec), output)

    function.__doc__ = (
        f"{kind.summary}, in a sweep.\n\n\b\n"
        f"arena sweep submit {kind.name} --param lr=log:1e-5..1e-1 --metric loss:min --image IMAGE "
        '"python train.py --lr {lr}"'
    )
    decorated: Any = pass_session(function)
    for option in reversed((FILE, *planning("sweep"), _WAIT)):
        decorated = option(decorated)
    decorated = spec_options(SweepSpec)(spec_options(kind.spec, without=own)(decorated))
    made: SpecCommand = click.command(kind.name, cls=SpecCommand)(decorated)
    made.sections = {**sections(kind), **dict.fromkeys(own, "Options of sweep")}
    return spread(made)


def _any() -> click.Command:
    from arena.kinds.spec import options
    from arena.kinds.sweeps.spec import SweepSpec

    def function(session: "Session", **flags: Any) -> None:
        from arena.commands.sweep._submit import Source, run_from

        run_from(session, Source.of(flags), given(click.get_current_context(), SweepSpec), flags)

    function.__doc__ = """Submit a sweep of jobs that a file describes, or that are like an existing job.

    \b
    arena sweep submit -f sweep.yaml
    arena sweep submit --from-job bert --param lr=log:1e-5..1e-1 --metric accuracy:max
    """
    decorated: Any = pass_session(function)
    own = (
        FILE,
        click.option("--from-job", metavar="JOB", shell_complete=_complete.jobs,
                     help="Make the trials like this job."),
        _flags.kind_option,
        click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", callback=_flags.settings,
                     help="Change an option of the job; KEY= resets it to its default."),
    )  # fmt: skip
    for option in reversed((*own, *planning("sweep"), _WAIT)):
        decorated = option(decorated)
    made: SpecCommand = click.command("", cls=SpecCommand)(spec_options(SweepSpec)(decorated))
    made.sections = dict.fromkeys((one.name for one in options(SweepSpec)), "Options of sweep")
    return spread(made)
