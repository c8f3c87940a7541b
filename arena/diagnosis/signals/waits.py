"""Pods that wait: for a node, or for what they need to start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from arena.diagnosis import placement, standing
from arena.diagnosis.json_fields import items, mapping, text
from arena.diagnosis.json_fields import name as called
from arena.diagnosis.signals.signal import (
    LONGEST,
    Case,
    Signal,
    about,
    changed,
    conditions,
    containers,
    message,
    stamp,
    told,
)

Object = dict[str, Any]
OVERCOME = {
    "FailedAttachVolume": ("SuccessfulAttachVolume", "Pulling", "Pulled", "Started"),
    "FailedMount": ("Pulling", "Pulled", "Created", "Started"),
    "FailedCreatePodSandBox": ("Pulling", "Pulled", "Created", "Started"),
}
"""Reasons of events -> those of later events that show that the trouble is over."""
LAST = ("Started",)
NOT_PLACED = ("FailedScheduling", "Unschedulable")
"""The scheduler of Kubernetes, and others."""
ASIDE = ("NotTriggerScaleUp", "TriggeredScaleUp", "Nominated")
"""What autoscalers say about pods that wait."""


def signals(case: Case) -> Iterator[Signal]:
    """What the pods wait for that have neither ended nor are about to go."""
    for pod in case.pods:
        ended = text(pod, "status", "phase") in ("Succeeded", "Failed")
        if not ended and not text(pod, "metadata", "deletionTimestamp"):
            yield from _starting(pod, case) if _is_placed(pod, case) else _unscheduled(pod, case)


def _is_placed(pod: Object, case: Case) -> bool:
    """Whether a node has the pod, as far as a shortened record tells."""
    if text(pod, "spec", "nodeName") or containers(pod):
        return True
    told = [one for one in case.of(pod) if text(one, "reason") not in ASIDE]
    return bool(told) and text(told[-1], "reason") not in NOT_PLACED


def _unscheduled(pod: Object, case: Case) -> Iterator[Signal]:
    """The decisive reason of the scheduler, from the newest message that has one."""
    for said, time, kind in _messages(pod, case):
        if found := case.decisive(said, pod):
            yield Signal("unscheduled", standing.subject(pod, "pod"), found.kind, said, time, kind)
            if found.kind in (placement.CLAIM, placement.VOLUME):
                yield from _claims(pod, case)
            return


def _messages(pod: Object, case: Case) -> Iterator[tuple[str, datetime | None, str]]:
    for one in conditions(pod):
        if text(one, "type") == "PodScheduled" and text(one, "status") == "False" and text(one, "message"):
            yield text(one, "message")[:LONGEST], changed(one), "status"
    for one in reversed(case.of(pod)):
        if text(one, "reason") in NOT_PLACED:
            yield message(one), stamp(one), "event"


def _claims(pod: Object, case: Case) -> Iterator[Signal]:
    """Why the claims of a pod are not bound."""
    volumes = items(pod, "spec", "volumes")
    names = [text(one, "persistentVolumeClaim", "claimName") for one in volumes]
    for event in reversed(case.events):
        kind, _, name = about(event).partition("/")
        if kind == "persistentvolumeclaim" and name in names:
            yield told(event, "claim")._replace(pod=called(pod))


def _starting(pod: Object, case: Case) -> Iterator[Signal]:
    """Why the containers of a pod do not start."""
    states = [mapping(one, "state") for one in containers(pod)]
    waiting = [mapping(one, "waiting") for one in states if "waiting" in one]
    for one in waiting:
        words = text(one, "reason"), text(one, "message")[:LONGEST]
        yield Signal("waiting", standing.subject(pod, "pod"), *words)
    events = case.of(pod)
    yield from _probes(pod, events)
    if not waiting and standing.has_started(pod):
        return
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        if text(event, "type") == "Warning" and not _is_over(event, events[index + 1 :]):
            yield told(event, "starting")


def _probes(pod: Object, events: Sequence[Object]) -> Iterator[Signal]:
    """A program that the kubelet ends again and again because a probe of it fails."""
    if any(one.get("restartCount") and not one.get("ready") for one in containers(pod)):
        for event in reversed(events):
            if text(event, "reason") == "Killing" and "probe" in message(event):
                yield told(event, "probe")


def _is_over(event: Object, later: Sequence[Object]) -> bool:
    over = OVERCOME.get(text(event, "reason"), LAST)
    now = stamp(event)
    times = (stamp(one) for one in later if text(one, "reason") in over)
    return any(now and one and one > now for one in times)
