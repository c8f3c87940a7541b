"""Suspend or resume crons."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from arena.commands import _bulk, _console

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.crons import Cron
    from arena.session import Session


def switch(
    session: "Session",
    names: Iterable[str],
    kind: "Kind | None",
    change: "Callable[..., Cron]",
    *,
    verb: str,
    unchanged: str,
) -> int:
    """Change each cron and print the result; return the exit code.

    Args:
        change: `suspend_cron` or `resume_cron`.
        unchanged: what to print after the name of a cron that needs no change.
    """

    def act(name: str) -> None:
        same: list[Cron] = []
        found = change(session, name, kind=kind, unchanged=same.append)
        if same:
            _console.remark(f"cron {found.name} {unchanged}")
        else:
            _console.line(f"cron {found.name} {verb} success")

    _console.remark(f"using {session.describe()}")
    return _bulk.each(dict.fromkeys(names), act)
