"""Wait for servings and show progress on stderr."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from arena.commands._progress import Live

if TYPE_CHECKING:
    from arena.actions.serving.wait import Progress

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
