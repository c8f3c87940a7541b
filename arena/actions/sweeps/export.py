"""The trials of a sweep as a table for other programs."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any

from arena.errors import ArenaError, Conflict
from arena.model.sweeps import Sweep, Trial
from arena.search.assignments import shown
from arena.units import rfc3339

FORMATS = ("csv", "json")
OWN = ("number", "name", "status")
TIMES = ("started", "ended", "seconds", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How texts begin that spreadsheets run."""


def rows(one: Sweep) -> list[dict[str, Any]]:
    """One row for each trial: its number, name and status, its values, its metrics, and its times.

    Parameters are the keys `param.NAME`, metrics the keys `metric.NAME`; what a trial lacks is None.
    """
    params = dict.fromkeys(name for trial in one.trials for name in trial.assignments)
    goals = [goal.metric for goal in one.objectives]
    metrics = dict.fromkeys([*goals, *one.metrics, *(name for each in one.trials for name in each.metrics)])
    return [_row(trial, list(params), list(metrics)) for trial in one.trials]


def _row(trial: Trial, params: list[str], metrics: list[str]) -> dict[str, Any]:
    has_times = trial.started and trial.ended
    return {
        "number": trial.number,
        "name": trial.name,
        "status": trial.status,
        **{f"param.{name}": trial.assignments.get(name) for name in params},
        **{f"metric.{name}": trial.metrics.get(name) for name in metrics},
        "started": rfc3339(trial.started) if trial.started else None,
        "ended": rfc3339(trial.ended) if trial.ended else None,
        "seconds": trial.duration(trial.ended).total_seconds() if has_times and trial.ended else None,
        "reason": trial.reason or None,
    }


def export(one: Sweep, form: str) -> str:
    """The trials as the text of a file.

    Args:
        form: `csv` or `json`; numbers in CSV are exact, and a missing value is empty.
    """
    found = rows(one)
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    text = io.StringIO()
    titles = list(found[0]) if found else [*OWN, *TIMES]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([_cell(row[title]) for title in titles] for row in found)
    return text.getvalue()


def save(one: Sweep, path: str, form: str, *, over: bool = False) -> None:
    """Write the trials into a file, as `export` makes its text.

    Args:
        over: whether a file that exists is replaced.

    Raises:
        Conflict: the file exists.
        ArenaError: it cannot be written.
    """
    check_new(path, over=over)
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(export(one, form))
    except OSError as cause:
        raise ArenaError(f"{path} cannot be written: {cause.strerror}", "choose another file") from cause


def check_new(path: str, *, over: bool) -> None:
    """Check that a file does not exist, unless it is to be replaced.

    Raises:
        Conflict: it exists.
    """
    if os.path.lexists(path) and not over:
        raise Conflict(f"{path} already exists", "choose another file, or replace it with --force")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = shown(value)
    # A text that somebody else chose must not run in a spreadsheet.
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
