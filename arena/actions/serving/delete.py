"""Delete servings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.deletion import Removal
from arena.actions.serving import departure, find
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.model.servings import Serving

if TYPE_CHECKING:
    from arena.session import Session


def delete(session: Session, name: str, *, version: str = "", kind: Kind | str | None = None) -> Serving:
    """Delete a serving with everything that was created with it, and return it as it last was.

    Raises:
        NotFound, SpecError: as `arena.serving.serving`.
        TimedOut: a finalizer holds it.
    """
    removal = Removal(session.cluster())
    deleted = remove(removal, name, session.namespace, version, kinds.named(kind, FAMILY))
    removal.wait()
    return deleted


def remove(
    removal: Removal, name: str, namespace: str, version: str = "", kind: Kind | None = None
) -> Serving:
    """Delete a serving as part of a larger removal, and return it as it last was; raises as `delete`."""
    found = find.one(removal.cluster, namespace, name, version=version, kind=kind)
    if not removal.is_trial:
        departure.leave_split(removal.cluster, found)
    title = f"serving {name}" + (f" {found.serving.version}" if found.serving.version else "")
    removal.delete(found.resource, found.obj["metadata"], title)
    return found.serving
