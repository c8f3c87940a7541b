"""Groups with a command for each kind of a family, which submits objects of that kind."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _console
from arena.commands._globals import pass_session, readable, spread
from arena.commands._verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from arena.commands._family import KindFamilyCommands
    from arena.kinds.kind import Kind
    from arena.session import Session

_RENAMED = "arena.renamed-kind"
FILE = click.option(
    "-f", "--file", "file", metavar="FILE", type=click.Path(), callback=readable,
    help="Read options from a YAML file; flags take precedence.",
)  # fmt: skip
CHECK = click.option(
    "--check", is_flag=True, help="Submit only if it would start now, as arena fit says; else exit 1."
)


def overriding(noun: str) -> "tuple[Callable[[Any], Any], ...]":
    """Flags that replace or patch the template of an object, which messages call `noun`."""
    return (
        click.option("--template", metavar="FILE", type=click.Path(), callback=readable,
                     help="Use this template instead of the packaged one."),
        click.option("--patch", metavar="FILE", type=click.Path(), callback=readable,
                     help=f"Apply this JSON merge patch to the {noun}'s manifest."),
    )  # fmt: skip


def planning(noun: str) -> "tuple[Callable[[Any], Any], ...]":
    """Flags of commands that plan an object, which messages call `noun`."""
    return (
        *overriding(noun),
        click.option("--dry-run", is_flag=False, flag_value="client", default=None,
                     metavar="[client|server]", shell_complete=_complete.values("client", "server"),
                     help="Print the manifests and submit nothing; with =server the cluster validates them."),
        click.option("-o", "--output", "form", type=click.Choice(["yaml", "json", "name"]), default=None,
                     help="Format of the manifests of --dry-run, or of the result."),
        click.option("--replace", is_flag=True,
                     help=f"Delete an existing {noun} of the same name first."),
    )  # fmt: skip


def sending(family: "KindFamilyCommands[Any]") -> "tuple[Callable[[Any], Any], ...]":
    """Flags of commands that submit an object of a family, and may wait for it."""
    return (*planning(family.family().noun), CHECK, *family.waiting())


class Kinds(click.Group):
    """A group whose commands are the kinds of a family, each imported only when used.

    Args:
        family: the family as commands see it.
    """

    def __init__(self, *args: Any, family: "KindFamilyCommands[Any]", **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.family = family

    @cached_property
    def kinds(self) -> "tuple[Kind, ...]":
        """All kinds of the family."""
        from arena.kinds import of

        return of(self.family.family())

    def made(self, kind: "Kind") -> click.Command:
        """The command of a kind."""
        return make(kind, self.family)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the kinds."""
        return [kind.name for kind in self.kinds]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, by its name or an alias."""
        from arena.errors import SpecError
        from arena.kinds import find

        try:
            kind = find(cmd_name, self.family.family())
            if cmd_name.lower() in kind.former_names and not ctx.meta.setdefault(
                _RENAMED, ctx.resilient_parsing
            ):
                _console.remark(f"{cmd_name} is called {kind.name} now, and the command submits that")
                ctx.meta[_RENAMED] = True
            return self.made(kind)
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
        """The names of the kinds, then the group's own options."""
        from click.shell_completion import CompletionItem

        items = [CompletionItem(k.name, help=k.summary) for k in self.kinds if k.name.startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)


def _lower(kind: "Kind") -> tuple[str, ...]:
    return tuple(alias for alias in kind.aliases if alias.islower())


class KindsAndVerbs(Kinds, Verbs):
    """A group of the commands in a package and one command for each kind of a family."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands of the package, then the kinds."""
        return [*self.verbs, *Kinds.list_commands(self, ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command or the kind of that name or alias."""
        if verb := Verbs.get_command(self, ctx, cmd_name):
            return verb
        if (close := self.suggestion(cmd_name)) and not ctx.resilient_parsing:
            message = f'{self.name} has no command "{cmd_name}"; did you mean {close}?'
            raise click.UsageError(message, ctx)
        return Kinds.get_command(self, ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands of the package, then the kinds."""
        Verbs.format_commands(self, ctx, formatter)
        Kinds.format_commands(self, ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands of the package, then the kinds, then the group's own options."""
        return self.items(incomplete) + Kinds.shell_complete(self, ctx, incomplete)


def make(kind: "Kind", family: "KindFamilyCommands[Any]") -> click.Command:
    """The command that submits an object of a kind: the options of its Spec, and those of submit."""
    from arena.commands._spec import SpecCommand, spec_options

    def function(session: "Session", **_: Any) -> None:
        from arena.commands._request import parsed
        from arena.commands._submit import run

        run(session, *parsed(click.get_current_context(), kind), family)

    examples = "\n".join(kind.examples)
    function.__doc__ = f"{kind.summary}.\n\n\b\n{examples}"
    decorated: Any = pass_session(function)
    for option in reversed((FILE, *sending(family))):
        decorated = option(decorated)
    decorated = spec_options(kind.spec)(decorated)
    made: SpecCommand = click.command(kind.name, cls=SpecCommand)(decorated)
    made.sections = sections(kind)
    return spread(made)


def sections(kind: "Kind") -> dict[str, str]:
    """The help section of each option of the kind's Spec."""
    from arena.commands._spec import besides
    from arena.kinds.spec import options
    from arena.kinds.workload.spec import WorkloadSpec

    spec = kind.spec
    every = {one.name for one in options(spec.shared())} if issubclass(spec, WorkloadSpec) else set()
    titles = f"Options of every {kind.family.noun}", f"Options specific to {kind.name}"
    found = {one.name: titles[one.name not in every] for one in options(kind.spec)}
    return found | {besides(name): title for name, title in found.items()}
