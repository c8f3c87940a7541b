"""Ends trials before their end: their results are recorded, their pods end, their jobs stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena.actions.jobs import halt
from arena.actions.submit.submit import Tell
from arena.actions.sweeps import search
from arena.errors import Conflict, MissingOperator, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.sweeps import trial_jobs
from arena.kinds.sweeps.spec import SweepSpec
from arena.kinds.sweeps.trial_jobs import Result
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.actions.submit.plan import Plan
    from arena.kube import Cluster

Object = dict[str, Any]


def stop(cluster: Cluster, kind: Kind, resource: Resource, obj: Object, result: Result, tell: Tell) -> None:
    """Record the result of a trial, then end its pods; a job that is gone needs neither.

    Args:
        tell: called if its pods run on, since the cluster cannot end them.

    Raises:
        NotAllowed: this user may not.
    """
    meta = obj["metadata"]
    try:
        cluster.patch(resource, meta["namespace"], meta["name"], trial_jobs.note(result))
        halt.halt(cluster, kind, resource, obj)
    except (NotFound, Conflict):
        return
    except MissingOperator as error:
        tell(f"Warning: the instances of trial {meta['name']} run on: {error}")


def check(cluster: Cluster, made: Plan, kind: Kind, spec: SweepSpec, tell: Tell) -> None:
    """Check that the cluster can end trials early, before the first one begins.

    Raises:
        SpecError: it cannot, and the search relies on it.
    """
    why = halt.obstacle(cluster, kind, made.resource, made.namespace, made.main)
    if not why:
        return
    if given := search.stops_by(spec):
        raise SpecError(f"{given}: {why}", "choose another kind of job, or an algorithm that stops no trials")
    tell(f"Warning: stopped trials will run to their end, because {why}")
