"""JobSet: groups of Jobs that find each other by name, and that start, restart and end as one."""

import copy
from datetime import datetime

from arena.local.definitions import Definition
from arena.local.objects import JOBS, PODS, SERVICES, Object, Objects, Resource, key
from arena.local.operators import conditions, jobsetjobs, jobsetrules, runpolicy
from arena.local.operators.conditions import Words
from arena.local.operators.jobsetjobs import NAME, Set
from arena.local.operators.operator import Key, Operator, of_kind
from arena.local.operators.writes import ensure, event, owned, remove, write_status

JOBSETS = Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet")

COMPLETED = "Completed"


def operator() -> Operator:
    """The operator of JobSets."""
    return of_kind(JOBSETS, reconcile, owns=(JOBS, SERVICES), related={PODS: _of_pod})


def _of_pod(objects: Objects, pod: Object) -> list[Key]:
    name = (pod["metadata"].get("labels") or {}).get(NAME)
    return [(key(pod)[0], name)] if name else []


def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
    """Bring Jobs, Service and status of one JobSet nearer to its spec."""
    status = copy.deepcopy(obj.get("status") or {})
    jobs = owned(objects, JOBS, obj, f"{NAME}={obj['metadata']['name']}")
    found = Set(obj, jobs, int(status.get("restarts") or 0))
    if status.get("terminalState"):
        return _finish(objects, found, status, now)
    if obj["spec"].get("suspend"):
        _suspend(objects, found, status, now)
    else:
        _resume(objects, found, status, now)
        _run(objects, found, status, now)
    status["replicatedJobsStatus"] = jobsetjobs.counts(found)
    status.setdefault("restarts", 0)
    write_status(objects, JOBSETS, obj, status)
    return None


def _finish(objects: Objects, found: Set, status: Object, now: datetime) -> float | None:
    for job in found.jobs:
        if not jobsetjobs.is_finished(job):
            remove(objects, JOBS, job)
    limit = found.obj["spec"].get("ttlSecondsAfterFinished")
    end = conditions.find(status, status["terminalState"])["lastTransitionTime"]
    return runpolicy.expire(objects, (JOBSETS, found.obj), limit, end, now)


def _suspend(objects: Objects, found: Set, status: Object, now: datetime) -> None:
    for job in found.current:
        _switch(objects, job, True)
    words = Words(conditions.SUSPENDED, "SuspendedJobs", "jobset is suspended")
    conditions.announce(objects, (JOBSETS, found.obj), status, words, now)


def _resume(objects: Objects, found: Set, status: Object, now: datetime) -> None:
    for job in found.current:
        _switch(objects, job, False)
    if conditions.holds(status, conditions.SUSPENDED):
        words = Words(conditions.SUSPENDED, "ResumeJobs", "jobset is resumed", "False")
        conditions.announce(objects, (JOBSETS, found.obj), status, words, now)


def _switch(objects: Objects, job: Object, on: bool) -> None:
    if bool(job["spec"].get("suspend")) is not on and not jobsetjobs.is_finished(job):
        namespace, name = key(job)
        objects.patch(JOBS, name, {"spec": {"suspend": on}}, namespace)


def _run(objects: Objects, found: Set, status: Object, now: datetime) -> None:
    failed = [job for job in found.current if jobsetjobs.holds(job, "Failed")]
    if failed:
        _fail(objects, found, status, failed[0], now)
    elif jobsetrules.has_succeeded(found):
        status["terminalState"] = COMPLETED
        words = Words(COMPLETED, "AllJobsCompleted", "jobset completed successfully")
        conditions.announce(objects, (JOBSETS, found.obj), status, words, now)
    else:
        _start(objects, found)


def _fail(objects: Objects, found: Set, status: Object, job: Object, now: datetime) -> None:
    """Do what the failurePolicy says of a Job that failed: end the JobSet, or start it or the Job again."""
    verdict = jobsetrules.judge(found.obj, job, int(status.get("restartsCountTowardsMax") or 0))
    words = f"{verdict.why} (first failed job: {job['metadata']['name']}: {jobsetjobs.reason(job)})"
    if verdict.ends:
        status["terminalState"] = conditions.FAILED
        end = Words(conditions.FAILED, verdict.ends, words)
        conditions.announce(objects, (JOBSETS, found.obj), status, end, now, "Warning")
        return
    if verdict.counts:
        status["restartsCountTowardsMax"] = int(status.get("restartsCountTowardsMax") or 0) + 1
    if verdict.alone:
        remove(objects, JOBS, job)
    else:
        # The next pass removes the Jobs, for then it is known that they are of an attempt that is over.
        status["restarts"] = found.attempt + 1
    event(objects, (JOBSETS, found.obj), now, "Warning", verdict.action, words)


def _start(objects: Objects, found: Set) -> None:
    """Make the Jobs that are not there and may start; after a restart when the last try's pods are gone."""
    if found.obj["spec"].get("network", {}).get("enableDNSHostnames", True):
        ensure(objects, SERVICES, jobsetjobs.service(found), (JOBSETS, found.obj))
    old = [job for job in found.jobs if job not in found.current]
    for job in old:
        remove(objects, JOBS, job)
    if old or jobsetjobs.leftovers(objects, found):
        return  # The port of the first worker is free when it has ended.
    for body in jobsetrules.ready_to_start(found):
        ensure(objects, JOBS, body, (JOBSETS, found.obj))


SHAPES = """
JobSet metadata:ObjectMeta spec:JobSetSpec! status:any
JobSetSpec replicatedJobs:[ReplicatedJob/name] network:JobSetNetwork successPolicy:JobSetSuccessPolicy \
failurePolicy:JobSetFailurePolicy startupPolicy:JobSetStartupPolicy suspend:b coordinator:JobSetCoordinator \
managedBy:s ttlSecondsAfterFinished:i volumeClaimPolicies:[any]
ReplicatedJob name:s! groupName:s replicas:i template:JobSetJobTemplate! dependsOn:[JobSetDependency/name]
JobSetJobTemplate metadata:ObjectMeta spec:JobSpec!
JobSetDependency name:s! status:s!
JobSetNetwork enableDNSHostnames:b subdomain:s publishNotReadyAddresses:b
JobSetSuccessPolicy operator:s! targetReplicatedJobs:[s]
JobSetFailurePolicy maxRestarts:i restartStrategy:s rules:[JobSetRule]
JobSetRule name:s action:s! onJobFailureReasons:[s] onJobFailureMessagePatterns:[s] targetReplicatedJobs:[s]
JobSetStartupPolicy startupPolicyOrder:s!
JobSetCoordinator replicatedJob:s! jobIndex:i podIndex:i
"""


def _completed(obj: Object) -> str:
    return "True" if conditions.holds(obj.get("status") or {}, COMPLETED) else ""


DEFINITIONS = (
    Definition(
        resource=JOBSETS,
        shapes=SHAPES,
        check=jobsetrules.check,
        fill=jobsetrules.fill,
        immutable=("replicatedJobs", "managedBy", "coordinator"),
        columns=(
            ("TerminalState", lambda obj: (obj.get("status") or {}).get("terminalState", "")),
            ("Restarts", lambda obj: (obj.get("status") or {}).get("restarts", "")),
            ("Completed", _completed),
            ("Suspended", lambda obj: obj["spec"].get("suspend", "")),
        ),
    ),
)
