"""The cause of a failure by the rules of `arena why`, from the logs and events of the job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena.actions.diagnosis.explainer import Explainer
from arena.errors import aimed
from arena.model.findings import NONE, Finding
from arena.model.jobs import Job, Phase

if TYPE_CHECKING:
    from arena.diagnosis.records import Record
    from arena.kube import Cluster


def read(cluster: Cluster, namespace: str | None, jobs: Sequence[Job]) -> dict[str, Finding]:
    """The uid of each job -> its cause, if a rule tells more than that it failed."""
    from arena.actions.diagnosis import collecting

    told = {one.uid: cause(collecting.briefly(cluster, one)) for one in jobs}
    return {uid: found for uid, found in told.items() if found}


def cause(record: Record) -> Finding | None:
    """The cause by the rules; None if none tells more than that it failed."""
    from arena.diagnosis import rules
    from arena.diagnosis.diagnose import diagnose

    known = rules.own()
    general = {one.id for one in known if one.level == "general"} | {NONE}
    found = diagnose(record, known).finding
    return found if found.id not in general else None


def explain(job: Job, causes: dict[str, Finding]) -> Job:
    """The job with the cause before all other findings."""
    found = causes.get(job.uid)
    if found is None:
        return job
    hint = f"arena why {aimed(job.name, job.namespace)} shows more"
    return job.explained(found._replace(remedy=hint))


EXPLAINER = Explainer(
    order=60, concerns=lambda job: job.phase is Phase.FAILED, read=read, explain=explain, for_one=True
)
