"""Change what a serving runs, its size or its placement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.serving import amendment, change, direct, history
from arena.actions.serving.canary import state
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.errors import SpecError
from arena.kinds.kind import Kind

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]


def update(
    session: Session,
    name: str,
    changes: Mapping[str, object],
    *,
    version: str = "",
    kind: Kind | str | None = None,
    dry_run: bool = False,
) -> Changed:
    """Change options of a serving; its instances are replaced if their template changes.

    Only what the options control is changed. In particular, the number of instances stays unless it is given.

    Args:
        changes: option -> value, such as `{"image": "v2", "env": {"A": "1"}}`. Options that hold several
            values gain those that are given; `NAME-` removes one by its name.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.
        dry_run: change nothing.

    Raises:
        NotFound: there is no such serving.
        SpecError: an option cannot be changed, or its value cannot be used.
        Conflict: other clients changed it again and again.
    """
    if not changes:
        raise SpecError("nothing to change", "give an option, such as --image IMAGE")
    found = change.locate(session, name, version, kind)
    state.check_own(found)
    cause = told(changes)

    def amend(now: Found) -> Object:
        new = amended(session, now, changes)
        return history.noted(now, new, cause) if _differs(now.obj, new) else new

    return change.apply(session.cluster(), found, amend, dry_run=dry_run)


def amended(session: Session, found: Found, changes: Mapping[str, object]) -> Object:
    """What the main object of a serving becomes with these options changed; raises as `update`."""
    notes = found.obj["metadata"].get("annotations") or {}
    if labels.SPEC in notes:
        return amendment.amended(session, found, changes)
    return direct.amended(found, changes)


def told(changes: Mapping[str, object]) -> str:
    """What is changed, in the words of the command line; values that may be secret are left out."""
    shown = ("image", "gpus", "cpu", "memory", "replicas", "model_version")
    words = [f"--{key.replace('_', '-')}" + (f" {value}" if key in shown else "")
             for key, value in changes.items()]  # fmt: skip
    return f"arena serve update {' '.join(words)}"[:200]


def _differs(old: Object, new: Object) -> bool:
    """Whether there is a new revision: the number of instances belongs to none."""
    before, after = ({**one["spec"], "replicas": None} for one in (old, new))
    return bool(before != after)
