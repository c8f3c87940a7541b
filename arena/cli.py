"""The root command: finds the verbs, prints errors, decides exit codes. Nobody else exits."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from arena._version import VERSION
from arena.commands._globals import Globals, options, spread
from arena.errors import ArenaError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_HEAD = re.compile(r'^"""arena (?P<name>[\w-]+)(?: \((?P<aliases>[^)]*)\))?: (?P<summary>.*?)\.?(?:""")?$')
INTERRUPTED = 130
BROKEN_PIPE = 141
COMPLETE = "_ARENA_COMPLETE"
"""Set by a shell that asks what may stand at the cursor."""
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Why standard output cannot be written."""
NO_WORDS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click raises for a group without a command; before 8.2 it printed the help by itself."""


class Verb(NamedTuple):
    """What the first line of a command's module says of it."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    module: str


class Verbs(click.Group):
    """A group whose commands are the modules of `arena.commands`, imported only when asked for.

    The first line of a module's docstring is its entry in the list:
    `arena list (ls): the training jobs of a namespace.`
    """

    @cached_property
    def verbs(self) -> dict[str, Verb]:
        """Name -> verb, in alphabetical order."""
        found = {}
        for path in sorted((Path(__file__).parent / "commands").glob("[!_]*.py")):
            with path.open(encoding="utf-8") as file:
                head = _HEAD.match(file.readline().strip())
            if head:
                aliases = tuple((head["aliases"] or "").replace(",", " ").split())
                summary = head["summary"][:1].upper() + head["summary"][1:]
                found[head["name"]] = Verb(head["name"], aliases, summary, f"arena.commands.{path.stem}")
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs' names."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name or alias, imported now."""
        verb = next((v for v in self.verbs.values() if cmd_name in (v.name, *v.aliases)), None)
        if verb is None:
            return None
        command: click.Command = import_module(verb.module).command
        return spread(command) if not any(p.name == "namespace" for p in command.params) else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the line names; an unknown one is an error with a suggestion."""
        words = {word: verb.name for verb in self.verbs.values() for word in (verb.name, *verb.aliases)}
        if args and args[0] not in words and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = get_close_matches(args[0], words, n=1, cutoff=0.6)
            guess = f"; did you mean {words[close[0]]}?" if close else ""
            raise click.UsageError(f'no command "{args[0]}"{guess}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        rows = [(", ".join((v.name, *v.aliases)), v.summary) for v in self.verbs.values()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Names from the list, without importing them."""
        from click.shell_completion import CompletionItem

        items = [
            CompletionItem(verb.name, help=verb.summary)
            for verb in self.verbs.values()
            if verb.name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    cls=Verbs,
    params=options(root=True),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "obj": None},
    epilog="Try: arena submit pytorchjob --workers 2 'python train.py'",
)
@click.version_option(VERSION, prog_name="arena")
@click.pass_context
def root(ctx: click.Context) -> None:
    """Distributed training with one command, on Kubernetes or on this machine."""
    ctx.ensure_object(Globals)


def run(words: Sequence[str], session: Globals | None = None) -> int:
    """Run one command line and return its exit code; the only place that prints errors.

    Args:
        words: the command line without the program's name.
        session: global settings to start from; tests and notebooks pass their own.
    """
    if COMPLETE in os.environ:
        import_module("arena.commands._shells")
    try:
        result = root.main(list(words), prog_name="arena", standalone_mode=False, obj=session or Globals())
        sys.stdout.flush()
    except NO_WORDS as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except ArenaError as error:
        return _fail(error)
    except (KeyboardInterrupt, click.Abort):
        with suppress(OSError):
            # click has ended the line of the ^C.
            click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _hang_up()
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        return _fail(ArenaError(f"the output cannot be written: {error.strerror}", "make room for it"))
    return result if isinstance(result, int) else 0


def _fail(error: ArenaError) -> int:
    from arena.commands._live import colour

    # Where nobody can be told, the exit code still tells.
    with suppress(OSError):
        click.echo(f"{click.style('Error:', fg='red')} {error.message}", err=True, color=colour())
        if error.hint:
            click.echo(f"Hint: {error.hint}", err=True)
    return error.exit_code


def _hang_up() -> int:
    """The reader of our output left (`arena list | head -1`): say nothing more, end like any filter."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
