"""Remarks on what a submit created."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena import accelerators
from arena.actions import nodes
from arena.actions.diagnosis import ignored_queue
from arena.actions.submit.plan import Plan
from arena.model.jobs import Job

if TYPE_CHECKING:
    from arena.session import Session


def on_created(session: Session, made: Plan, created: object) -> Iterator[str]:
    """Why a created job or other workload will wait, or gains nothing from its GPUs."""
    job = created if isinstance(created, Job) else None
    if job and (found := ignored_queue.finding(session.cluster(), made.resource, job)):
        yield f"Warning: {found.cause}: {found.remedy}"
    if not session.is_local:
        return
    for device, count, most in nodes.lacking(session.cluster(), made.main):
        yield (
            f"Warning: an instance requests {count} {device} but this machine has {most or 'none'}: "
            f"the job will wait{_virtual(device, count)}"
        )
    if job and job.gpus and any(node.virtual_gpus for node in nodes.nodes(session)):
        gpus = f"{job.gpus} virtual GPU{'s' * (job.gpus > 1)}"
        yield f"no NVIDIA GPU found: the job gets {gpus} and runs on the CPU"


def _virtual(device: str, count: int) -> str:
    """How to add virtual devices to the local cluster, which always has GPUs."""
    if device == accelerators.NVIDIA:
        return ""
    return f"; for virtual ones, set ARENA_LOCAL_DEVICES={device}={count} and restart the local cluster"
