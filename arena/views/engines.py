"""Engines: their list, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena.model.engines import InstalledEngine
from arena.views.noun import Noun
from arena.views.table import Column


def data(one: InstalledEngine, now: datetime) -> dict[str, Any]:
    """The engine as plain data."""
    return {
        "name": one.name,
        "title": one.title,
        "installed": one.is_installed,
        "version": one.version or None,
        "python": one.python or None,
        "own": one.own,
        "megabytes": one.size,
        "install": one.install or None,
        "obstacle": one.obstacle or None,
    }


def _status(one: InstalledEngine) -> str:
    if one.is_installed:
        return "installed" if one.own else "in your Python"
    return "missing"


def _remedy(one: InstalledEngine) -> str:
    """What to do about it; "" if it can be used."""
    return one.obstacle or ("" if one.is_installed else one.install)


ENGINES: Noun[InstalledEngine] = Noun(
    plural="engines",
    columns=(
        Column("NAME", lambda one, now: one.name),
        Column("STATUS", lambda one, now: _status(one)),
        Column("VERSION", lambda one, now: one.version or "-"),
        Column("SERVES", lambda one, now: one.title),
        Column("TO INSTALL", lambda one, now: _remedy(one)),
        Column("SIZE", lambda one, now: f"{one.size} MB", wide=True),
        Column("PYTHON", lambda one, now: one.python or "-", wide=True),
    ),
    data=data,
)
