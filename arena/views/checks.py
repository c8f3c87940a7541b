"""Checks of a cluster: a line each with what to do next, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena import visible
from arena.model.checks import FAILURE, NOTE, OK, UNKNOWN, WARNING, Check
from arena.views.noun import Noun
from arena.views.table import Column

MARKS = {OK: "ok", NOTE: "note", WARNING: "WARN", FAILURE: "FAIL", UNKNOWN: "?"}


def line(one: Check) -> str:
    """`FAIL  the operator does not run`, and the next step on a line of its own."""
    step = f"\n      -> {visible.line(one.remedy)}" if one.remedy else ""
    return f"{MARKS[one.state]:<4}  {visible.line(one.message)}{step}"


def _data(one: Check, now: datetime) -> dict[str, Any]:
    return {"id": one.id, "state": one.state, "message": one.message, "remedy": one.remedy}


CHECKS: Noun[Check] = Noun(
    plural="checks",
    columns=(
        Column("STATE", lambda one, now: MARKS[one.state]),
        Column("CHECK", lambda one, now: one.id),
        Column("MESSAGE", lambda one, now: one.message),
        Column("NEXT", lambda one, now: one.remedy or "-"),
    ),
    data=_data,
    name=lambda one: one.id,
)
