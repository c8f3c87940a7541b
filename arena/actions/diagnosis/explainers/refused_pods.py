"""Missing instances whose pods the cluster refuses, for example because of a quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arena.actions.diagnosis import events
from arena.actions.diagnosis.explainer import Explainer
from arena.kinds.workload import finding_ids
from arena.model.events import Event
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Phase
from arena.resources import EVENTS

if TYPE_CHECKING:
    from arena.kube import Cluster

REASONS = ("FailedCreatePod", "FailedCreate")
"""The reasons of operators' events about pods that they may not create."""
QUOTA = "exceeded quota"
Refusals = Mapping[str, Event]
"""The uid of an object -> the last refusal of one of its pods."""


def lacks_instances(job: Job) -> bool:
    """Whether the job should have more instances than it has."""
    live = job.phase in (Phase.PENDING, Phase.STARTING, Phase.RUNNING)
    return live and len(job.instances) < job.wanted and not job.is_unseen


def read(cluster: Cluster, namespace: str | None, jobs: Sequence[Job]) -> Refusals:
    """Read the refusals from the events."""
    return {
        event.get("involvedObject", {}).get("uid", ""): events.read(event)
        for reason in REASONS
        for event in cluster.list(EVENTS, namespace, fields=f"reason={reason}")
    }


def explain(job: Job, refusals: Refusals) -> Job:
    """The job with the refusal of its pods, if any."""
    event = refusals.get(job.uid)
    return job.explained(_finding(event)) if event else job


def _finding(event: Event) -> Finding:
    """The finding from the part of the operator's message that quotes the cluster."""
    shown = (Evidence("event", event.subject, f"[{event.reason}] {event.message}"),)
    _, quota, rest = event.message.partition(QUOTA)
    if quota:
        return Finding("quota.namespace", quota + rest, shown, "request less, or ask for a larger quota")
    return Finding(finding_ids.refused(event.message), event.message.removeprefix("Error creating: "), shown)


EXPLAINER = Explainer(order=40, concerns=lacks_instances, read=read, explain=explain)
