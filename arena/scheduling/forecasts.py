"""When a job in a queue will likely start: from its place, the quota, and how long earlier jobs ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import quantiles

from arena.scheduling import amounts
from arena.tuples import NamedTuple

ENOUGH = 3
"""Number of earlier jobs below which nothing is said of how long jobs take."""
Amounts = Mapping[str, int]


class Run(NamedTuple):
    """A job that holds a part of the quota."""

    holds: Amounts
    started: datetime


class Line(NamedTuple):
    """What is known of a queue as a job joins it."""

    free: Amounts
    """What is left of the quota, of each resource that the queue covers."""
    ahead: Sequence[Amounts]
    """What the jobs want that wait before it, the first one first."""
    runs: Sequence[Run]
    durations: Sequence[float]
    """Seconds that earlier jobs of the queue ran."""


def has_room(line: Line, wants: Amounts) -> bool:
    """Whether the quota has room for a job beside all that wait before it."""
    left = _less(line.free, amounts.total(line.ahead))
    return _covers(left, wants)


def start(line: Line, wants: Amounts, now: datetime) -> tuple[datetime, datetime, datetime] | None:
    """An early, a typical and a late start; None if too little is known, or the quota will never do.

    It assumes that jobs take as long as earlier ones, that those with less quota do not overtake, and that
    nobody with more priority joins.
    """
    if has_room(line, wants):
        return now, now, now
    if len(line.durations) < ENOUGH:
        return None
    early, typical, late = (_start(line, wants, now, share) for share in (0, 1, 2))
    return (early, typical, late) if early and typical and late else None


def _start(line: Line, wants: Amounts, now: datetime, share: int) -> datetime | None:
    ends = []
    for run in line.runs:
        rest = _rest(line.durations, (now - run.started).total_seconds(), share)
        if rest is not None:
            ends.append((now + timedelta(seconds=rest), run.holds))
    free, moment = dict(line.free), now
    for one in (*line.ahead, wants):
        while not _covers(free, one):
            if not ends:
                return None
            ends.sort(key=lambda end: end[0])
            moment, freed = ends.pop(0)
            free = amounts.total([free, freed])
        free = _less(free, one)
        rest = _rest(line.durations, 0, share)
        if rest is not None:
            ends.append((moment + timedelta(seconds=rest), one))
    return moment


def _rest(durations: Sequence[float], elapsed: float, share: int) -> float | None:
    """How long a job runs on that has run for some time: a quartile of the earlier ones that ran longer."""
    longer = [one - elapsed for one in durations if one > elapsed]
    if not longer:
        return None
    return longer[0] if len(longer) == 1 else max(quantiles(longer, n=4, method="inclusive")[share], 0.0)


def _less(free: Amounts, taken: Amounts) -> dict[str, int]:
    return {name: amount - taken.get(name, 0) for name, amount in free.items()}


def _covers(free: Amounts, wants: Amounts) -> bool:
    return all(amount <= free[name] for name, amount in wants.items() if name in free)
