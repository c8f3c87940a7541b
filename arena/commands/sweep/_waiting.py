"""Wait for a sweep and show progress on stderr."""

from time import monotonic
from typing import TYPE_CHECKING

from arena.commands import _console
from arena.commands._progress import Live
from arena.errors import NotAllowed, Unreachable, aimed

if TYPE_CHECKING:
    from arena.model.sweeps import Sweep
    from arena.session import Session


def stay(session: "Session", one: "Sweep", *, quiet: bool = False) -> None:
    """Wait until a sweep has ended; after Ctrl-C it continues.

    Args:
        quiet: print the result on stderr.
    """
    target = aimed(one.name, session.namespace)
    goes_on = f"the sweep continues; to end it, run: arena sweep stop {target}"
    try:
        ended = watch(session, one.name)
    except KeyboardInterrupt:
        _console.remark()
        _console.remark(goes_on)
        raise
    except (NotAllowed, Unreachable) as error:
        error.hint = "; ".join(filter(None, (error.hint, goes_on)))
        raise
    finish(ended, quiet=quiet)


def finish(ended: "Sweep", *, quiet: bool = False) -> None:
    """Print how a sweep has ended, and its best trial on stderr; raise JobFailed if it has failed.

    Args:
        quiet: print all on stderr.
    """
    from arena.actions.sweeps.wait import succeeded
    from arena.views.sweeps import best

    succeeded(ended)

    _console.line(f"sweep {ended.name} {ended.phase.value}", err=quiet)
    _console.remark(f"best: {best(ended)}")


def watch(session: "Session", name: str) -> "Sweep":
    """Wait until a sweep has ended, and show how far it is."""
    from arena.actions.sweeps import wait
    from arena.views.sweeps import progress, result, summary

    start = monotonic()
    with Live() as live:

        def show(found: "Sweep") -> None:
            key = (found.phase, progress(found), result(found))
            live.show(summary(found, monotonic() - start), key)

        return wait.wait(session, name, progress=show)
