"""Take back a canary whose promotion may have begun: a client that died has left it so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from arena import manifests
from arena.actions.serving import change, rollback, update
from arena.actions.serving.canary.state import Canary

if TYPE_CHECKING:
    from arena.session import Session


def take_back(session: Session, canary: Canary, close: Callable[[Session, Canary], None]) -> None:
    """Close a canary; a serving that runs its change already returns to the revision before."""
    main = canary.main
    now = change.again(session.cluster(), main)
    made = update.amended(session, now, canary.changes)
    has_begun = not manifests.merge_patch(now.obj["spec"], made["spec"])
    close(session, canary)
    if has_begun:
        rollback.rollback(session, main.serving.object_name, kind=main.kind)
