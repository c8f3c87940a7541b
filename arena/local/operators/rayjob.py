"""RayJob: a Ray cluster as processes of this machine, and the program that runs on it.

The cluster of an attempt is named in the status before anything of it is made. Its head holds it
together: where that ended, so did the attempt, and a retry gets a new cluster.
"""

import copy
from datetime import datetime
from typing import NamedTuple

from arena.local.objects import PODS, SECRETS, SERVICES, Object, Objects, key
from arena.local.operators import pods as facts
from arena.local.operators import ray
from arena.local.operators.clock import left, stamp
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.ray import RAYJOBS, Job
from arena.local.operators.runpolicy import deadline_left, earliest
from arena.local.operators.writes import RETRY, create_pod, event, owned, remove, suffix, write_status

NOT_FOUND = 127
"""How a container ends whose command is not there."""
NO_RAY = "ray is not installed where the job runs: pip install ray"
ENDED = ("Complete", "Failed", "ValidationFailed")
LIMITS = ("DeadlineExceeded", "PreRunningDeadlineExceeded")


def operator() -> Operator:
    """The operator of RayJobs."""
    return of_kind(RAYJOBS, reconcile, owns=(PODS, SERVICES, SECRETS))


class World(NamedTuple):
    """What there is of an attempt."""

    head: Object | None
    workers: dict[str, Object]
    submitter: Object | None


def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
    """Bring the cluster, the submitter and the status of one job nearer to its spec."""
    status = copy.deepcopy(obj.get("status") or {})
    word = status.get("jobDeploymentStatus") or ""
    if word in ENDED:
        return _finish(objects, obj, now)
    if word in ("Suspending", "Retrying"):
        _release(objects, obj, status)
        delay = None
    elif word in ("", "Suspended"):
        _begin(objects, obj, status, now)
        delay = None
    else:
        delay = _run(objects, Job(obj, status["rayClusterName"]), status, now)
    write_status(objects, RAYJOBS, obj, status)
    return delay


def _finish(objects: Objects, obj: Object, now: datetime) -> float | None:
    """What follows the end: a cluster that works goes when it shall, what is left of another one at once.

    Pods that have ended stay, for the sake of their logs.
    """
    status, spec = obj["status"], obj["spec"]
    alive = [pod for pod in owned(objects, PODS, obj) if not facts.is_finished(pod)]
    works = f"{status.get('rayClusterName')}-head" in [key(pod)[1] for pod in alive]
    if works and status.get("reason") not in LIMITS:
        if not spec.get("shutdownAfterJobFinishes"):
            return None
        seconds = left(status.get("endTime"), float(spec.get("ttlSecondsAfterFinished") or 0), now)
        if seconds > 0:
            return seconds
    doomed = [(PODS, pod) for pod in alive]
    doomed += [(resource, one) for resource in (SERVICES, SECRETS) for one in owned(objects, resource, obj)]
    for resource, one in doomed:
        remove(objects, resource, one)
    return None


def _release(objects: Objects, obj: Object, status: Object) -> None:
    """End what there is of an attempt; when all is gone the job is suspended, or begins anew."""
    there = [
        (resource, one) for resource in (PODS, SERVICES, SECRETS) for one in owned(objects, resource, obj)
    ]
    for resource, one in there:
        remove(objects, resource, one)
    if there:
        return
    kept: Object = {name: status[name] for name in ("failed", "succeeded") if name in status}
    word = "Suspended" if status["jobDeploymentStatus"] == "Suspending" else ""
    status.clear()
    status.update(kept, jobDeploymentStatus=word)


def _begin(objects: Objects, obj: Object, status: Object, now: datetime) -> None:
    """Name the cluster of a new attempt, unless the job is suspended."""
    if obj["spec"].get("suspend"):
        status["jobDeploymentStatus"] = "Suspended"
        return
    cluster = f"{obj['metadata']['name']}-{suffix()}"
    status.update(
        jobDeploymentStatus="Initializing",
        jobStatus="",
        jobId=f"{obj['metadata']['name']}-{suffix()}",
        rayClusterName=cluster,
        startTime=stamp(now),
    )
    if obj["spec"]["rayClusterSpec"].get("enableInTreeAutoscaling"):
        message = "the local cluster does not autoscale: it starts as many workers as the job begins with"
        event(objects, (RAYJOBS, obj), now, "Warning", "AutoscalingIgnored", message)


def _run(objects: Objects, job: Job, status: Object, now: datetime) -> float | None:
    """One pass over an attempt; returns the seconds until the next."""
    if job.spec.get("suspend"):
        status["jobDeploymentStatus"] = "Suspending"
        return None
    seconds = deadline_left(job.spec, status, now)
    if seconds is not None and seconds <= 0:
        _fail(objects, job, status, now, ("DeadlineExceeded", "it was active longer than its deadline"))
        return None
    world = _world(objects, job)
    _report(job, status, world)
    if world.submitter and facts.is_finished(world.submitter):
        _conclude(objects, job, status, now, world.submitter)
        return None
    lost = _lost(world)
    if lost:
        _fail(objects, job, status, now, lost)
        return None
    return earliest(seconds, _fill(objects, job, status, now, world))


def _world(objects: Objects, job: Job) -> World:
    there = {key(pod)[1]: pod for pod in owned(objects, PODS, job.obj)}
    workers = {name: there[name] for name, _ in job.workers if name in there}
    return World(there.get(job.head), workers, there.get(job.submitter))


def _report(job: Job, status: Object, world: World) -> None:
    """Tell of the cluster, and of the program as far as it has come."""
    running = [pod for pod in world.workers.values() if facts.phase(pod) == "Running"]
    ready = bool(world.head and facts.phase(world.head) == "Running" and len(running) == len(job.workers))
    status["rayClusterStatus"] = {
        "state": "ready" if ready else "",
        "desiredWorkerReplicas": len(job.workers),
        "availableWorkerReplicas": len(running),
        "head": {"podName": job.head},
    }
    if world.submitter:
        runs = facts.phase(world.submitter) == "Running"
        status.update(jobDeploymentStatus="Running", jobStatus="RUNNING" if runs else "PENDING")


def _lost(world: World) -> tuple[str, str] | None:
    """Why the attempt cannot go on, as reason and message: its head has ended, or is gone."""
    head = world.head
    if head is None or facts.is_going(head):
        return ("AppFailed", "its head is gone") if head or world.submitter else None
    if not facts.is_finished(head):
        return None
    code = facts.exit_code(head, head["spec"]["containers"][0]["name"])
    if code == NOT_FOUND:
        return "RayNotInstalled", NO_RAY
    return "AppFailed" if world.submitter else "SubmissionFailed", f"its head ended with exit code {code}"


def _fill(objects: Objects, job: Job, status: Object, now: datetime, world: World) -> float | None:
    """Head and workers, and the submitter once they run; the seconds until a pod is tried again."""
    where = ray.meeting(objects, job)
    bodies = [] if world.head else [ray.head(job, where)]
    bodies += [
        ray.worker(job, where, name, group) for name, group in job.workers if name not in world.workers
    ]
    if status["rayClusterStatus"]["state"] == "ready" and world.submitter is None:
        bodies.append(ray.submitter(job, where))
    made = [create_pod(objects, body, job.parent, now, "FailedToCreatePod") for body in bodies]
    if world.head is None and made[0]:
        event(objects, job.parent, now, "Normal", "CreatedRayCluster", f"Created RayCluster {job.cluster}")
    return earliest(_replace(objects, world, now), RETRY if None in made else None)


def _replace(objects: Objects, world: World, now: datetime) -> float | None:
    """Delete workers that have ended, each a while after its end; the seconds until the next."""
    waits = []
    for pod in world.workers.values():
        if facts.is_finished(pod) and not facts.is_going(pod):
            wait = left(facts.finished_at(pod), RETRY, now)
            if wait > 0:
                waits.append(wait)
            else:
                remove(objects, PODS, pod)
    return min(waits, default=None)


def _conclude(objects: Objects, job: Job, status: Object, now: datetime, submitter: Object) -> None:
    """The end of the program is the job's."""
    if facts.phase(submitter) == "Failed":
        code = facts.exit_code(submitter, "ray-job-submitter")
        status["jobStatus"] = "FAILED"
        _fail(objects, job, status, now, ("AppFailed", f"the program ended with exit code {code}"))
        return
    status.update(
        jobStatus="SUCCEEDED",
        jobDeploymentStatus="Complete",
        endTime=facts.finished_at(submitter),
        succeeded=int(status.get("succeeded") or 0) + 1,
    )
    event(objects, job.parent, now, "Normal", "RayJobSucceeded", f"RayJob {job.name} has succeeded.")


def _fail(objects: Objects, job: Job, status: Object, now: datetime, why: tuple[str, str]) -> None:
    """The attempt failed for a reason and with a message; the job with it, unless it may try again."""
    reason, message = why
    failed = int(status.get("failed") or 0) + 1
    again = failed <= int(job.spec.get("backoffLimit") or 0) and reason not in (*LIMITS, "RayNotInstalled")
    status.update(
        failed=failed,
        reason=reason,
        message=message,
        jobDeploymentStatus="Retrying" if again else "Failed",
        endTime=stamp(now),
    )
    told = (
        f"RayJob {job.name} tries again: {message}" if again else f"RayJob {job.name} has failed: {message}"
    )
    event(objects, job.parent, now, "Warning", reason, told)
