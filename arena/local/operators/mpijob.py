"""MPIJob (v2beta1): a launcher, which is a batch Job, and workers that it reaches by a hostfile.

On the loopback every rank runs on this machine: the hostfile says so, workers are placeholders that
wait to be told to end, and no ssh is needed.
"""

import copy
from collections.abc import Iterator
from datetime import datetime

from arena.local.causes import Cause, invalid, missing, unsupported
from arena.local.definitions import AGE, Definition
from arena.local.objects import CONFIGMAPS, JOBS, PODS, SECRETS, SERVICES, Object, Objects, Resource, key
from arena.local.operators import conditions, mpi, rules, runpolicy
from arena.local.operators import pods as facts
from arena.local.operators.clock import stamp
from arena.local.operators.conditions import Words
from arena.local.operators.mpi import Job
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.writes import RETRY, create_pod, ensure, event, owned, remove, write_status

MPIJOBS = Resource("kubeflow.org", "v2beta1", "mpijobs", "MPIJob")


def operator() -> Operator:
    """The operator of MPIJobs."""
    return of_kind(MPIJOBS, reconcile, owns=(PODS, JOBS, SERVICES, CONFIGMAPS, SECRETS))


def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
    """Bring launcher, workers and status of one job nearer to its spec."""
    job = Job(obj)
    status = copy.deepcopy(obj.get("status") or {})
    if conditions.is_finished(status):
        return _finish(objects, job, now)
    invalid = mpi.flaw(job)
    if invalid:
        event(objects, (MPIJOBS, obj), now, "Warning", "ValidationError", invalid)
        return None
    _announce(objects, job, status, now, conditions.CREATED, f"MPIJob {_title(job)} is created.")
    if job.policy.get("suspend"):
        _suspend(objects, job, status, now)
        delay = None
    else:
        delay = _run(objects, job, status, now)
    write_status(objects, MPIJOBS, obj, status)
    return delay


def _title(job: Job) -> str:
    return "/".join(key(job.obj))


def _announce(objects: Objects, job: Job, status: Object, now: datetime, kind: str, message: str) -> None:
    """Set a condition and, when it is new, tell it by an Event."""
    if conditions.is_known(status, kind) and kind == conditions.CREATED:
        return
    words = Words(kind, f"MPIJob{kind}", message)
    conditions.announce(objects, (MPIJOBS, job.obj), status, words, now)


def _finish(objects: Objects, job: Job, now: datetime) -> float | None:
    policy = job.policy.get("cleanPodPolicy") or "None"
    if policy != "None":
        _clean(objects, job, keep_finished=policy == "Running")
    limit, end = job.policy.get("ttlSecondsAfterFinished"), job.obj["status"].get("completionTime")
    return runpolicy.expire(objects, (MPIJOBS, job.obj), limit, end, now)


def _clean(objects: Objects, job: Job, keep_finished: bool) -> None:
    for pod in _workers(objects, job):
        if not (keep_finished and facts.is_finished(pod)):
            remove(objects, PODS, pod)


def _workers(objects: Objects, job: Job) -> list[Object]:
    return owned(objects, PODS, job.obj, mpi.selector(job, "worker"))


def _suspend(objects: Objects, job: Job, status: Object, now: datetime) -> None:
    launcher = _launcher(objects, job)
    if launcher and not launcher["spec"].get("suspend"):
        namespace, name = key(launcher)
        objects.patch(JOBS, name, {"spec": {"suspend": True}}, namespace)
    _clean(objects, job, keep_finished=False)
    status.pop("startTime", None)
    status["replicaStatuses"] = {"Launcher": {}, "Worker": {}}
    message = f"MPIJob {_title(job)} is suspended."
    if conditions.holds(status, conditions.RUNNING):
        over = Words(conditions.RUNNING, "MPIJobSuspended", message, "False")
        conditions.put(status, over, now)
    _announce(objects, job, status, now, conditions.SUSPENDED, message)


def _resume(objects: Objects, job: Job, status: Object, now: datetime) -> None:
    if conditions.holds(status, conditions.SUSPENDED):
        message = f"MPIJob {_title(job)} is resumed."
        words = Words(conditions.SUSPENDED, "MPIJobResumed", message, "False")
        conditions.announce(objects, (MPIJOBS, job.obj), status, words, now)
    status.setdefault("startTime", stamp(now))


def _launcher(objects: Objects, job: Job) -> Object | None:
    there = objects.get(JOBS, job.launcher, key(job.obj)[0])
    mine = there and any(
        one["uid"] == job.obj["metadata"]["uid"] for one in there["metadata"].get("ownerReferences") or []
    )
    return there if mine else None


def _run(objects: Objects, job: Job, status: Object, now: datetime) -> float | None:
    """One pass over a job that shall run; returns the seconds until the next."""
    _resume(objects, job, status, now)
    parent = (MPIJOBS, job.obj)
    service = ensure(objects, SERVICES, mpi.service(job), parent)
    local = mpi.is_local(service)
    ensure(objects, CONFIGMAPS, mpi.config(job, local), parent)
    if not local:
        _key(objects, job)
    complete = _fill(objects, job, local, now)
    workers = _workers(objects, job)
    ready = [pod for pod in workers if facts.is_ready(pod)]
    launcher = _launcher(objects, job)
    waits = job.obj["spec"].get("launcherCreationPolicy") == "WaitForWorkersReady"
    if launcher is None and (not waits or len(ready) == job.size):
        launcher = ensure(objects, JOBS, mpi.launcher(job, local), parent)
    if launcher and launcher["spec"].get("suspend"):
        launcher = objects.patch(JOBS, job.launcher, {"spec": {"suspend": False}}, key(job.obj)[0])
    _judge(objects, job, status, now, (launcher, workers))
    return None if complete else RETRY


def _key(objects: Objects, job: Job) -> None:
    """The ssh key of a job on a real cluster; only made when it is missing, as it is dear."""
    if objects.get(SECRETS, f"{job.name}-ssh", key(job.obj)[0]) is None:
        ensure(objects, SECRETS, mpi.secret(job), (MPIJOBS, job.obj))


def _fill(objects: Objects, job: Job, local: bool, now: datetime) -> bool:
    """Worker pods, as many as wanted; False when one was refused."""
    there = {pod["metadata"]["name"]: pod for pod in _workers(objects, job)}
    wanted = [f"{job.name}-worker-{index}" for index in range(job.size)]
    for name, pod in there.items():
        if name not in wanted:
            remove(objects, PODS, pod)
    made = [
        create_pod(objects, mpi.worker(job, index, local), (MPIJOBS, job.obj), now, "FailedCreatePod")
        for index, name in enumerate(wanted)
        if name not in there
    ]
    return None not in made


def _judge(
    objects: Objects, job: Job, status: Object, now: datetime, found: tuple[Object | None, list[Object]]
) -> None:
    """What the launcher's and the workers' states mean for the job."""
    launcher, workers = found
    state = (launcher or {}).get("status") or {}
    status["replicaStatuses"] = {"Launcher": _launcher_counts(state), "Worker": _counts(workers)}
    if conditions.holds(state, "Complete"):
        status["completionTime"] = state.get("completionTime") or stamp(now)
        message = f"MPIJob {_title(job)} successfully completed."
        _announce(objects, job, status, now, conditions.SUCCEEDED, message)
        return
    if conditions.holds(state, "Failed"):
        failure = conditions.find(state, "Failed")
        _fail(objects, job, status, now, (failure["reason"], failure["message"]))
        return
    pods = owned(objects, PODS, launcher) if launcher else []
    if facts.count(pods, "Running") and facts.count(workers, "Running") == job.size:
        message = f"MPIJob {_title(job)} is running."
        _announce(objects, job, status, now, conditions.RUNNING, message)


def _fail(objects: Objects, job: Job, status: Object, now: datetime, why: tuple[str, str]) -> None:
    reason, message = why
    status["completionTime"] = stamp(now)
    if reason == "BackoffLimitExceeded":
        launcher = _launcher(objects, job)
        pods = owned(objects, PODS, launcher) if launcher else []
        last = [(pod.get("status") or {}).get("reason") for pod in pods if facts.phase(pod) == "Failed"]
        reason = f"{reason}/{last[-1]}" if last and last[-1] else reason
    text = f"MPIJob {_title(job)} has failed: {message}"
    if conditions.put(status, Words(conditions.FAILED, reason, text), now):
        event(objects, (MPIJOBS, job.obj), now, "Warning", "MPIJobFailed", text)


def _launcher_counts(state: Object) -> Object:
    found = {name: int(state.get(name) or 0) for name in ("active", "succeeded", "failed")}
    return {name: number for name, number in found.items() if number}


def _counts(pods: list[Object]) -> Object:
    found = {
        "active": facts.count(pods, "Running"),
        "succeeded": facts.count(pods, "Succeeded"),
        "failed": facts.count(pods, "Failed"),
    }
    return {name: number for name, number in found.items() if number}


def check(obj: Object) -> Iterator[Cause]:
    """An MPIJob has exactly one Launcher, and Workers if any."""
    spec = obj["spec"]
    yield from rules.common(obj, "mpiReplicaSpecs", "")
    yield from rules.types(spec, "mpiReplicaSpecs", ("Launcher", "Worker"))
    if "Launcher" not in spec["mpiReplicaSpecs"]:
        yield missing("spec.mpiReplicaSpecs", "must have Launcher replica spec")
    elif (spec["mpiReplicaSpecs"]["Launcher"] or {}).get("replicas", 1) != 1:
        yield from rules.lone(spec, "mpiReplicaSpecs", "Launcher")
    workers = spec["mpiReplicaSpecs"].get("Worker") or {}
    if isinstance(workers.get("replicas"), int) and workers["replicas"] < 1:
        yield invalid("spec.mpiReplicaSpecs[Worker].replicas", workers["replicas"], "must be at least 1")
    known = ("OpenMPI", "Intel", "MPICH")
    if spec.get("mpiImplementation") not in (None, *known):
        yield unsupported("spec.mpiImplementation", spec["mpiImplementation"], known)


SHAPES = """
MPIJob metadata:ObjectMeta spec:MPIJobSpec! status:any
MPIJobSpec slotsPerWorker:i runLauncherAsWorker:b runPolicy:RunPolicy mpiReplicaSpecs:{ReplicaSpec}! \
sshAuthMountPath:s launcherCreationPolicy:s mpiImplementation:s
"""

DEFINITIONS = (
    Definition(
        resource=MPIJOBS,
        shapes=SHAPES,
        check=check,
        columns=(
            AGE,
            ("State", conditions.latest),
        ),
    ),
)
