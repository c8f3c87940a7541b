"""Return to a former revision of a serving."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.serving import amendment, change, former, history, transition
from arena.actions.serving.beside import Amended
from arena.actions.serving.canary import state
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.serving.history import State
from arena.errors import NotFound, SpecError
from arena.kinds.kind import Kind
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]
HASH = "pod-template-hash"
"""The label by which a Deployment tells the pods of its ReplicaSets apart."""


def rollback(
    session: Session, name: str, *, to: int = 0, version: str = "", kind: Kind | str | None = None
) -> Changed:
    """Run again what a serving ran before; the number of its instances stays.

    Args:
        to: the number of a revision; 0 for the one before.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.

    Raises:
        NotFound: there is no such serving, or no such revision.
        Conflict: other clients changed it again and again.
    """
    found = change.locate(session, name, version, kind)
    state.check_own(found)
    cluster = session.cluster()
    target = _chosen(found, history.states(cluster, found), to)
    cause = f"arena serve rollback --to {target.revision.number}"

    def amend(now: Found) -> Amended:
        if target.revision.is_current:
            return Amended(main=now.obj)
        if target.template is not None:
            return _with_template(session, now, target)
        made = amendment.restored(session, now, target.notes)
        return replace(made, main=history.noted(now, made.main, target.revision.cause or cause))

    return transition.apply(cluster, found, amend)


def _chosen(found: Found, states: Sequence[State], number: int) -> State:
    title = found.serving.title
    if number:
        if same := [one for one in states if one.revision.number == number]:
            return same[0]
        known = ", ".join(str(one.revision.number) for one in states) or "unknown"
        raise NotFound(f'serving "{title}" has no revision {number}', f"its revisions are {known}")
    now = next((one.revision.number for one in states if one.revision.is_current), 0)
    earlier = [one for one in states if one.revision.number < now]
    if not earlier:
        raise NotFound(
            f'serving "{title}" has no earlier revision', f"arena serve get {title.split()[0]} shows them"
        )
    return max(earlier, key=lambda one: one.revision.number)


def _with_template(session: Session, found: Found, target: State) -> Amended:
    """The Deployment with the pod template and the annotations of a revision, and what is beside it."""
    template = copy.deepcopy(dict(target.template or {}))
    marks = {key: one for key, one in template["metadata"].get("labels", {}).items() if key != HASH}
    template["metadata"] = {**template["metadata"], "labels": marks}
    meta = found.obj["metadata"]
    own = meta.get("annotations") or {}
    notes = {key: one for key, one in own.items() if key not in history.OWN}
    notes |= {key: one for key, one in target.notes.items() if key in history.OWN}
    spec = {**found.obj["spec"], "template": template}
    main = {**found.obj, "metadata": {**meta, "annotations": notes}, "spec": spec}
    former.check_there(session.cluster(), found, main)
    if labels.SPEC in own and labels.SPEC in target.notes:
        with suppress(SpecError):  # options that this version cannot render must not keep old pods away
            return replace(amendment.restored(session, found, target.notes), main=main)
    return Amended(main=main)
