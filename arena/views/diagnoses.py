"""Why a job waits or fails: the page, and the keys of its JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arena import visible
from arena.model.findings import NONE, Diagnosis, Evidence, Finding
from arena.views import times


def text(one: Diagnosis) -> str:
    """The cause, what shows it, and the commands to run next."""
    return visible.lines(_lines(one))


def _lines(one: Diagnosis) -> Iterator[str]:
    found = one.finding
    if one.subject:
        yield f"ABOUT     {one.subject}"
    yield f"CAUSE     {found.cause} ({found.id})" if not one.well else f"CAUSE     {found.cause}"
    for at, shown in enumerate(found.evidence):
        yield ("EVIDENCE  " if at == 0 else "          ") + _evidence(shown)
    for at, command in enumerate(found.fix):
        yield ("FIX       " if at == 0 else "          ") + command
    if found.id == NONE and not one.well:
        yield f"LOOKED AT {', '.join(one.looked) or 'nothing'}"


def _evidence(one: Evidence) -> str:
    time = f"{times.stamp(one.time)}  " if one.time else ""
    return f"{time}{one.kind} of {one.subject}: {one.text}"


def data(one: Diagnosis) -> dict[str, Any]:
    """The diagnosis as JSON."""
    return {
        "name": one.name,
        "namespace": one.namespace,
        "kind": one.kind,
        "subject": one.subject,
        "phase": one.phase,
        "well": one.well,
        "cause": one.finding.id,
        "message": one.finding.cause,
        "evidence": [_shown(each) for each in one.finding.evidence],
        "fix": list(one.finding.fix),
        "followed": [_followed(each) for each in one.followed],
        "lookedAt": list(one.looked),
        "unread": list(one.unread),
    }


def _shown(one: Evidence) -> dict[str, Any]:
    return {"source": one.kind, "subject": one.subject, "time": times.stamp(one.time), "text": one.text}


def _followed(one: Finding) -> dict[str, str]:
    return {"cause": one.id, "message": one.cause}
