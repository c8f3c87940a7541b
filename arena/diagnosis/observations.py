"""What rules can match, in one form: what was observed, where, when, and whether it still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from arena.diagnosis import log_lines, standing
from arena.diagnosis.json_fields import items, mapping, moment, name, scalars, text
from arena.diagnosis.records import Log, Record
from arena.diagnosis.standing import Run
from arena.tuples import NamedTuple
from arena.values import frozen

Object = dict[str, Any]
LAST = 4000
"""Lines that are looked at, from the end of a log."""
_PLACING = ("FailedScheduling", "NotTriggerScaleUp", "Unschedulable", "FailedBinding", "ProvisioningFailed")
_STARTING = (
    "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "Failed", "BackOff", "InspectFailed",
    "ErrImageNeverPull", "FailedMapVolume", "NetworkNotReady", "FailedPostStartHook",
)  # fmt: skip
"""Reasons of events about what a pod meets before its containers run."""


@frozen
class Observation:
    """Something that was observed."""

    source: str
    """`log`, `event`, `pod`, `container`, `condition`, `object` or `cluster`."""
    subject: str
    """What it is about: `pod/bert-worker-0`."""
    text: str
    """What evidence quotes."""
    fields: Mapping[str, str]
    """What a rule compares, by name."""
    pod: str = ""
    """The pod that it concerns; "" for the job as a whole."""
    process: str = ""
    time: datetime | None = None
    at: int = 0
    """Its line in a log."""
    counts: bool = True
    """Whether it still holds: no error that the program survived, no trouble that is over."""
    last_chain: bool = False
    """Whether it is in the last traceback of its process."""
    tier: int = 1
    """0 if it keeps the job from having pods, 2 if pods wait because of it; ends of pods are between."""
    recent: bool = True
    """Whether a program that runs has printed little since."""


class Logged(NamedTuple):
    """The lines of a log, and what is known of the run that wrote them."""

    log: Log
    lines: list[log_lines.Read]
    run: Run | None


def of_objects(record: Record) -> Iterator[Observation]:
    """What events, pods, containers and conditions tell."""
    pods = {name(one): one for one in record.pods}
    for one in record.events:
        yield _event(one, pods)
    for pod in record.pods:
        yield from _pod(pod)
    for obj in (*([record.job] if record.job else ()), *record.pods, *record.objects):
        yield from _conditions(obj)


def of_log(record: Record, logged: Logged) -> Iterator[Observation]:
    """The lines of a log."""
    log, run = logged.log, logged.run
    fields = {"pod": log.pod, "container": log.container, "previous": str(log.previous).lower()}
    stopped = run is not None and run.was_stopped
    ended = run.time if run and run.state == "terminated" else None
    for line in logged.lines:
        yield Observation(
            source="log",
            subject=(f"pod/{log.pod}" if log.pod else "a pod")
            + (f" ({log.container})" if log.container else ""),
            text=line.text,
            fields={**fields, "text": line.text},
            pod=log.pod,
            process=line.process,
            time=line.time or ended,
            at=line.at,
            counts=line.fatal and not line.launcher and not (stopped and not line.last_chain),
            last_chain=line.last_chain,
            recent=line.recent and (run is None or run.state != "terminated"),
        )


def logs(record: Record) -> Iterator[Logged]:
    """The logs, each with the run that wrote it."""
    pods = {name(one): one for one in record.pods}
    for log in record.logs:
        run = _writer(pods.get(log.pod), log)
        lines = log_lines.read(log.lines[-LAST:], failed=run is None or run.has_failed)
        yield Logged(log, lines, run)


def _writer(pod: Object | None, log: Log) -> Run | None:
    """The run that wrote a log; None if it is unknown."""
    found = [one for one in standing.runs(pod or {}) if not log.container or one.container == log.container]
    if not log.container:
        found = [one for one in found if not one.init] or found
    before = [one for one in found if one.previous]
    now = [one for one in found if not one.previous]
    if log.previous:
        return before[0] if before else None
    waiting = bool(now) and now[0].state == "waiting"
    return before[0] if waiting and before else now[0] if now else None


def _event(event: Object, pods: Mapping[str, Object]) -> Observation:
    about = mapping(event, "involvedObject") or mapping(event, "regarding")
    kind, called = text(about, "kind"), text(about, "name")
    reason, message = text(event, "reason"), (text(event, "message") or text(event, "note")).strip()
    pod = pods.get(called) if kind == "Pod" else None
    over = pod is not None and (
        (reason in _PLACING and standing.is_placed(pod))
        or (reason in _STARTING and standing.has_started(pod) and "restarting failed" not in message)
    )
    return Observation(
        source="event",
        subject=f"{kind.lower()}/{called}",
        text=f"{reason}: {message}" if message else reason,
        fields={"about": kind, "name": called, "type": text(event, "type"), "reason": reason,
                "message": message},
        pod=called if kind == "Pod" else "",
        time=_first(event),
        counts=not over,
    )  # fmt: skip


def _first(event: Object) -> datetime | None:
    known = (moment(event, one) for one in ("firstTimestamp", "eventTime", "deprecatedFirstTimestamp"))
    last = (moment(event, "lastTimestamp"), moment(event, "metadata", "creationTimestamp"))
    return next((one for one in (*known, *last) if one), None)


def _pod(pod: Object) -> Iterator[Observation]:
    called, status = name(pod), mapping(pod, "status")
    reason, message = text(status, "reason"), text(status, "message")
    shown = ": ".join(filter(None, (reason or text(status, "phase"), message)))
    yield Observation(
        source="pod",
        subject=f"pod/{called}",
        text=shown,
        fields={"name": called, "phase": text(status, "phase"), "reason": reason, "message": message,
                "node": text(pod, "spec", "nodeName"),
                "deleted": "true" if text(pod, "metadata", "deletionTimestamp") else "false"},
        pod=called,
        time=moment(pod, "metadata", "deletionTimestamp") or moment(status, "startTime"),
    )  # fmt: skip
    for run in standing.runs(pod):
        yield _container(pod, run)


def _container(pod: Object, run: Run) -> Observation:
    how = f"exit code {run.exit}" if run.exit is not None else ""
    shown = ", ".join(filter(None, (f"{run.container} {run.state}".strip(), run.reason, how)))
    return Observation(
        source="container",
        subject=f"pod/{name(pod)}",
        text=f"{shown}: {run.message}" if run.message else shown,
        fields={"name": run.container, "state": run.state, "reason": run.reason, "message": run.message,
                "exit": "" if run.exit is None else str(run.exit),
                "signal": "" if run.signal is None else str(run.signal),
                "previous": str(run.previous).lower(), "init": str(run.init).lower(), "image": run.image,
                "restarts": str(run.restarts)},
        pod=name(pod),
        time=run.time or moment(pod, "metadata", "creationTimestamp"),
    )  # fmt: skip


def _conditions(obj: Object) -> Iterator[Observation]:
    kind = text(obj, "kind")
    for one in items(obj, "status", "conditions"):
        fields = {key: text(one, key) for key in ("type", "status", "reason", "message")}
        told = ": ".join(filter(None, (fields["reason"], fields["message"])))
        yield Observation(
            source="condition",
            subject=standing.subject(obj),
            text=f"{fields['type']}={fields['status']}" + (f" {told}" if told else ""),
            fields={**fields, "about": kind, "name": name(obj)},
            pod=name(obj) if kind == "Pod" else "",
            time=moment(one, "lastTransitionTime"),
        )


def of_cluster(record: Record) -> Iterator[Observation]:
    """What the cluster says about the job, as far as it still holds."""
    from arena.diagnosis import signals

    for tier, one in signals.of(record):
        kind, _, called = one.subject.partition("/")
        yield Observation(
            source="cluster",
            subject=one.subject,
            text=f"{one.reason}: {one.text}" if one.text and one.kind == "event" else one.text or one.reason,
            fields={"where": one.where, "reason": one.reason, "message": one.text, "name": called,
                    "kind": one.kind},
            pod=one.pod or (called if kind == "pod" else ""),
            time=one.time,
            tier=tier,
        )  # fmt: skip


def of_fields(record: Record) -> Iterator[Observation]:
    """Every field of every object; asked for only by rules that match fields."""
    for obj in (*([record.job] if record.job else ()), *record.pods, *record.objects):
        kind = text(obj, "kind")
        for path, value in scalars(obj):
            yield Observation(
                source="object",
                subject=standing.subject(obj),
                text=f"{path}: {value}",
                fields={"about": kind, "name": name(obj), "path": path, "value": value},
                pod=name(obj) if kind == "Pod" else "",
                time=moment(obj, "metadata", "creationTimestamp"),
            )
