"""arena submit: submit a training job."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete
from arena.commands._globals import pass_session, readable, spread
from arena.commands._spec import SpecCommand, spec_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from arena.kinds.kind import Kind
    from arena.session import Session


class Kinds(click.Group):
    """A group whose commands are the kinds of training jobs, each imported when it is asked for."""

    @cached_property
    def kinds(self) -> "tuple[Kind, ...]":
        """All kinds."""
        from arena import kinds

        return kinds.training_kinds()

    def made(self, kind: "Kind") -> click.Command:
        """The command of a kind."""
        return make(kind)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kinds' names."""
        return [kind.name for kind in self.kinds]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, by its name or an alias."""
        from arena import kinds
        from arena.errors import SpecError

        try:
            return self.made(kinds.find(cmd_name))
        except SpecError as error:
            if ctx.resilient_parsing:
                return None
            raise click.UsageError(f"{error.message}; {error.hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the kinds with their aliases."""
        rows = [(", ".join((kind.name, *_lower(kind))), kind.summary) for kind in self.kinds]
        with formatter.section("Kinds"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The kinds' names."""
        from click.shell_completion import CompletionItem

        items = [CompletionItem(k.name, help=k.summary) for k in self.kinds if k.name.startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)


def _lower(kind: "Kind") -> tuple[str, ...]:
    return tuple(alias for alias in kind.aliases if alias.islower())


@click.group("submit", cls=Kinds)
def command() -> None:
    """Submit a training job.

    \b
    arena submit pytorchjob --workers 4 --gpus 1 --image IMAGE "python train.py"
    arena submit tf --ps 1 --workers 2 --image IMAGE "python train.py"
    arena submit pytorchjob --workers 2 "python train.py" --dry-run
    arena submit pytorchjob -f job.yaml --logs
    """


FILE = click.option(
    "-f", "--file", "file", metavar="FILE", type=click.Path(), callback=readable,
    help="Read options from a YAML file; flags win.",
)  # fmt: skip
PLANNING = (
    click.option("--template", metavar="FILE", type=click.Path(), callback=readable,
                 help="Use this template instead of the packaged one."),
    click.option("--patch", metavar="FILE", type=click.Path(), callback=readable,
                 help="Apply this JSON merge patch to the job's manifest."),
    click.option("--dry-run", is_flag=False, flag_value="client", default=None, metavar="[client|server]",
                 shell_complete=_complete.values("client", "server"),
                 help="Print what would be sent; with =server the cluster validates it."),
    click.option("-o", "--output", "form", type=click.Choice(["yaml", "json", "name"]), default=None,
                 help="Format of --dry-run, or of the result."),
    click.option("--replace", is_flag=True, help="Delete a job of that name first."),
)  # fmt: skip
"""The flags of whatever is made of a template."""
SENDING = (
    *PLANNING,
    click.option("--wait", is_flag=True, help="Stay until the job has ended; exit 7 where it failed."),
    click.option("--logs", is_flag=True, help="Show its logs until it has ended; exit 7 where it failed."),
)  # fmt: skip
"""The flags of whatever submits."""
OWN = (FILE, *SENDING)
"""The flags of submit itself; those of the job come from the kind's Spec."""


def make(kind: "Kind") -> click.Command:
    """The submit command of a kind: its Spec's options and submit's own."""

    def function(session: "Session", **_: Any) -> int | None:
        from arena.commands._submitting import run
        from arena.commands._wish import wished

        return run(session, kind, wished(click.get_current_context(), kind.spec))

    examples = "\n".join(kind.examples)
    function.__doc__ = f"{kind.summary}.\n\n\b\n{examples}"
    decorated: Any = pass_session(function)
    for option in reversed(OWN):
        decorated = option(decorated)
    decorated = spec_options(kind.spec)(decorated)
    made: SpecCommand = click.command(kind.name, cls=SpecCommand)(decorated)
    made.sections = sections(kind)
    return spread(made)


def sections(kind: "Kind") -> dict[str, str]:
    """The heading in help under which each option of the kind's Spec stands."""
    from arena.kinds.spec import options
    from arena.kinds.training.base import TrainingSpec

    every = {one.name for one in options(TrainingSpec)} if issubclass(kind.spec, TrainingSpec) else set()
    own = f"Options of a {kind.name}"
    return {one.name: "Options of every job" if one.name in every else own for one in options(kind.spec)}
