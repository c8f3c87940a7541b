"""Replace the instances of a serving by new ones that run the same."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from arena.actions.serving import change
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.submit.plan import templates
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.units import rfc3339

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]
RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation by which `kubectl rollout restart` makes a new revision."""


def restart(session: Session, name: str, *, version: str = "", kind: Kind | str | None = None) -> Changed:
    """Replace the instances of a serving step by step, as in an update.

    Args:
        version: required if it has several.
        kind: required if several kinds have a serving of that name.

    Raises:
        NotFound: there is no such serving.
        Conflict: other clients changed it again and again.
    """
    found = change.locate(session, name, version, kind)
    stamp = rfc3339(session.now())
    return change.apply(session.cluster(), found, lambda now: marked(now, stamp))


def marked(found: Found, stamp: str) -> Object:
    """The object with the time in all its pod templates; raises SpecError if it has none."""
    made = copy.deepcopy(found.obj)
    places = [one.setdefault("metadata", {}) for one in templates(made["spec"])]
    places = places or [made["spec"][part] for part in ("predictor",) if part in made["spec"]]
    if not places:
        raise SpecError(f"a {found.resource.kind} cannot be restarted", "delete its pods one by one")
    for one in places:
        one["annotations"] = {**(one.get("annotations") or {}), RESTARTED: stamp}
    return made
