"""Stop, pause or resume sweeps."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from arena.commands import _bulk, _console

if TYPE_CHECKING:
    from arena.model.sweeps import Sweep
    from arena.session import Session


def switch(
    session: "Session", names: Iterable[str], change: "Callable[..., Sweep]", *, done: str, unchanged: str
) -> int:
    """Change each sweep and print the result; return the exit code.

    Args:
        change: a function of `arena.actions.sweeps.change`.
        done: what to print after the name of a sweep.
        unchanged: the same for one that needs no change.
    """

    def act(name: str) -> None:
        same: list[Sweep] = []
        found = change(session, name, unchanged=same.append)
        _console.line(f"sweep {found.name} {unchanged if same else done}", err=bool(same))

    _console.remark(f"using {session.describe()}")
    return _bulk.each(dict.fromkeys(names), act)
