"""Differences between two jobs: their table, and the keys of their JSON."""

from datetime import datetime

from arena.model.differences import Difference
from arena.views.noun import Noun
from arena.views.table import Column


def between(left: str, right: str) -> Noun[Difference]:
    """Differences between two jobs of these names; their table shows `-` if a job has no value."""
    return Noun(
        plural="differences",
        columns=(
            Column("OPTION", lambda one, now: one.what),
            Column(left, lambda one, now: _cell(one.left)),
            Column(right, lambda one, now: _cell(one.right)),
        ),
        data=_data,
        name=lambda one: one.what,
        empty=f"{left} and {right} do not differ",
    )


def _cell(value: str | None) -> str:
    return "-" if value is None else value


def _data(one: Difference, now: datetime) -> dict[str, str | None]:
    return {"option": one.what, "left": one.left, "right": one.right}
