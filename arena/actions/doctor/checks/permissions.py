"""Whether the user may do in the namespace what users of arena usually do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena.actions import abilities
from arena.model.checks import FAILURE, OK, WARNING, Check

if TYPE_CHECKING:
    from arena.session import Session

NEEDED = ("submit", "list", "get", "logs", "delete")


def check(session: Session) -> Iterator[Check]:
    """Yield whether all commands may be used, or which may not."""
    every = abilities.abilities(session)
    remedy = (
        f"arena whoami --can-i -n {session.namespace}, and ask an administrator for a role (docs/clusters.md)"
    )
    if refused := [one.command for one in every if not one.allowed]:
        needed = [name for name in refused if name in NEEDED]
        shown = needed or refused
        more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
        message = f'in namespace "{session.namespace}" you may not use: {", ".join(shown[:5])}{more}'
        yield Check(id="permissions", state=FAILURE if needed else WARNING, message=message, remedy=remedy)
    else:
        message = f'you may use every command in namespace "{session.namespace}"'
        yield Check(id="permissions", state=OK, message=message)
