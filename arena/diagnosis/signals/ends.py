"""Pods that ended, or whose node is gone: by the cluster's doing or by their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from arena.diagnosis import standing
from arena.diagnosis.json_fields import mapping, moment, name, number, text
from arena.diagnosis.signals.signal import (
    LONGEST,
    Case,
    Signal,
    about,
    concerns,
    conditions,
    containers,
    message,
    stamp,
    stated,
    target,
    told,
    true,
)

Object = dict[str, Any]
DOINGS = ("Preempted", "Preempting", "Evicted", "Evict", "TaintManagerEviction", "NodeNotReady")
"""Reasons of events about pods that something is done to."""
NODE_DOINGS = ("NodeNotReady", "NodeReady", "RemovingNode", "DeletingNode")
"""The same of events about nodes; only the last of them holds."""
STOPPED = (128 + 15, 128 + 9)
"""Exit codes of programs that are told to end, and that are killed because they do not."""
CLOSE = timedelta(minutes=1)


def signals(case: Case) -> Iterator[Signal]:
    """How pods ended, the earliest first: later ones may be a consequence."""
    if case.phase == "succeeded":
        return
    found = [*_doings(case)]
    for pod in case.pods:
        if condition := true(pod, "DisruptionTarget"):
            found.append(stated(pod, condition, "disruption", "pod"))
        found += [*_ended(pod), *_out_of_memory(pod, case), *_probed(pod, case)]
    yield from sorted(found, key=lambda one: one.time.timestamp() if one.time else float("inf"))
    yield from _lost_nodes(case)


def _doings(case: Case) -> Iterator[Signal]:
    for event in case.events:
        of_pod = text(target(event), "kind") == "Pod"
        if of_pod and text(event, "reason") in DOINGS and _still_matters(event, case):
            yield told(event, "disruption")


def _still_matters(event: Object, case: Case) -> bool:
    """Whether what was done to a pod still shows: it has ended, it is going, or no other has run since."""
    called, time = text(target(event), "name"), stamp(event)
    if case.created and time and time < case.created:
        return False  # of an earlier job of the same name
    pod = case.pod(called)
    if pod is None or not concerns(event, pod):
        later = (one for one in case.record.pods if _is_later(one, time) and standing.has_started(one))
        return called.startswith(f"{case.name}-") and not case.runs and not any(later)
    if text(event, "reason") == "NodeNotReady":
        node = case.node(pod)
        lost = not true(node, "Ready") if node else case.of(pod)[-1] is event
        return lost and not _has_succeeded(pod)
    return True


def _is_later(pod: Object, time: datetime | None) -> bool:
    created = moment(pod, "metadata", "creationTimestamp")
    return created is not None and time is not None and created >= time


def _has_succeeded(pod: Object) -> bool:
    return text(pod, "status", "phase") == "Succeeded"


def _ended(pod: Object) -> Iterator[Signal]:
    subject = standing.subject(pod, "pod")
    if (word := text(pod, "status", "reason")) and not _has_succeeded(pod):
        yield Signal("pod", subject, word, text(pod, "status", "message")[:LONGEST], _end(pod))
    for container in containers(pod):
        # A container that waits to be started again says in its last state how it ended.
        waits = "waiting" in mapping(container, "state")
        for end in (mapping(container, "lastState" if waits else "state", "terminated"),):
            if number(end, "exitCode") or number(end, "signal"):
                word = text(end, "reason") or "Error"
                words = (
                    f"{word}: exit code {number(end, 'exitCode')}. {text(end, 'message')[:LONGEST]}".rstrip()
                )
                yield Signal("ended", subject, word, words, moment(end, "finishedAt"))


def _out_of_memory(pod: Object, case: Case) -> Iterator[Signal]:
    """What the node says of programs that it killed, when one of the pod was killed."""
    killed = [one.time for one in _ended(pod) if one.where == "ended" and "exit code 137" in one.text]
    where = text(pod, "spec", "nodeName")
    for event in case.named(where) if killed else ():
        if about(event) == f"node/{where}" and text(event, "reason") in ("OOMKilling", "SystemOOM"):
            time = stamp(event)
            if any(one and time and abs(one - time) < CLOSE for one in killed):
                yield told(event, "ended")._replace(pod=name(pod))


def _probed(pod: Object, case: Case) -> Iterator[Signal]:
    """The probe for which the kubelet ended a pod that is not started again."""
    stopped = [one for one in standing.runs(pod) if one.state == "terminated" and one.exit in STOPPED]
    if text(pod, "status", "phase") != "Failed" or not stopped:
        return
    for event in reversed(case.of(pod)):
        time, ended = stamp(event), stopped[0].time
        near = time and ended and -CLOSE < ended - time < CLOSE
        if near and re.match(r"(?:Liveness|Startup) probe failed|.*failed \w+ probe", message(event)):
            yield told(event, "probe")


def _end(pod: Object) -> datetime | None:
    ends = (moment(one, "state", "terminated", "finishedAt") for one in containers(pod))
    return max(filter(None, ends), default=None)


def _lost_nodes(case: Case) -> Iterator[Signal]:
    """The nodes that do not report, with pods of the job that have not ended."""
    pods = [one for one in case.pods if text(one, "status", "phase") not in ("Succeeded", "Failed")]
    lost = {name(node): node for node in map(case.node, pods) if node is not None}
    for node in lost.values():
        for one in conditions(node):
            if text(one, "type") == "Ready" and text(one, "status").lower() != "true":
                yield stated(node, one, "node", "node")
    for where in {text(one, "spec", "nodeName") for one in pods} - {"", *lost}:
        told_of = [one for one in case.named(where) if text(one, "reason") in NODE_DOINGS]
        if told_of and text(told_of[-1], "reason") != "NodeReady":
            yield told(told_of[-1], "node")
