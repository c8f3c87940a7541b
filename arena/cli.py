"""The root command: prints errors and decides exit codes. Nothing else in arena exits."""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from arena._version import VERSION
from arena.commands import _console
from arena.commands._globals import Globals, options
from arena.commands._verbs import Verbs
from arena.errors import ArenaError

INTERRUPTED = 130
BROKEN_PIPE = 141
COMPLETE = "_ARENA_COMPLETE"
"""The variable that a shell sets to ask for completions."""
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Errors that mean that standard output cannot be written."""
NO_COMMAND: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click raises if a group is called without a command; before 8.2 it printed the help instead."""


@click.group(
    cls=Verbs,
    package="arena.commands",
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
    """Run a command line and return its exit code; no other place prints errors.

    Args:
        words: the command line without the name of the program.
        session: the global options to start from; tests and notebooks pass their own.
    """
    session = session or Globals()
    if COMPLETE in os.environ:
        import_module("arena.commands._shells")
        session.silent = True
    try:
        result = _invoke(words, session)
        sys.stdout.flush()
    except NO_COMMAND as error:
        _console.page(error.format_message())
        return 0
    except click.ClickException as error:
        with suppress(OSError):
            _console.misuse(error)
        return error.exit_code
    except ArenaError as error:
        return _fail(error)
    except (KeyboardInterrupt, click.Abort):
        with suppress(OSError):
            # End the line in which the terminal shows ^C.
            _console.remark()
            _console.remark("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return _hang_up()
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        return _fail(ArenaError(f"the output cannot be written: {error.strerror}", "free some disk space"))
    return result if isinstance(result, int) else 0


def _invoke(words: Sequence[str], session: Globals) -> object:
    """Return the command's result, or click's exit code.

    click's own `main` is not used because it turns a broken pipe into exit code 1.
    """
    if COMPLETE in os.environ:
        return root.main(list(words), prog_name="arena", standalone_mode=False, obj=session)
    try:
        with root.make_context("arena", list(words), obj=session) as context:
            return root.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code


def _fail(error: ArenaError) -> int:
    # Even if stderr cannot be written, the exit code reports the error.
    with suppress(OSError):
        _console.error(error, coloured=True)
    return error.exit_code


def _hang_up() -> int:
    """Exit silently after the reader of our output has left, as in `arena list | head -1`."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return BROKEN_PIPE
