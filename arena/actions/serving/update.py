"""Change the options of a serving: all but its name and its version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.serving import amendment, change, direct, history, transition
from arena.actions.serving.beside import Amended
from arena.actions.serving.canary import state
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.submit.submit import Tell, ignore
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.resources import SERVICES
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]


def update(  # noqa: PLR0913  # what names a serving, what changes, and how
    session: Session,
    name: str,
    changes: Mapping[str, object],
    *,
    version: str = "",
    kind: Kind | str | None = None,
    dry_run: bool = False,
    tell: Tell = ignore,
) -> Changed:
    """Change options of a serving; its instances are replaced if their template changes.

    Only what the options control is changed, of the main object and of those beside it, such as its Service.
    In particular, the number of instances stays unless it is given. If a step is refused or interrupted, all
    is as before.

    Args:
        changes: option -> value, such as `{"image": "v2", "env": {"A": "1"}}`. Options that hold several
            values gain those that are given; `NAME-` removes one by its name.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.
        dry_run: change nothing.
        tell: called with each remark, such as a summary of the code.

    Raises:
        NotFound: there is no such serving.
        SpecError: an option cannot be changed, or its value cannot be used.
        Conflict: other clients changed it again and again, or something else has the name of a new object.
        NotAllowed, MissingOperator, Unreachable: the cluster refused one of the changes.
    """
    if not changes:
        raise SpecError("nothing to change", "give an option, such as --image IMAGE")
    found = change.locate(session, name, version, kind)
    state.check_own(found)
    cause, amending = told(changes), _amending(session, found, changes, tell)

    def amend(now: Found) -> Amended:
        made = amending(now)
        if not _differs(now.obj, made.main):
            return made
        return replace(made, main=history.noted(now, made.main, cause))

    return transition.apply(session.cluster(), found, amend, dry_run=dry_run)


def _amending(
    session: Session, found: Found, changes: Mapping[str, object], tell: Tell
) -> Callable[[Found], Amended]:
    """A function that says what a serving becomes with these options changed; raises as `update`."""
    if labels.SPEC not in (found.obj["metadata"].get("annotations") or {}):
        return lambda now: Amended(main=direct.amended(now, changes))
    made = amendment.Amendment(session, found.kind, changes)
    for remark in made.remarks:
        tell(remark)
    return made.of


def amended(session: Session, found: Found, changes: Mapping[str, object]) -> Object:
    """What the main object of a serving becomes with these options changed, for a canary; raises as `update`.

    Raises:
        SpecError: also if other objects beside the main one would be needed.
    """
    made = _amending(session, found, changes, ignore)(found)
    ports = [
        {
            each["name"]
            for one in some.values()
            if one["kind"] == SERVICES.kind
            for each in one["spec"]["ports"]
        }
        for some in (made.after, *made.before[:1])
    ]
    if made.contents or made.code_parts or ports[0] != ports[-1]:
        raise SpecError(
            "a canary cannot have files, secrets, code or ports that its serving lacks",
            "update the serving without --canary, or submit another version and split the traffic",
        )
    return made.main


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
