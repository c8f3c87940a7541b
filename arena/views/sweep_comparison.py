"""Trials of sweeps side by side: their metrics, and the values in which they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from arena.model.sweeps import Contender, Trial
from arena.search.assignments import Value, shown
from arena.views import times
from arena.views.sweeps import BEST, assigned, goal_data, number, progress, trial_data
from arena.views.table import plain


def table(found: Sequence[Contender], now: datetime) -> str:
    """A column for each trial, and a line for each metric and each value in which they differ.

    The best value of a metric that all sweeps optimize in one direction is marked with *.
    """
    names = dict.fromkeys(name for one in found for name in _assignments(one))
    values = {name: [_assignments(one).get(name) for one in found] for name in names}
    same = [name for name in names if len(set(map(_exact, values[name]))) == 1]
    lines = [
        ["", *(f"{one.sweep.name} {one.trial.number if one.trial else '-'}" for one in found)],
        *_facts(found, now),
        *([name, *_results(name, found)] for name in _metrics(found)),
        *([name, *_distinct(values[name])] for name in names if name not in same),
    ]
    text = plain(lines)
    common = ", ".join(f"{name}={assigned(values[name][0])}" for name in same)
    return f"{text}\n\nThe same in all: {common}" if common else text


def _assignments(one: Contender) -> dict[str, Value]:
    return dict(one.trial.assignments) if one.trial else {}


def _facts(found: Sequence[Contender], now: datetime) -> list[list[str]]:
    several = len({one.sweep.name for one in found}) > 1

    def line(title: str, cell: Callable[[Trial], str]) -> list[str]:
        return [title, *(cell(one.trial) if one.trial else "-" for one in found)]

    return [
        *([["ALGORITHM", *(one.sweep.algorithm for one in found)]] if several else []),
        *([["TRIALS", *(progress(one.sweep) for one in found)]] if several else []),
        line("STATUS", lambda one: one.status),
        line("DURATION", lambda one: times.span(one.duration(now)) if one.started else "-"),
    ]


def _metrics(found: Sequence[Contender]) -> list[str]:
    """The names of all metrics, those that are optimized first."""
    goals = [goal.metric for one in found for goal in one.sweep.objectives]
    others = [name for one in found if one.trial for name in one.trial.metrics]
    return list(dict.fromkeys([*goals, *others]))


def _results(name: str, found: Sequence[Contender]) -> list[str]:
    """The values of a metric, the best of them marked."""
    values = [one.trial.metrics.get(name) if one.trial else None for one in found]
    ways = {goal.maximize for one in found for goal in one.sweep.objectives if goal.metric == name}
    ended = [value for value, one in zip(values, found, strict=True) if one.trial and one.trial.succeeded]
    known = {value for value in ended if value is not None and math.isfinite(value)}
    best = (max if ways == {True} else min)(known) if len(ways) == 1 and len(known) > 1 else None
    return [
        f"{cell} {BEST}" if best is not None and value == best else cell
        for cell, value in zip(_distinct(values), values, strict=True)
    ]


def _distinct(values: Sequence[Value | None]) -> list[str]:
    """The values for people; with all digits if different ones would look the same."""
    brief = [number(value) if isinstance(value, float) else assigned(value) for value in values]
    exact = [_exact(value) for value in values]
    return brief if len(set(brief)) == len(set(exact)) else exact


def _exact(value: Value | None) -> str:
    return "-" if value is None else shown(value)


def data(found: Sequence[Contender], now: datetime) -> list[dict[str, Any]]:
    """The trials as JSON, each with its sweep; `trial` is null if the best one is not known yet."""
    return [
        {
            "sweep": one.sweep.name,
            "namespace": one.sweep.namespace,
            "algorithm": one.sweep.algorithm,
            "objectives": [goal_data(goal) for goal in one.sweep.objectives],
            "trial": trial_data(one.trial, now) if one.trial else None,
        }
        for one in found
    ]
