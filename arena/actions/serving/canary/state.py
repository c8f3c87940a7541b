"""What an annotation of a serving says of its canary.

It is the whole state, so that any client can end what another one began.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from arena import foreign_json, labels
from arena.actions.serving.find import Found
from arena.errors import Conflict, aimed
from arena.resources import DEPLOYMENTS
from arena.values import field, frozen

Object = dict[str, Any]
SUFFIX = "-canary"
SAME = "the canary would run what the serving runs already"
"""Why a change has nothing to try."""


@frozen
class Canary:
    """A canary that runs beside its serving."""

    main: Found
    percent: int
    """The part of the traffic that it shall get."""
    changes: Mapping[str, Any]
    """The options that it changes, by field."""
    guard: str = ""
    revision: str = ""
    """The revision that the serving ran before, if the canary is one of the same object."""
    undo: Mapping[str, Any] = field(default_factory=dict)
    """The JSON merge patch that takes the changes back, if the canary is a part of the same object."""
    tried: str = ""
    """The revision of the canary, once it is being rolled back."""

    @property
    def name(self) -> str:
        """The name of the serving."""
        return self.main.serving.name

    @property
    def version(self) -> str:
        """The version of the canary; "" if it is a part of the same object."""
        return f"{self.main.serving.version}{SUFFIX}" if self.main.resource == DEPLOYMENTS else ""

    @property
    def title(self) -> str:
        """The canary for people: `digits 1-canary`."""
        return f"{self.name} {self.version}".rstrip()


def current(found: Found) -> Canary | None:
    """The canary that somebody has started beside a serving; None if there is none."""
    text = (found.obj["metadata"].get("annotations") or {}).get(labels.CANARY)
    try:
        state = foreign_json.loads(text or "null")
        return Canary(
            main=found,
            percent=int(state["percent"]),
            changes=dict(state["changes"]),
            guard=str(state.get("guard") or ""),
            revision=str(state.get("revision") or ""),
            undo=dict(state.get("undo") or {}),
            tried=str(state.get("tried") or ""),
        )
    except (ValueError, TypeError, KeyError, AttributeError):  # none, or edited by hand
        return None


def check_none(found: Found) -> None:
    """Raise Conflict if the serving has a canary."""
    if current(found):
        where = aimed(found.serving.name, found.serving.namespace)
        raise Conflict(
            f'serving "{found.serving.title}" has a canary already',
            f"end it: arena serve promote {where}, or arena serve rollback {where}",
        )


def check_own(found: Found) -> None:
    """Raise Conflict if what the main object runs is a canary, which has no object of its own."""
    if found.resource != DEPLOYMENTS:
        check_none(found)


def noted(found: Found, canary: Canary | None) -> Object:
    """The main object with the state of its canary, or with none."""
    meta = found.obj["metadata"]
    notes = {key: one for key, one in (meta.get("annotations") or {}).items() if key != labels.CANARY}
    if canary:
        state = {"percent": canary.percent, "changes": canary.changes, "guard": canary.guard}
        state |= {"revision": canary.revision, "undo": canary.undo} if canary.undo else {}
        state |= {"tried": canary.tried} if canary.tried else {}
        notes[labels.CANARY] = json.dumps(state, default=str)
    return {**found.obj, "metadata": {**meta, "annotations": notes}}
