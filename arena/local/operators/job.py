"""Job (batch/v1): pods until enough of them have succeeded, or too many have failed.

A pod is counted by its uid, which the status keeps (`uncountedTerminatedPods`) until the Job is
over: so it counts once, also when it is deleted afterwards or the operator dies in between. A pod
that is deleted while it runs is replaced and counts as neither.
"""

import copy
from datetime import datetime

from arena.local.objects import JOBS, PODS, SERVICES, Object, Objects, key
from arena.local.operators import conditions, indexes, jobpods, meeting, runpolicy
from arena.local.operators import pods as facts
from arena.local.operators.clock import left, stamp
from arena.local.operators.conditions import Words, holds
from arena.local.operators.jobpods import Tally
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.runpolicy import earliest
from arena.local.operators.writes import RETRY, create_pod, event, owned, remove, write_status

BACKOFF = (10.0, 360.0)
"""Seconds until a failed pod is replaced: the first time, and at most."""


def operator() -> Operator:
    """The operator of Jobs."""
    # A Job's pods may wait for the Service by which they meet; arena names it like the Job.
    return of_kind(JOBS, reconcile, owns=(PODS,), related={SERVICES: lambda objects, one: [key(one)]})


def reconcile(objects: Objects, job: Object, now: datetime) -> float | None:
    """Bring pods and status of one Job nearer to its spec."""
    status = copy.deepcopy(job.get("status") or {})
    pods = owned(objects, PODS, job, jobpods.selector(job))
    if holds(status, "Complete") or holds(status, "Failed"):
        return _finish(objects, job, pods, now)
    tally = jobpods.count(job, status, pods)
    if job["spec"].get("suspend"):
        _suspend(objects, job, status, tally, now)
        delay = None
    else:
        _resume(objects, job, status, now)
        delay = _run(objects, job, status, tally, now)
    jobpods.report(job, status, tally)
    write_status(objects, JOBS, job, status)
    return delay


def _finish(objects: Objects, job: Object, pods: list[Object], now: datetime) -> float | None:
    for pod in pods:
        if facts.is_active(pod):
            remove(objects, PODS, pod)
    limit = job["spec"].get("ttlSecondsAfterFinished")
    ended = [one for one in job["status"]["conditions"] if one["type"] in ("Complete", "Failed")]
    return runpolicy.expire(objects, (JOBS, job), limit, ended[-1]["lastTransitionTime"], now)


def _suspend(objects: Objects, job: Object, status: Object, tally: Tally, now: datetime) -> None:
    for pod in tally.active:
        remove(objects, PODS, pod)
    tally.active = []
    status.pop("startTime", None)
    if not holds(status, "Suspended"):
        _condition(status, "Suspended", "JobSuspended", "Job suspended", now)
        event(objects, (JOBS, job), now, "Normal", "Suspended", "Job suspended")


def _resume(objects: Objects, job: Object, status: Object, now: datetime) -> None:
    if holds(status, "Suspended"):
        _condition(status, "Suspended", "JobResumed", "Job resumed", now, "False")
        event(objects, (JOBS, job), now, "Normal", "Resumed", "Job resumed")
    status.setdefault("startTime", stamp(now))


def _run(objects: Objects, job: Object, status: Object, tally: Tally, now: datetime) -> float | None:
    """One pass over a Job that shall run; returns the seconds until the next."""
    deadline = runpolicy.deadline_left(job["spec"], status, now)
    failure = _failure(job, tally, deadline)
    if failure:
        _fail(objects, job, status, now, failure)
    elif indexes.is_success(job, tally.done):
        _complete(objects, job, status, now, ("SuccessPolicy", "Matched a rule of the successPolicy"))
    elif jobpods.is_complete(job, tally):
        told = "CompletionsReached", "Reached expected number of succeeded pods"
        _complete(objects, job, status, now, told)
    else:
        # On the loopback pods learn from their Service where they meet.
        delay = meeting.wait(objects, job, status, now)
        return earliest(deadline, delay or _fill(objects, job, tally, now))
    tally.active = []
    return None


def _failure(job: Object, tally: Tally, deadline: float | None) -> tuple[str, str] | None:
    """Why the Job has failed: reason and the words after its name; None while it has not."""
    if tally.fatal:
        return "PodFailurePolicy", f"has failed: {tally.fatal}"
    if _too_often(job, tally):
        return "BackoffLimitExceeded", "has reached the specified backoff limit"
    if deadline is not None and deadline <= 0:
        return "DeadlineExceeded", "was active longer than specified deadline"
    most = job["spec"].get("maxFailedIndexes")
    if most is not None and len(tally.lost) > int(most):
        return "MaxFailedIndexesExceeded", "has exceeded the specified maximal number of failed indexes"
    if tally.lost and len(tally.done | tally.lost) >= indexes.size(job):
        return "FailedIndexes", "has failed indexes"
    return None


def _too_often(job: Object, tally: Tally) -> bool:
    limit = int(job["spec"].get("backoffLimit", 6))
    if len(tally.failed) > limit:
        return True
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    again = sum(facts.restarts(pod) for pod in tally.active)
    return again > 0 and again >= limit


def _complete(objects: Objects, job: Object, status: Object, now: datetime, why: tuple[str, str]) -> None:
    status["completionTime"] = stamp(now)
    for kind in ("SuccessCriteriaMet", "Complete"):
        _condition(status, kind, *why, now)
    event(objects, (JOBS, job), now, "Normal", "Completed", "Job completed")


def _fail(objects: Objects, job: Object, status: Object, now: datetime, why: tuple[str, str]) -> None:
    reason, message = why[0], f"Job {why[1]}"
    for kind in ("FailureTarget", "Failed"):
        _condition(status, kind, reason, message, now)
    event(objects, (JOBS, job), now, "Warning", reason, message)


def _condition(
    status: Object, kind: str, reason: str, message: str, now: datetime, value: str = "True"
) -> None:
    words = Words(kind, reason, message, value)
    new = {**conditions.following(conditions.find(status, kind), words, now), "lastProbeTime": stamp(now)}
    status["conditions"] = conditions.replaced(status, new)


def _fill(objects: Objects, job: Object, tally: Tally, now: datetime) -> float | None:
    """As many active pods as are wanted; the seconds until a pod may be made that may not yet."""
    wanted = jobpods.wanted(job, tally)
    for pod in jobpods.surplus(job, tally):
        remove(objects, PODS, pod)
        tally.active.remove(pod)
    missing = wanted - len(tally.active) - tally.terminating
    if missing <= 0:
        return None
    wait = _pause(tally, now)
    if wait > 0:
        return wait
    bodies = jobpods.bodies(job, tally, missing)
    for body in bodies:
        meeting.settle(objects, key(job)[0], body["spec"])
    made = [create_pod(objects, body, (JOBS, job), now) for body in bodies]
    for new in [pod for pod in made if pod]:
        tally.active.append(new)
        message = f"Created pod: {key(new)[1]}"
        event(objects, (JOBS, job), now, "Normal", "SuccessfulCreate", message)
    return RETRY if None in made else None


def _pause(tally: Tally, now: datetime) -> float:
    """Seconds until a pod may follow the last one that failed."""
    if not tally.failed or not tally.last_failure:
        return 0.0
    first, longest = BACKOFF
    seconds: float = min(longest, first * 2 ** min(len(tally.failed) - 1, 20))
    return left(tally.last_failure, seconds, now)
