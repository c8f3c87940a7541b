"""Change the number of instances of a serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena import manifests
from arena.actions.serving import change
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.errors import SpecError
from arena.kinds.kind import Kind

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]


def scale(
    session: Session, name: str, replicas: int, *, version: str = "", kind: Kind | str | None = None
) -> Changed:
    """Change the number of instances of a serving.

    Args:
        replicas: the new number; 0 stops it.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.

    Raises:
        NotFound: there is no such serving.
        SpecError: a serving of its kind cannot be scaled.
        Conflict: other clients changed it again and again.
    """
    found = change.locate(session, name, version, kind)
    return change.apply(session.cluster(), found, lambda now: sized(now, replicas))


def sized(found: Found, replicas: int) -> Object:
    """The object with that number of instances; raises SpecError if it has no such number."""
    if found.kind.scale is None:
        raise SpecError(
            f"the number of instances of a {found.kind.name} cannot be changed",
            f"edit the {found.resource.kind} with kubectl",
        )
    patched: Object = manifests.patch(found.obj, found.kind.scale(found.obj, replicas).patch)
    return patched
