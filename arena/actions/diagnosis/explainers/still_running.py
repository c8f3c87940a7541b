"""Instances that outlive their job, and the command that ends them."""

from __future__ import annotations

from dataclasses import replace

from arena.actions.diagnosis.explainer import Explainer
from arena.actions.jobs import lingering
from arena.errors import aimed
from arena.model.findings import STILL_RUNNING
from arena.model.jobs import Job


def concerns(job: Job) -> bool:
    """Whether instances outlive the job."""
    return bool(job.survivors)


def explain(job: Job, facts: None) -> Job:
    """The job, with the command that ends these instances in the finding about them."""
    target = aimed(job.name, job.namespace)
    remedy = f"arena delete {target} --still-running ends what still runs; the job is kept"
    if lingering.are_recreated(job):
        remedy = f"arena delete {target} ends what still runs and deletes the job"
    findings = tuple(one._replace(remedy=remedy) if one.id == STILL_RUNNING else one for one in job.findings)
    return replace(job, findings=findings)


EXPLAINER = Explainer(order=10, concerns=concerns, explain=explain)
