"""Pods that the API server refuses to create."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from arena.diagnosis.json_fields import text
from arena.diagnosis.signals.signal import Case, Signal, concerns, stamp, target, told

Object = dict[str, Any]
REFUSED = r"FailedCreate(Pod)?"
CREATED = r"SuccessfulCreate(Pod)?"


def signals(case: Case) -> Iterator[Signal]:
    """The refusals since the last pod was created, while the job lacks pods."""
    if not case.lacks_pods:
        return
    own = [one for one in case.events if _is_of(one, case)]
    made = [stamp(one) for one in own if re.fullmatch(CREATED, text(one, "reason"))]
    latest = max(filter(None, made), default=None)
    for one in reversed(own):
        time = stamp(one)
        if re.fullmatch(REFUSED, text(one, "reason")) and (not latest or not time or time >= latest):
            yield told(one, "refusal")


def _is_of(event: Object, case: Case) -> bool:
    """Whether an event is about the job, or about something between it and its pods."""
    name = text(target(event), "name")
    if concerns(event, case.job) or name == case.name:
        return True
    # Jobs, ReplicaSets and StatefulSets that others make are called after them.
    return text(target(event), "kind") != "Pod" and name.startswith(f"{case.name}-")
