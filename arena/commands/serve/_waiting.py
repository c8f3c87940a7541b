"""Wait for servings and show progress on stderr."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from arena.commands import _console
from arena.commands._progress import Live

if TYPE_CHECKING:
    from arena.actions.serving.wait import Progress
    from arena.model.servings import Serving
    from arena.session import Session

T = TypeVar("T")


def shown(act: "Callable[[Callable[[Progress], None]], T]") -> T:
    """Call `act` with what shows progress, and return what it returns."""
    from arena.views.servings import summary

    start = monotonic()
    with Live() as live:

        def show(progress: "Progress") -> None:
            text = summary(progress.serving, progress.why)
            live.show(f"{int(monotonic() - start)}s  {text}", text)

        return act(show)


def stay(
    session: "Session", one: "Serving", patience: int | None, goes_on: str, *, quiet: bool = False
) -> None:
    """Wait until a serving is ready, and show how far it is.

    Args:
        patience: seconds; None waits without a limit.
        goes_on: what continues after Ctrl-C, and how to end that.
        quiet: print the result on stderr.
    """
    from arena.actions.serving import wait

    try:
        shown(
            lambda report: wait.wait(
                session, one.object_name, timeout=patience, kind=one.kind, progress=report
            )
        )
    except KeyboardInterrupt:
        _console.remark()
        _console.remark(goes_on)
        raise
    _console.line(f"serving {one.title} ready", err=quiet)
