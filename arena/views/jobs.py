"""Training jobs: the list, the page of one job, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from arena import units
from arena.model import Code, Event, Instance, Job, Phase, Queue
from arena.views.table import Column, pairs, ruled

LIVE = (Phase.PENDING, Phase.STARTING, Phase.RUNNING, Phase.RESTARTING)


def _allocated(job: Job) -> object:
    return job.gpus_allocated if job.phase in LIVE else "N/A"


def _node(job: Job) -> str:
    chief = job.chief
    return (chief and (chief.node_ip or chief.node)) or "N/A"


def ready(job: Job) -> str:
    """`2/4`: instances that are ready, of those that the job asks for."""
    return f"{job.ready}/{job.wanted}"


NAMESPACE: Column[Job] = Column("NAMESPACE", lambda job, now: job.namespace)
JOBS: tuple[Column[Job], ...] = (
    Column("NAME", lambda job, now: job.name),
    Column("STATUS", lambda job, now: job.phase.value),
    Column("TRAINER", lambda job, now: job.kind.upper()),
    Column("DURATION", lambda job, now: units.age(job.duration(now).total_seconds()), short="TIME"),
    Column("GPU(Requested)", lambda job, now: job.gpus, short="GPUS"),
    Column("GPU(Allocated)", lambda job, now: _allocated(job), short="HELD"),
    Column("NODE", lambda job, now: _node(job)),
    Column("READY", lambda job, now: "-" if job.phase.is_final else ready(job), wide=True),
    Column("SUBMITTER", lambda job, now: job.submitter or "N/A", wide=True),
    Column("REASON", lambda job, now: job.reason or "-", wide=True),
)
TOP: tuple[Column[Job], ...] = (
    Column("NAME", lambda job, now: job.name),
    Column("STATUS", lambda job, now: job.phase.value),
    Column("TRAINER", lambda job, now: job.kind.upper()),
    Column("AGE", lambda job, now: units.age(units.since(job.created, now).total_seconds())),
    Column("GPU(Requested)", lambda job, now: job.gpus, short="GPUS"),
    Column("GPU(Allocated)", lambda job, now: job.gpus_allocated, short="HELD"),
    Column("NODE", lambda job, now: _node(job)),
)
ENDED: tuple[Column[Job], ...] = (
    Column("NAME", lambda job, now: job.name),
    Column("STATUS", lambda job, now: job.phase.value),
    Column("TRAINER", lambda job, now: job.kind.upper()),
    Column("ENDED", lambda job, now: f"{units.age(units.since(job.finished, now).total_seconds())} ago"),
    Column("SUBMITTER", lambda job, now: job.submitter or "N/A"),
)
INSTANCES: tuple[Column[Instance], ...] = (
    Column("NAME", lambda one, now: one.name),
    Column("STATUS", lambda one, now: one.status),
    Column("AGE", lambda one, now: units.age(one.age(now).total_seconds())),
    Column("IS_CHIEF", lambda one, now: str(one.chief).lower()),
    Column("GPU(Requested)", lambda one, now: one.gpus),
    Column("NODE", lambda one, now: one.node or "N/A"),
)
EVENTS: tuple[Column[Event], ...] = (
    Column("SOURCE", lambda one, now: one.subject),
    Column("TYPE", lambda one, now: one.type),
    Column("AGE", lambda one, now: units.age(units.since(one.last, now).total_seconds())),
    Column("MESSAGE", lambda one, now: f"[{one.reason}] {one.message}" + _times(one)),
)


def _times(event: Event) -> str:
    return f" (x{event.count})" if event.count > 1 else ""


def columns(view: Sequence[Column[Job]], *, everywhere: bool) -> tuple[Column[Job], ...]:
    """The view, led by the namespace where jobs of several are shown."""
    return (NAMESPACE, *view) if everywhere else tuple(view)


def page(job: Job, now: datetime, events: Sequence[Event] | None = None) -> str:
    """Everything about one job on a page, in the Go arena's order; events only where given."""
    sections = [_header(job, now)]
    if job.instances:
        sections.append("Instances:\n" + ruled(INSTANCES, job.instances, now))
    if job.gpus and job.phase is not Phase.SUCCEEDED:
        sections.append(f"GPUs:\n  Allocated/Requested GPUs of Job: {job.gpus_allocated}/{job.gpus}")
    if job.tensorboard:
        sections.append(f"Your tensorboard will be available on:\n{job.tensorboard}")
    if events is not None:
        body = ruled(EVENTS, events, now) if events else "  No events"
        sections.append("Events:\n" + body)
    return "\n\n".join(sections)


def _header(job: Job, now: datetime) -> str:
    return pairs(
        [
            ("Name", job.name),
            ("Status", job.phase.value),
            *([("Reason", job.reason)] if job.reason else []),
            ("Namespace", job.namespace),
            ("Priority", job.priority or "N/A"),
            *(_queue(job.queue) if job.queue else []),
            ("Trainer", job.kind.upper()),
            ("Duration", units.age(job.duration(now).total_seconds())),
            ("CreateTime", _clock(job.created)),
            ("EndTime", _clock(job.finished)),
            *_model(job),
            *([("Code", _code(job.code))] if job.code else []),
        ]
    )


def _queue(queue: Queue) -> list[tuple[str, str]]:
    place = f", {queue.place}" if queue.place else ""
    used = ", ".join(f"{one.resource} {one.total} ({one.flavor})" for one in queue.usage)
    return [("Queue", queue.name + place), *([("QueueUsage", used)] if used else [])]


def _model(job: Job) -> list[tuple[str, str]]:
    """The model that the job is to give, under the Go arena's titles."""
    known = {"ModelName": job.model.name, "ModelVersion": job.model.version, "ModelSource": job.model.source}
    return [(title, value) for title, value in known.items() if value]


def _code(code: Code) -> str:
    """What a submit said of it: `sha256:0123456789ab, commit 0123456789 (main) and 2 changed`."""
    commit = f", commit {code.commit[:10]}" if code.commit else ""
    branch = f" ({code.branch})" if commit and code.branch else ""
    return code.digest[:19] + commit + branch + (f" and {code.changed} changed" if code.changed else "")


def _clock(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "N/A"


def data(job: Job, now: datetime) -> dict[str, Any]:
    """The job under the Go arena's JSON keys, and after them those that are new here."""
    chief = job.chief
    return {
        "uuid": job.uid,
        "name": job.name,
        "namespace": job.namespace,
        "duration": f"{int(job.duration(now).total_seconds())}s",
        "status": job.phase.value,
        "trainer": job.kind,
        "tensorboard": job.tensorboard,
        "chiefName": chief.name if chief else "",
        "instances": [_instance(one, now) for one in job.instances],
        "priority": job.priority or "N/A",
        "requestGPUs": job.gpus,
        "allocatedGPUs": job.gpus_allocated,
        "creationTimestamp": _seconds(job.created),
        "modelName": job.model.name,
        "modelVersion": job.model.version,
        "modelSource": job.model.source,
        "reason": job.reason,
        "wantedInstances": job.wanted,
        "readyInstances": job.ready,
        "startTime": _stamp(job.started),
        "completionTime": _stamp(job.finished),
        "submitter": job.submitter,
        "managed": job.managed,
        "queue": _queue_data(job.queue) if job.queue else None,
        "code": job.code._asdict() if job.code else None,
    }


def _queue_data(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "system": queue.system,
        "position": queue.position,
        "waiting": queue.waiting,
        "usage": [
            {"flavor": one.flavor, "resource": one.resource, "total": one.total} for one in queue.usage
        ],
    }


def _instance(one: Instance, now: datetime) -> dict[str, Any]:
    return {
        "ip": one.ip,
        "status": one.status,
        "name": one.name,
        "age": f"{int(one.age(now).total_seconds())}s",
        "node": one.node,
        "nodeIP": one.node_ip,
        "chief": one.chief,
        "requestGPUs": one.gpus,
        "gpuMetrics": {},
        "creationTimestamp": _seconds(one.created),
        "role": one.role,
        "index": one.index,
        "reason": one.reason,
        "message": one.message,
        "restarts": sum(container.restarts for container in one.containers),
        "exitCode": next((c.exit_code for c in one.containers if c.exit_code is not None), None),
    }


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def _stamp(moment: datetime | None) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def event_data(event: Event) -> dict[str, Any]:
    """One event as plain data."""
    return {
        "source": event.subject,
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "count": event.count,
        "lastTimestamp": _stamp(event.last),
    }


def summary(job: Job, seconds: float) -> str:
    """One line of progress: phase, instances ready, seconds waited, reason.

    The reason is last: where a terminal is too narrow, only of it something is cut.
    """
    instances = [] if job.phase.is_final else [f"{ready(job)} ready"]
    words = [job.phase.value, *instances, f"{int(seconds)}s"]
    if job.reason:
        words.append(f"({job.reason})")
    return f"{job.name}: " + "  ".join(words)
