"""The life of a training operator's job: what TFJob and PyTorchJob have truly in common."""

import copy
import json
from datetime import datetime

from arena.local.objects import PODS, SERVICES, Object, Objects, key
from arena.local.operators import conditions, replicas, runpolicy
from arena.local.operators import pods as facts
from arena.local.operators.clock import stamp
from arena.local.operators.conditions import Words
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.replicas import Job, Kind, Place
from arena.local.operators.runpolicy import earliest
from arena.local.operators.writes import RETRY, create_pod, event, remove, write_status

REPLACED = "local.arena.io/replaced"
"""Annotation on a job with a backoffLimit, JSON: the uids of the failed pods that were replaced."""

PERMANENT = 127
"""The largest exit code that a replica with the policy ExitCode is not restarted for."""


def operator_of(kind: Kind) -> Operator:
    """The operator of one kind."""

    def run(objects: Objects, obj: Object, now: datetime) -> float | None:
        return reconcile(objects, Job(kind, obj), now)

    return of_kind(kind.resource, run, owns=(PODS, SERVICES))


def reconcile(objects: Objects, job: Job, now: datetime) -> float | None:
    """Bring pods, Services and status of one job nearer to its spec."""
    status = copy.deepcopy(job.obj.get("status") or {})
    if conditions.is_finished(status):
        return _finish(objects, job, now)
    if not conditions.is_known(status, conditions.CREATED):
        _announce(objects, job, status, now, (conditions.CREATED, f"{_title(job)} is created."))
    if job.policy.get("suspend"):
        _suspend(objects, job, status, now)
        delay = None
    else:
        _resume(objects, job, status, now)
        delay = _run(objects, job, status, now)
    write_status(objects, job.kind.resource, job.obj, status)
    return delay


def _title(job: Job) -> str:
    return f"{job.kind.resource.kind} {job.name}"


def _announce(
    objects: Objects, job: Job, status: Object, now: datetime, what: tuple[str, str], urgency: str = "Normal"
) -> None:
    """Set a condition (`what`: type and message) and, when it is new, tell it by an Event."""
    words = _words(job, *what)
    conditions.announce(objects, job.parent, status, words, now, urgency)


def _words(job: Job, kind: str, message: str) -> Words:
    return Words(kind, job.kind.resource.kind + kind, message)


def _finish(objects: Objects, job: Job, now: datetime) -> float | None:
    """What follows a job's end: cleanPodPolicy and ttlSecondsAfterFinished."""
    status = job.obj["status"]
    policy = job.policy.get("cleanPodPolicy") or "None"
    # A job that failed without a failed replica was ended by one of its limits: nothing of it may
    # run on, whatever the policy says.
    by_limit = conditions.holds(status, conditions.FAILED) and not any(
        one.get("failed") for one in (status.get("replicaStatuses") or {}).values()
    )
    if policy != "None" or by_limit:
        replicas.clean(objects, job, keep_finished=policy != "All")
    limit = job.policy.get("ttlSecondsAfterFinished")
    return runpolicy.expire(objects, job.parent, limit, status.get("completionTime"), now)


def _suspend(objects: Objects, job: Job, status: Object, now: datetime) -> None:
    replicas.clean(objects, job, keep_finished=False)
    status.pop("startTime", None)
    status["replicaStatuses"] = {name: {} for name in job.specs}
    message = f"{_title(job)} is suspended."
    if conditions.holds(status, conditions.RUNNING):
        over = Words(conditions.RUNNING, f"{job.kind.resource.kind}Suspended", message, "False")
        conditions.put(status, over, now)
    _announce(objects, job, status, now, (conditions.SUSPENDED, message))


def _resume(objects: Objects, job: Job, status: Object, now: datetime) -> None:
    if conditions.holds(status, conditions.SUSPENDED):
        reason, message = f"{job.kind.resource.kind}Resumed", f"{_title(job)} is resumed."
        words = Words(conditions.SUSPENDED, reason, message, "False")
        conditions.announce(objects, job.parent, status, words, now)
    status.setdefault("startTime", stamp(now))


def _run(objects: Objects, job: Job, status: Object, now: datetime) -> float | None:
    """One pass over a job that shall run; returns the seconds until the next."""
    pods = replicas.find(objects, job)
    seconds = runpolicy.deadline_left(job.policy, status, now)
    if seconds is not None and seconds <= 0:
        _fail(objects, job, status, now, "it was active longer than its deadline")
        return None
    doomed = [one for one in pods if _is_retryable(job, one)]
    patient = [one for one in pods if _policy(job, one) in ("OnFailure", "Always")]
    replaced = _replaced(job) | {one["metadata"]["uid"] for one in doomed}
    if runpolicy.backoff_reached(job.policy, patient, len(replaced)):
        _tally(job, status, pods)
        _fail(objects, job, status, now, "it has reached its backoff limit")
        return None
    _replace(objects, job, doomed, replaced)
    complete = _fill(objects, job, pods, now)
    _judge(objects, job, status, now, pods)
    return earliest(seconds, None if complete else RETRY)


def _fail(objects: Objects, job: Job, status: Object, now: datetime, why: str) -> None:
    status["completionTime"] = stamp(now)
    message = f"{_title(job)} has failed because {why}."
    _announce(objects, job, status, now, (conditions.FAILED, message), "Warning")


def _policy(job: Job, pod: Object) -> str:
    place = replicas.place_of(job, pod)
    return job.restart(place[0]) if place and place[0] in job.specs else ""


def _is_retryable(job: Job, pod: Object) -> bool:
    """Whether it failed in a way after which its policy wants a new pod."""
    policy = _policy(job, pod)
    if facts.phase(pod) != "Failed" or facts.is_going(pod) or policy in ("", "Never"):
        return False
    if policy != "ExitCode":
        # Its node would have started it again: it was the pod that failed, not its program.
        return job.kind.replaces
    code = facts.exit_code(pod, job.kind.container)
    return code is None or code > PERMANENT


def _replaced(job: Job) -> set[str]:
    annotations = job.obj["metadata"].get("annotations") or {}
    return set(json.loads(annotations.get(REPLACED, "[]")))


def _replace(objects: Objects, job: Job, doomed: list[Object], replaced: set[str]) -> None:
    """Delete failed pods; the next pass makes new ones."""
    # First counted, then deleted: as they are counted by uid, a crash in between counts none twice.
    if replaced != _replaced(job) and job.policy.get("backoffLimit") is not None:
        namespace, name = key(job.obj)
        note = {"metadata": {"annotations": {REPLACED: json.dumps(sorted(replaced))}}}
        job.obj = objects.patch(job.kind.resource, name, note, namespace)
    for pod in doomed:
        remove(objects, PODS, pod)


def _fill(objects: Objects, job: Job, pods: list[Object], now: datetime) -> bool:
    """Services and pods for every replica, none for surplus ones; False when a pod was refused."""
    replicas.make_services(objects, job)
    there = {replicas.place_of(job, one): one for one in pods}
    wanted = set(job.places)
    for place, pod in there.items():
        if place not in wanted:
            remove(objects, PODS, pod)
    made = [_create(objects, job, place, now) for place in job.places if place not in there]
    return all(made)


def _create(objects: Objects, job: Job, place: Place, now: datetime) -> bool:
    body = replicas.pod(job, place)
    made = create_pod(objects, body, job.parent, now, "FailedCreatePod")
    if made:
        event(objects, job.parent, now, "Normal", "SuccessfulCreatePod", f"Created pod: {job.child(place)}")
    return made is not None


def _tally(job: Job, status: Object, pods: list[Object]) -> None:
    """Count the pods of each replica type into replicaStatuses."""
    status["replicaStatuses"] = {}
    for name in job.specs:
        mine = [one for one in pods if (replicas.place_of(job, one) or ("",))[0] == name]
        counts = {
            "active": facts.count((one for one in mine if not facts.is_going(one)), "Running"),
            "succeeded": facts.count(mine, "Succeeded"),
            "failed": facts.count(mine, "Failed"),
        }
        labels = {**job.labels(), replicas.REPLICA_TYPE: name.lower()}
        status["replicaStatuses"][name] = {
            **{word: number for word, number in counts.items() if number},
            "selector": replicas.selector(labels),
        }


def _judge(objects: Objects, job: Job, status: Object, now: datetime, pods: list[Object]) -> None:
    """What the pods' phases mean for the job."""
    _tally(job, status, pods)
    restarting = [one for one in pods if _is_retryable(job, one) or facts.is_going(one)]
    failed = [one for one in pods if facts.phase(one) == "Failed" and one not in restarting]
    if job.kind.has_succeeded(job, [one for one in pods if facts.phase(one) == "Succeeded"]):
        _succeed(objects, job, status, now)
    elif failed:
        name = (replicas.place_of(job, failed[0]) or ("",))[0]
        _fail(objects, job, status, now, f"{len(failed)} {name} replica(s) failed")
    elif any(_is_retryable(job, one) for one in pods):
        message = f"{_title(job)} is restarting because a replica failed."
        _announce(objects, job, status, now, (conditions.RESTARTING, message), "Warning")
    elif not restarting and _leader_runs(job, pods):
        conditions.put(status, _words(job, conditions.RUNNING, f"{_title(job)} is running."), now)


def _leader_runs(job: Job, pods: list[Object]) -> bool:
    leaders = {name for name in job.kind.leader if name in job.specs} or {"Worker"}
    running = (one for one in pods if facts.phase(one) == "Running")
    return any((replicas.place_of(job, one) or ("",))[0] in leaders for one in running)


def _succeed(objects: Objects, job: Job, status: Object, now: datetime) -> None:
    status["completionTime"] = stamp(now)
    for one in status["replicaStatuses"].values():
        done = one.get("succeeded", 0) + one.pop("active", 0)
        if done:
            one["succeeded"] = done
    message = f"{_title(job)} successfully completed."
    _announce(objects, job, status, now, (conditions.SUCCEEDED, message))
