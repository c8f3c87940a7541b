"""The policies of a JobSet: what follows a failed Job, when the JobSet has succeeded, which Jobs start."""

from collections.abc import Iterator

from arena.local.objects import Object
from arena.local.operators.jobset import child_jobs
from arena.local.operators.jobset.child_jobs import Snapshot
from arena.tuples import NamedTuple

_RESTART = "RestartJobSet"


class Verdict(NamedTuple):
    """The decision about a failed Job."""

    action: str
    why: str
    ends: str = ""
    """Why the JobSet fails; "" when it continues."""
    counts: bool = True
    """Whether it counts towards maxRestarts."""
    alone: bool = False
    """Whether only that Job starts again."""


def judge(obj: Object, job: Object, restarts: int) -> Verdict:
    """Decide by the failurePolicy what follows a failed Job, given the number of restarts so far."""
    policy = obj["spec"].get("failurePolicy")
    if not policy:
        return Verdict("FailJobSet", "jobset failed due to one or more job failures", "FailedJobs")
    rules = policy.get("rules") or []
    action = next((str(one["action"]) for one in rules if _applies(one, job)), _RESTART)
    if action == "FailJobSet":
        return Verdict(
            action, "a rule of the failure policy ends the jobset", "FailJobSetFailurePolicyAction"
        )
    counts = not action.endswith("AndIgnoreMaxRestarts")
    if counts and restarts >= int(policy.get("maxRestarts") or 0):
        return Verdict(action, "jobset failed due to reaching max number of restarts", "ReachedMaxRestarts")
    alone = action.startswith("RestartJob") and not action.startswith(_RESTART)
    return Verdict(action, "restarting the job" if alone else "restarting jobset", "", counts, alone)


def _applies(rule: Object, job: Object) -> bool:
    reasons, groups = rule.get("onJobFailureReasons"), rule.get("targetReplicatedJobs")
    group = child_jobs.label(job, child_jobs.REPLICATED)
    return (not reasons or child_jobs.reason(job) in reasons) and (not groups or group in groups)


def has_succeeded(snapshot: Snapshot) -> bool:
    """Whether the Jobs that the successPolicy names have all, or any of them, succeeded."""
    policy = snapshot.obj["spec"].get("successPolicy") or {}
    targets = policy.get("targetReplicatedJobs") or []
    counted = [group for group in snapshot.groups if not targets or group["name"] in targets]
    done = [child_jobs.holds(job, "Complete") for group in counted for job in snapshot.of(str(group["name"]))]
    if policy.get("operator") == "Any":
        return any(done)
    return sum(done) == sum(map(child_jobs.size, counted)) > 0


def ready_to_start(snapshot: Snapshot) -> Iterator[Object]:
    """The missing Jobs whose dependencies are fulfilled."""
    in_order = (snapshot.obj["spec"].get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder"
    for group in snapshot.groups:
        if all(_has_come(snapshot, one) for one in group.get("dependsOn") or []):
            yield from child_jobs.bodies(snapshot, group)
        if in_order and not _has_come(snapshot, {"name": group["name"], "status": "Ready"}):
            return


def _has_come(snapshot: Snapshot, dependency: Object) -> bool:
    group = next((one for one in snapshot.groups if one["name"] == dependency["name"]), {})
    jobs = snapshot.of(str(dependency["name"]))
    if dependency["status"] == "Complete":
        come = [child_jobs.holds(job, "Complete") for job in jobs]
    else:
        come = [child_jobs.is_ready(job) or child_jobs.holds(job, "Complete") for job in jobs]
    return bool(group) and all(come) and len(come) == child_jobs.size(group)
