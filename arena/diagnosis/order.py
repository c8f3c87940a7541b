"""Which of the matches is the cause: the earliest failure, in time and in the order of dependence.

First, each process of each instance is told by one match: a cause before a consequence before what only says
that it failed, what is in the last traceback before other lines, and then the highest rank. The earliest of
these is the cause of the job. A consequence, such as a timeout of NCCL, counts only if no instance has a
cause of its own that came before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from arena.diagnosis.matching import Match
from arena.diagnosis.rules import LEVELS

TOLERANCE = timedelta(seconds=5)
"""How far the clocks of two nodes may be apart, and how coarse the times of the API are."""
_NEVER = datetime.max.replace(tzinfo=timezone.utc)


def order(matches: Sequence[Match]) -> list[Match]:
    """The best match of each process, the cause first."""
    processes: defaultdict[tuple[str, str], list[Match]] = defaultdict(list)
    for one in matches:
        processes[one.seen.pod, one.seen.process].append(one)
    _join(processes)
    best = [min(found, key=_within) for found in processes.values()]
    if not best:
        return []
    found = sorted(best, key=_across)
    causes = [one for one in found if one.rule.level == "cause"]
    others = [one for one in found if one.rule.level != "cause"]
    if causes and not _precedes(others, causes[0]):
        return [*causes, *others]
    return _dependent(others) + causes


def _join(processes: dict[tuple[str, str], list[Match]]) -> None:
    """Let what is known of a whole instance compete with what its ranks have logged."""
    for pod, process in [key for key in processes if key[1]]:
        whole = processes.get((pod, ""), [])
        if whole and process:
            general = [one for one in whole if one.rule.level == "general"]
            processes[pod, ""] = [one for one in whole if one not in general]
            if not processes[pod, ""]:
                del processes[pod, ""]


def _within(one: Match) -> tuple[int, bool, int, int]:
    """The order of the matches of one process."""
    general = one.rule.level == "general"
    chained = not general and one.seen.source == "log" and not one.seen.last_chain
    return LEVELS.index(one.rule.level), chained, -one.rule.rank, one.seen.at


def _across(one: Match) -> tuple[int, datetime, int, int]:
    """The order of the matches of several processes."""
    seen = one.seen
    return seen.tier, (seen.time or _NEVER).replace(microsecond=0), -one.rule.rank, seen.at


def _precedes(others: Sequence[Match], first: Match) -> bool:
    """Whether a consequence came clearly before the first cause, which then is not its cause."""
    known = [one.seen.time for one in others if one.seen.time and one.rule.level == "consequence"]
    return bool(known and first.seen.time and min(known) + TOLERANCE < first.seen.time)


def _dependent(others: Sequence[Match]) -> list[Match]:
    """Consequences first, unless an instance failed clearly before, for whatever reason."""
    consequences = [one for one in others if one.rule.level == "consequence"]
    general = [one for one in others if one.rule.level == "general"]
    for one in general if consequences else ():
        first, before = consequences[0].seen.time, one.seen.time
        # An exception of another instance may end it before its own clock says so.
        own = one.seen.source == "log" and one.seen.pod != consequences[0].seen.pod
        if first and before and before + TOLERANCE * (-1 if own else 1) < first:
            return [one, *(other for other in general if other is not one), *consequences]
    return consequences + general
