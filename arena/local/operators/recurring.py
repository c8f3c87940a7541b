"""What recurring jobs share: which run is due, how it meets runs that go on, and what is kept of the past.

A run is named after the moment it was due at. So a run that was started just before a crash is found
again by its name, and none is started twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from arena.local.objects import Object, Objects, Refused, Resource
from arena.local.operators import conditions
from arena.local.operators.clock import parse, stamp
from arena.local.operators.schedule import Schedule
from arena.local.operators.writes import RETRY, ensure, event, remove

LOOK = 60.0
"""Seconds until the clock is looked at again at the latest: it may have been set, or the machine slept."""
POLICIES = ("Allow", "Forbid", "Replace")
ENDS = {"Failed": "Failed", "Succeeded": "Succeeded", "Complete": "Succeeded", "Completed": "Succeeded"}
"""The conditions by which jobs of this or that kind have ended, and what each means."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a recurring job asks for.

    Attributes:
        parent: its type and object.
        runs: the type of its runs.
        schedule: when they are due.
        policy: whether a run may start beside those that go on: one of POLICIES.
        patience: seconds that a run may start late; None: any number.
        until: when the last run may start; None: there is no end.
        name: the moment at which a run is due -> its name.
        body: the same -> the object to create, without its name.
    """

    parent: tuple[Resource, Object]
    runs: Resource
    schedule: Schedule
    policy: str
    patience: int | None = None
    until: datetime | None = None
    name: Callable[[datetime], str]
    body: Callable[[datetime], Object]


def outcome(job: Object) -> str:
    """`Succeeded`, `Failed`, or "" for a job that has not ended."""
    return _end(job)[0]


def finished_at(job: Object) -> str | None:
    """When a job ended, as the API's text."""
    return _end(job)[1]


def _end(job: Object) -> tuple[str, str | None]:
    """How a job of whatever kind ended, and when; "" while it goes on."""
    status = job.get("status") or {}
    for kind, word in ENDS.items():
        if conditions.holds(status, kind):
            since = conditions.find(status, kind).get("lastTransitionTime")
            return word, status.get("completionTime") or since
    # RayJobs alone have no conditions.
    return ENDS.get(status.get("jobDeploymentStatus", ""), ""), status.get("endTime")


def reference(resource: Resource, job: Object) -> Object:
    """How the status of a recurring job names a run."""
    meta = job["metadata"]
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**kind, "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def advance(objects: Objects, plan: Plan, jobs: list[Object], status: Object, now: datetime) -> float | None:
    """Start the run that is due, if any; the seconds until the next look.

    Args:
        jobs: its runs so far; a new one is added.
        status: its status; `lastScheduleTime` is set in place.
    """
    if plan.until and now > plan.until:
        event(objects, plan.parent, now, "Normal", "Deadline", "The deadline is over: no run starts any more")
        return None
    meta = plan.parent[1]["metadata"]
    since = parse(status.get("lastScheduleTime")) or parse(meta.get("creationTimestamp")) or now
    if plan.patience is not None:
        since = max(since, now - timedelta(seconds=plan.patience + 1))
    # Of those that were missed while nobody looked only the last one is made up for.
    due = plan.schedule.latest(since, now)
    if due is not None:
        if not _start(objects, plan, jobs, due, now):
            return RETRY
        if plan.name(due) in _names(jobs):
            status["lastScheduleTime"] = stamp(due)
    upcoming = plan.schedule.next(now)
    return min(LOOK, (upcoming - now).total_seconds()) if upcoming else None


def _start(objects: Objects, plan: Plan, jobs: list[Object], due: datetime, now: datetime) -> bool:
    """Start the run of that moment unless it was, or must wait; False where it was refused."""
    going = [one for one in jobs if not outcome(one)]
    if plan.name(due) in _names(jobs):
        return True
    if plan.policy == "Forbid" and going:
        why = "Not starting a run because an earlier one goes on and the concurrency policy is Forbid"
        event(objects, plan.parent, now, "Normal", "JobAlreadyActive", why)
        return True
    for one in filter(_stays, going) if plan.policy == "Replace" else ():
        remove(objects, plan.runs, one)
        message = f"Deleted run {one['metadata']['name']}"
        event(objects, plan.parent, now, "Normal", "SuccessfulDelete", message)
    return _create(objects, plan, jobs, due, now)


def _names(jobs: list[Object]) -> set[str]:
    return {job["metadata"]["name"] for job in jobs}


def _stays(job: Object) -> bool:
    return not job["metadata"].get("deletionTimestamp")


def _create(objects: Objects, plan: Plan, jobs: list[Object], due: datetime, now: datetime) -> bool:
    body, name = plan.body(due), plan.name(due)
    body["metadata"]["name"] = name
    try:
        jobs.append(ensure(objects, plan.runs, body, plan.parent))
    except Refused as refusal:
        event(
            objects,
            plan.parent,
            now,
            "Warning",
            "FailedCreate",
            f"Error creating run {name}: {refusal.message}",
        )
        return False
    event(objects, plan.parent, now, "Normal", "SuccessfulCreate", f"Created run {name}")
    return True


def tell_ended(objects: Objects, plan: Plan, jobs: list[Object], status: Object, now: datetime) -> None:
    """An Event for each run that the status had among those that go on and that has ended."""
    known = {one.get("uid") for one in status.get("active") or []}
    for job in jobs:
        if outcome(job) and job["metadata"]["uid"] in known:
            word = f"Saw completed run {job['metadata']['name']}, {outcome(job)}"
            event(objects, plan.parent, now, "Normal", "SawCompletedJob", word)


def note_active(plan: Plan, jobs: list[Object], status: Object) -> None:
    """Write into the status which runs go on."""
    status["active"] = [reference(plan.runs, one) for one in jobs if _stays(one) and not outcome(one)]


def prune(objects: Objects, resource: Resource, ended: list[Object], keep: int | None) -> None:
    """Delete the oldest of the runs that have ended but so many; None: all stay."""
    if keep is not None:
        for job in ended[: max(0, len(ended) - keep)]:
            remove(objects, resource, job)
