"""What a user may do: a table of commands, and the keys of its JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena.model.permissions import Ability, Lack, Right
from arena.views.noun import Noun
from arena.views.table import Column


def data(one: Ability, now: datetime) -> dict[str, Any]:
    """The command as plain data."""
    missing = [{"effect": lack.effect, "rights": [*map(_right, lack.rights)]} for lack in one.missing]
    return {"command": one.command, "allowed": one.allowed, "missing": missing}


def _right(one: Right) -> dict[str, Any]:
    known = {"verb": one.verb, "group": one.group, "resource": one.resource}
    return {**known, "namespaced": not one.clusterwide}


def _missing(one: Ability) -> str:
    """What is missing; of a command that is not allowed, only what it does not work without."""
    return "; ".join(_lack(lack) for lack in one.missing if one.allowed or not lack.effect) or "-"


def _lack(lack: Lack) -> str:
    """`instances: list watch pods`."""
    verbs: dict[str, list[str]] = {}
    for right in lack.rights:
        verbs.setdefault(right.where, []).append(right.verb)
    places: dict[str, list[str]] = {}
    for where, found in verbs.items():
        places.setdefault(" ".join(found), []).append(where)
    text = ", ".join(f"{word} {_listed(found)}" for word, found in places.items())
    text += ", in all namespaces" if lack.rights[0].clusterwide else ""
    return f"{lack.effect}: {text}" if lack.effect else text


def _listed(found: Sequence[str]) -> str:
    return f"{found[0]} and {len(found) - 1} other types" if len(found) > 3 else ", ".join(found)


ABILITIES: Noun[Ability] = Noun(
    plural="commands",
    columns=(
        Column("COMMAND", lambda one, now: one.command),
        Column("ALLOWED", lambda one, now: "yes" if one.allowed else "no"),
        Column("MISSING", lambda one, now: _missing(one)),
    ),
    data=data,
    name=lambda one: one.command,
)
