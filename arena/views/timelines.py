"""Timelines: bars of stages, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from arena.model.timelines import RUNNING, WHAT, Stage, Timeline
from arena.views import times
from arena.views.noun import Noun
from arena.views.table import plain

BAR = 30
"""Cells of the longest bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def page(timeline: Timeline, now: datetime) -> str:
    """The stages of the job, each with its share of the whole time, and what was slower than usual."""
    total = sum((one.took(now) for one in timeline.stages), timedelta())
    head = ["STAGE", "BEGAN", "TOOK", *(["USUALLY"] if timeline.usual else []), "SHARE", ""]
    rows = [_row(one, timeline, now, total) for one in timeline.stages]
    reason = f" ({timeline.reason})" if timeline.reason else ""
    first = f"{timeline.kind} {timeline.name} {timeline.status}{reason}, {times.span(total)} in all"
    return "\n".join([first, "", plain([head, *rows]), *_compared(timeline, now)])


def _row(stage: Stage, timeline: Timeline, now: datetime, total: timedelta) -> list[str]:
    took = stage.took(now)
    usual = timeline.usual.get(stage.name)
    shown = [times.span(usual) if usual is not None else "-"] if timeline.usual else []
    told = [WHAT[stage.name]] if WHAT[stage.name] else []
    told += [f"longest on {stage.last}"] if stage.last else []
    span = times.span(took) + ("..." if stage.ended is None else "")
    return [stage.name, times.clock(stage.began)[11:], span, *shown, _bar(took, total), ", ".join(told)]


def _bar(part: timedelta, total: timedelta) -> str:
    eighths = round(BAR * 8 * (part / total)) if total else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()) or "▏"


def _compared(timeline: Timeline, now: datetime) -> list[str]:
    if not timeline.runs:
        return []
    slow = [
        f"{one.name} took {times.span(one.took(now))}, usually {times.span(usual)}"
        for one in timeline.stages
        if one.name != RUNNING and (usual := timeline.usual.get(one.name)) is not None
        and one.took(now) > max(2 * usual, usual + timedelta(seconds=5))
    ]  # fmt: skip
    count = f"{len(timeline.runs)} earlier run{'s' if len(timeline.runs) > 1 else ''}"
    return ["", f"Slower than in {count}: {'; '.join(slow)}" if slow else f"As quick to start as {count}"]


def _stages_data(stages: Sequence[Stage], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "stage": one.name,
            "began": times.stamp(one.began),
            "ended": times.stamp(one.ended),
            "seconds": one.took(now).total_seconds(),
            **({"longest": one.last} if one.last else {}),
        }
        for one in stages
    ]


def _data(timeline: Timeline, now: datetime) -> dict[str, Any]:
    return {
        "name": timeline.name,
        "namespace": timeline.namespace,
        "kind": timeline.kind,
        "status": timeline.status,
        "stages": _stages_data(timeline.stages, now),
        "instances": [
            {"name": name, "stages": _stages_data(stages, now)} for name, stages in timeline.instances.items()
        ],
        "usualSeconds": {name: usual.total_seconds() for name, usual in timeline.usual.items()},
        "earlierRuns": list(timeline.runs),
    }


TIMELINES: Noun[Timeline] = Noun(plural="timelines", columns=(), data=_data, page=page)
