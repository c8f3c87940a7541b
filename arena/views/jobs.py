"""Training jobs: their list, the page of one job, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena import visible
from arena.model.findings import Finding
from arena.model.jobs import Code, Job, Phase, Queue
from arena.values import replace
from arena.views import gpus as gpu_views
from arena.views import progress, times
from arena.views.instances import INSTANCES, section
from arena.views.noun import Noun
from arena.views.table import Column, pairs

LIVE = (Phase.PENDING, Phase.STARTING, Phase.RUNNING, Phase.RESTARTING)


def _allocated(job: Job) -> object:
    return _held(job) if job.phase in LIVE or job.survivors else "N/A"


def _held(*jobs: Job) -> object:
    """The number of GPUs that the pods of jobs hold, as far as those could be read."""
    return "N/A" if any(job.is_unseen for job in jobs) else sum(job.gpus_allocated for job in jobs)


def _node(job: Job) -> str:
    chief = job.chief
    return (chief and (chief.node_ip or chief.node)) or "N/A"


def ready(job: Job) -> str:
    """`2/4`: the number of ready instances, and the number that the job requests."""
    return f"{'N/A' if job.is_unseen else job.ready}/{job.wanted}"


def page(job: Job, now: datetime) -> str:
    """Everything about one job, in the Go arena's order."""
    sections = [_header(job, now)]
    if job.instances:
        sections.append(section(job.instances, now))
    if job.gpus and (job.survivors or job.phase is not Phase.SUCCEEDED):
        sections.append(gpus(job))
    if job.tensorboard:
        sections.append(f"Your tensorboard will be available on:\n{visible.line(job.tensorboard)}")
    return "\n\n".join(sections)


def gpus(job: Job) -> str:
    """The part of a page that shows the GPUs of a job."""
    return f"GPUs:\n  Allocated/Requested GPUs of Job: {_held(job)}/{job.gpus}"


def _header(job: Job, now: datetime) -> str:
    return pairs(
        [
            ("Name", job.name),
            ("Status", job.phase.value),
            *([("Reason", job.reason)] if job.reason else []),
            *([("Error", job.error)] if job.error else []),
            *(progress.rows(job.progress) if job.progress else []),
            ("Namespace", job.namespace),
            ("Priority", job.priority or "N/A"),
            *(_queue(job.queue) if job.queue else []),
            ("Trainer", job.kind.upper()),
            ("Duration", times.span(job.duration(now))),
            ("CreateTime", times.clock(job.created)),
            ("EndTime", times.clock(job.finished)),
            *_model(job),
            *([("Code", _code(job.code))] if job.code else []),
        ]
    )


def _queue(queue: Queue) -> list[tuple[str, str]]:
    place = f", {queue.place}" if queue.place else ""
    used = ", ".join(f"{one.resource} {one.total} ({one.flavor})" for one in queue.usage)
    return [("Queue", queue.name + place), *([("QueueUsage", used)] if used else [])]


def _model(job: Job) -> list[tuple[str, str]]:
    """The model that the job will produce, under the Go arena's titles."""
    known = {"ModelName": job.model.name, "ModelVersion": job.model.version, "ModelSource": job.model.source}
    return [(title, value) for title, value in known.items() if value]


def _code(code: Code) -> str:
    """A digest and its origin in Git: `sha256:0123456789ab, commit 0123456789 (main) and 2 changed`."""
    commit = f", commit {code.commit[:10]}" if code.commit else ""
    branch = f" ({code.branch})" if commit and code.branch else ""
    return code.digest[:19] + commit + branch + (f" and {code.changed} changed" if code.changed else "")


def data(job: Job, now: datetime) -> dict[str, Any]:
    """The job under the Go arena's JSON keys, followed by keys that are new here."""
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
        "instances": [INSTANCES.data(one, now) for one in job.instances],
        "priority": job.priority or "N/A",
        "requestGPUs": job.gpus,
        "allocatedGPUs": None if job.is_unseen else job.gpus_allocated,
        "creationTimestamp": times.epoch(job.created),
        "modelName": job.model.name,
        "modelVersion": job.model.version,
        "modelSource": job.model.source,
        "reason": job.reason,
        "error": job.error,
        "progress": progress.data(job.progress) if job.progress else None,
        "findings": [_finding_data(one) for one in job.findings],
        "wantedInstances": job.wanted,
        "readyInstances": None if job.is_unseen else job.ready,
        "stillRunning": [one.name for one in job.survivors],
        "startTime": times.stamp(job.started),
        "completionTime": times.stamp(job.finished),
        "submitter": job.submitter,
        "managed": job.managed,
        "queue": _queue_data(job.queue) if job.queue else None,
        "code": job.code._asdict() if job.code else None,
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    shown = [one._asdict() | {"time": times.stamp(one.time)} for one in finding.evidence]
    return finding._asdict() | {"evidence": shown}


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


def summary(job: Job, seconds: float) -> str:
    """One line of progress: phase, ready instances, seconds waited, reason.

    The reason comes last, so that a narrow terminal cuts off only the reason.
    """
    instances = [] if job.phase.is_final else [f"{ready(job)} ready"]
    facts = [job.phase.value, *instances, f"{int(seconds)}s"]
    if job.reason:
        facts.append(f"({job.reason})")
    return f"{job.name}: " + "  ".join(facts)


def _totals(jobs: Sequence[Job], width: int) -> str:
    taken, asked = _held(*jobs), sum(job.gpus for job in jobs)
    return f"\nTotal Allocated/Requested GPUs of Training Jobs: {taken}/{asked}"


def _usage_page(job: Job, now: datetime) -> str:
    """The GPUs of one job, instance by instance."""
    head = pairs(
        [
            ("Name", job.name),
            ("Status", job.phase.value),
            ("Namespace", job.namespace),
            ("Trainer", job.kind.upper()),
            ("Duration", times.span(job.duration(now))),
        ]
    )
    metrics = gpu_views.of_instances(job.instances, now)
    return "\n\n".join([head, section(job.instances, now), *([metrics] if metrics else []), gpus(job)])


NAMESPACE: Column[Job] = Column("NAMESPACE", lambda job, now: job.namespace, everywhere=True)
NAME: Column[Job] = Column("NAME", lambda job, now: job.name)
STATUS: Column[Job] = Column("STATUS", lambda job, now: job.phase.value)
TRAINER: Column[Job] = Column("TRAINER", lambda job, now: job.kind.upper())
REQUESTED: Column[Job] = Column("GPU(Requested)", lambda job, now: job.gpus, short="GPUS")
NODE: Column[Job] = Column("NODE", lambda job, now: _node(job))


def _submitter(job: Job, now: datetime) -> str:
    return job.submitter or "N/A"


def _progress(job: Job, now: datetime) -> str:
    return (progress.short(job.progress) if job.progress else "") or "-"


JOBS: Noun[Job] = Noun(
    plural="training jobs",
    columns=(
        NAMESPACE,
        NAME,
        STATUS,
        TRAINER,
        Column("DURATION", lambda job, now: times.span(job.duration(now)), short="TIME"),
        REQUESTED,
        Column("GPU(Allocated)", lambda job, now: _allocated(job), short="HELD"),
        NODE,
        Column("READY", lambda job, now: "-" if job.phase.is_final else ready(job), wide=True),
        Column("PROGRESS", _progress, wide=True),
        Column("SUBMITTER", _submitter, wide=True),
        Column("REASON", lambda job, now: job.reason or "-", wide=True),
    ),
    data=data,
    page=page,
)
"""Jobs, as `list` and `get` show them."""

USAGE: Noun[Job] = replace(
    JOBS,
    columns=(
        NAMESPACE,
        NAME,
        STATUS,
        TRAINER,
        Column("AGE", lambda job, now: times.age(job.created, now)),
        REQUESTED,
        Column("GPU(Allocated)", lambda job, now: _held(job), short="HELD"),
        NODE,
    ),
    page=_usage_page,
    footer=_totals,
)
"""Jobs and their GPUs, as `top` shows them."""

ENDED: Noun[Job] = replace(
    JOBS,
    columns=(
        NAMESPACE,
        NAME,
        STATUS,
        TRAINER,
        Column("ENDED", lambda job, now: f"{times.age(job.finished, now)} ago"),
        Column("SUBMITTER", _submitter),
    ),
)
"""Jobs that have ended, as `prune` shows them."""
