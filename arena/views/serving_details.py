"""The sections of the page of one serving below its instances, and their JSON."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from arena.model.instances import Container, Instance
from arena.model.servings import Autoscaler, Condition, Probe, Revision, Serving
from arena.views import times
from arena.views.table import Column, ruled


def sections(one: Serving, now: datetime) -> Iterator[str]:
    """What its status, its revisions, its probes and the ends of its containers say."""
    if one.conditions:
        yield "Conditions:\n" + ruled(_CONDITIONS, one.conditions, now)
    if one.revisions:
        yield "Revisions:\n" + ruled(_REVISIONS, one.revisions, now)
    if one.probes:
        yield "Probes:\n" + ruled(_PROBES, one.probes, now)
    if ended := _ended(one):
        yield "Last restarts:\n" + ruled(_RESTARTS, ended, now)


def _ended(one: Serving) -> list[tuple[Instance, Container]]:
    """The containers that have run before, with their instances."""
    return [
        (instance, container)
        for instance in one.instances
        for container in instance.containers
        if container.restarts and container.last_finished
    ]


def _why(container: Container) -> str:
    """`Error, exit code 1`."""
    parts = [container.last_reason or "ended"]
    if container.last_exit_code is not None:
        parts.append(f"exit code {container.last_exit_code}")
    return ", ".join(parts)


def _timing(one: Probe) -> str:
    return f"every {one.period}s, {one.failures} failures" + (f", after {one.delay}s" if one.delay else "")


_CONDITIONS = (
    Column[Condition]("TYPE", lambda one, now: one.type),
    Column[Condition]("STATUS", lambda one, now: one.status),
    Column[Condition]("AGE", lambda one, now: times.age(one.changed, now)),
    Column[Condition]("REASON", lambda one, now: one.reason),
    Column[Condition]("MESSAGE", lambda one, now: one.message),
)
_REVISIONS = (
    Column[Revision]("REVISION", lambda one, now: f"{one.number}{' (current)' if one.is_current else ''}"),
    Column[Revision]("AGE", lambda one, now: times.age(one.created, now) if one.created else "N/A"),
    Column[Revision]("INSTANCES", lambda one, now: one.instances),
    Column[Revision]("IMAGE", lambda one, now: one.image),
    Column[Revision]("CAUSE", lambda one, now: one.cause),
)
_PROBES = (
    Column[Probe]("CONTAINER", lambda one, now: one.container),
    Column[Probe]("TYPE", lambda one, now: one.type),
    Column[Probe]("ACTION", lambda one, now: one.action),
    Column[Probe]("TIMES", lambda one, now: _timing(one)),
)
_RESTARTS = (
    Column[tuple[Instance, Container]]("INSTANCE", lambda one, now: one[0].name),
    Column[tuple[Instance, Container]]("CONTAINER", lambda one, now: one[1].name),
    Column[tuple[Instance, Container]]("RESTARTS", lambda one, now: one[1].restarts),
    Column[tuple[Instance, Container]]("AGO", lambda one, now: times.age(one[1].last_finished, now)),
    Column[tuple[Instance, Container]]("REASON", lambda one, now: _why(one[1])),
)


def scaler(one: Autoscaler) -> str:
    """`between 1 and 5 instances by cpu 80% (now 45%)`."""
    metrics = ", ".join(
        f"{each.name} {each.target}" + (f" (now {each.current})" if each.current else "")
        for each in one.metrics
    )
    text = f"between {one.least} and {one.most} instances by {metrics or 'nothing'}"
    return text + (f"; {one.problem}" if one.problem else "")


def scaler_data(one: Autoscaler) -> dict[str, Any]:
    """An autoscaler as plain data."""
    return {
        "name": one.name,
        "minReplicas": one.least,
        "maxReplicas": one.most,
        "metrics": [{"name": m.name, "target": m.target, "current": m.current} for m in one.metrics],
        "problem": one.problem,
    }


def data(one: Serving) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "rollout": {
            "revision": one.rollout.revision,
            "updatedInstances": one.rollout.updated,
            "oldInstances": one.rollout.old,
            "done": one.rollout.is_done,
            "failure": one.rollout.failure,
        },
        "conditions": [
            {
                "type": each.type,
                "status": each.status,
                "reason": each.reason,
                "message": each.message,
                "lastTransitionTime": times.epoch(each.changed),
            }
            for each in one.conditions
        ],
        "revisions": [
            {
                "revision": each.number,
                "current": each.is_current,
                "instances": each.instances,
                "image": each.image,
                "cause": each.cause,
                "creationTimestamp": times.epoch(each.created),
            }
            for each in one.revisions
        ],
        "probes": [
            {
                "container": each.container,
                "type": each.type,
                "action": each.action,
                "delaySeconds": each.delay,
                "periodSeconds": each.period,
                "failureThreshold": each.failures,
            }
            for each in one.probes
        ],
        "autoscaler": scaler_data(one.autoscaler) if one.autoscaler else None,
    }
