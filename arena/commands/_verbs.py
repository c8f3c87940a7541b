"""Groups whose commands are the modules of a folder, each imported only when it is needed.

The first line of a module's docstring is the entry of its command in the group's help:
`arena list (ls): list training jobs.` A folder inside the folder is a group of its own, described in the same
way by its `__init__.py`. Modules whose names begin with `_` are not commands.
"""

import os
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from arena.commands._globals import spread
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Verb(NamedTuple):
    """A command, as the first line of its module describes it."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    module: str


def _described(line: str, module: str) -> Verb | None:
    """The command that the first line of a module describes."""
    head, colon, summary = line.removesuffix('"""').removesuffix(".").partition(": ")
    if not colon or not head.startswith('"""arena '):
        return None
    names, _, aliases = head.removesuffix(")").partition(" (")
    name = names.rpartition(" ")[2]
    return Verb(name, tuple(aliases.replace(",", " ").split()), summary[:1].upper() + summary[1:], module)


class Verbs(click.Group):
    """A group of the commands in a package.

    Args:
        package: name of the package; each of its modules has a click command named `command`.
    """

    def __init__(self, *args: Any, package: str, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.package = package

    @cached_property
    def verbs(self) -> dict[str, Verb]:
        """The commands by name, in alphabetical order."""
        found = {verb.name: verb for verb in self._read()}
        return {name: found[name] for name in sorted(found)}

    def _read(self, only: str = "") -> Iterator[Verb]:
        """The commands of all modules, or of `only` one."""
        for module, path in self._modules():
            if only in ("", module):
                with open(path, encoding="utf-8") as file:
                    verb = _described(file.readline().strip(), f"{self.package}.{module}")
                if verb:
                    yield verb

    def _modules(self) -> Iterator[tuple[str, str]]:
        """The public modules and packages in the package, and their files."""
        folder = os.path.dirname(str(sys.modules[self.package].__file__))
        for name in os.listdir(folder):
            if name.startswith("_"):
                continue
            if name.endswith(".py"):
                yield name.removesuffix(".py"), os.path.join(folder, name)
            elif os.path.isfile(init := os.path.join(folder, name, "__init__.py")):
                yield name, init

    def _verb(self, word: str) -> Verb | None:
        """The command of that name or alias; where a module is called so, no other is read."""
        named = next(self._read(word), None) if word else None
        if named and named.name == word:
            return named
        return next((verb for verb in self.verbs.values() if word in (verb.name, *verb.aliases)), None)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias, imported now."""
        verb = self._verb(cmd_name)
        if verb is None:
            return None
        command: click.Command = import_module(verb.module).command
        return spread(command) if not any(p.name == "namespace" for p in command.params) else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the line names; fail with a suggestion if there is none."""
        if args and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            close, is_root = self.suggestion(args[0]), ctx.parent is None
            known = "" if is_root else f"; it has {', '.join(self.verbs)}"
            guess = f"; did you mean {close}?" if close else known
            raise click.UsageError(
                f'{"" if is_root else f"{ctx.info_name} has "}no command "{args[0]}"{guess}', ctx
            )
        return super().resolve_command(ctx, args)

    def suggestion(self, word: str) -> str:
        """The command whose name is most like the word; "" if there is none."""
        from difflib import get_close_matches

        names = {one: verb.name for verb in self.verbs.values() for one in (verb.name, *verb.aliases)}
        close = get_close_matches(word, names, 1)
        return names[close[0]] if close else ""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [(", ".join((v.name, *v.aliases)), v.summary) for v in self.verbs.values()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The names of the commands, without importing them, and the group's own options."""
        return self.items(incomplete) + click.Command.shell_complete(self, ctx, incomplete)

    def items(self, incomplete: str) -> "list[CompletionItem]":
        """The commands whose names begin with the text."""
        from click.shell_completion import CompletionItem

        found = (verb for verb in self.verbs.values() if verb.name.startswith(incomplete))
        return [CompletionItem(verb.name, help=verb.summary) for verb in found]
