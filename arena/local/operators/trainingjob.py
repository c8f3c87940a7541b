"""TrainingJob of the ET operator: a launcher that runs the user's command, and workers that come and go.

The launcher starts when the workers run. Workers that are lost are replaced, where their policy says so, and
requests to scale are carried out one after the other while the job runs.
"""

import copy
from collections.abc import Iterable, Iterator
from datetime import datetime

from arena.local.causes import Cause, check_count, invalid, missing, unsupported
from arena.local.definitions import Definition
from arena.local.objects import CONFIGMAPS, JOBS, PODS, SECRETS, SERVICES, Object, Objects, key
from arena.local.operators import conditions, et, etworkers, scales, scaling
from arena.local.operators import pods as facts
from arena.local.operators.clock import stamp
from arena.local.operators.conditions import Words
from arena.local.operators.et import SCALEINS, SCALEOUTS, TRAININGJOBS, Job
from arena.local.operators.etworkers import Turn
from arena.local.operators.operator import Key, Operator, of_kind
from arena.local.operators.runpolicy import earliest
from arena.local.operators.scales import Scale
from arena.local.operators.writes import RETRY, create_pod, owned, remove, write_status

WORKERS_READY = "WorkersReady"
LAUNCHER_CREATED = "LauncherCreated"
STEPS = (etworkers.CREATED, WORKERS_READY, LAUNCHER_CREATED)
_SCALED = (scales.SCALING, scales.SUCCEEDED, scales.FAILED)
BACKOFF = 6


def operator() -> Operator:
    """The operator of TrainingJobs and of the requests to scale them."""
    related = {SCALEINS: _scaled, SCALEOUTS: _scaled, JOBS: _scripted}
    return of_kind(TRAININGJOBS, reconcile, (PODS, SERVICES, CONFIGMAPS, SECRETS), related)


def _scaled(_: Objects, obj: Object) -> Iterable[Key]:
    name = (obj["spec"].get("selector") or {}).get("name")
    return [(key(obj)[0], name)] if name else []


def _scripted(_: Objects, obj: Object) -> Iterable[Key]:
    name = (obj["metadata"].get("labels") or {}).get(et.JOB_NAME)
    return [(key(obj)[0], name)] if name else []


def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
    """Bring launcher, workers and status of one job nearer to its spec."""
    turn = Turn(objects, Job(obj, copy.deepcopy(obj.get("status") or {})), now)
    turn.look()
    requests = scales.pending(objects, turn.job)
    if conditions.is_finished(turn.status):
        _finish(turn, requests)
        return None
    if not conditions.is_known(turn.status, conditions.CREATED):
        turn.status.update(phase=conditions.CREATED, restartCount=0)
        _announce(turn, conditions.CREATED, f"TrainingJob {turn.job.name} is created.")
    scale = None if turn.job.suspended or not requests else requests[0]
    if turn.job.suspended:
        _suspend(turn)
        delay = None
    else:
        _resume(turn)
        delay = _run(turn, scale)
    write_status(objects, TRAININGJOBS, obj, turn.status)
    if scale:
        write_status(objects, scale.resource, scale.obj, scale.status)
    return delay


def _announce(turn: Turn, kind: str, message: str, urgency: str = "Normal") -> None:
    """Set a condition and, when it is new, tell it by an Event."""
    _tell(turn, Words(kind, f"TrainingJob{kind}", message), urgency)


def _tell(turn: Turn, words: Words, urgency: str = "Normal") -> None:
    conditions.announce(turn.objects, turn.job.parent, turn.status, words, turn.now, urgency)


def _finish(turn: Turn, requests: list[Scale]) -> None:
    """What follows a job's end: cleanPodPolicy, and the end of requests to scale it."""
    for scale in requests:
        scaling.fail(turn, scale, f"{scale.title}: the job {turn.job.name} has ended")
        write_status(turn.objects, scale.resource, scale.obj, scale.status)
    policy = turn.job.spec.get("cleanPodPolicy") or "Running"
    if policy != "None":
        etworkers.drop(
            turn,
            [name for name, pod in turn.workers.items() if policy == "All" or not facts.is_finished(pod)],
        )
        for service in owned(turn.objects, SERVICES, turn.job.obj):
            remove(turn.objects, SERVICES, service)


def _suspend(turn: Turn) -> None:
    message = f"TrainingJob {turn.job.name} is suspended."
    _clear(turn)
    _forget(turn)
    if conditions.holds(turn.status, conditions.RUNNING):
        over = Words(conditions.RUNNING, "TrainingJobSuspended", message, "False")
        conditions.put(turn.status, over, turn.now)
    turn.status["phase"] = conditions.SUSPENDED
    _announce(turn, conditions.SUSPENDED, message)


def _resume(turn: Turn) -> None:
    if conditions.holds(turn.status, conditions.SUSPENDED):
        message = f"TrainingJob {turn.job.name} is resumed."
        _tell(turn, Words(conditions.SUSPENDED, "TrainingJobResumed", message, "False"))
        turn.status["phase"] = conditions.CREATED
    turn.status.setdefault("startTime", stamp(turn.now))


def _forget(turn: Turn) -> None:
    """Forget how far the job had come: it starts anew, once its pods are gone."""
    known = turn.status.get("conditions") or []
    turn.status["conditions"] = [one for one in known if one["type"] not in (*STEPS, *_SCALED)]
    turn.status.update(targetWorkers=[], currentWorkers=[], currentScaler="")
    turn.status["replicaStatuses"] = {"Launcher": {}, "Worker": {}}


def _clear(turn: Turn) -> bool:
    """Remove all pods; whether there are none any more."""
    pods = [*turn.workers.values(), *filter(None, [turn.launcher])]
    for pod in pods:
        remove(turn.objects, PODS, pod)
    return not pods


def _run(turn: Turn, scale: Scale | None) -> float | None:
    """One pass over a job that shall run; returns the seconds until the next."""
    if not turn.status.get("targetWorkers"):
        # Stored before the first worker is made: until then pods are of an earlier start, and go.
        if _clear(turn):
            turn.status["targetWorkers"] = turn.job.target
        return None
    busy = scale.names if scale else []
    etworkers.surround(turn, busy)
    fresh = not conditions.holds(turn.status, etworkers.CREATED)
    delay = etworkers.start(turn) if fresh else etworkers.mend(turn, busy)
    turn.look()
    etworkers.publish(turn, scaling.usable(turn, scale))
    delay = earliest(delay, _launch(turn))
    _judge(turn)
    if scale and turn.status["phase"] in (conditions.RUNNING, scales.SCALING):
        delay = earliest(delay, scaling.advance(turn, scale))
    return delay


def _launch(turn: Turn) -> float | None:
    """Make the launcher when all workers run; seconds until one that was refused is tried again."""
    if turn.launcher is None:
        if not _may_launch(turn):
            return None
        body = et.launcher(turn.job, turn.local)
        turn.launcher = create_pod(turn.objects, body, turn.job.parent, turn.now, "FailedCreatePod")
    if turn.launcher is None:
        return RETRY
    for step, message in (
        (WORKERS_READY, "The workers run."),
        (LAUNCHER_CREATED, "The launcher is created."),
    ):
        conditions.put(turn.status, Words(step, step, message), turn.now)
    return None


def _may_launch(turn: Turn) -> bool:
    """Whether a launcher is to be made: it is made once, unless its policy is Always."""
    job = turn.job
    if conditions.holds(turn.status, LAUNCHER_CREATED):
        again: bool = job.role("launcher").get("restartPolicy") == "Always"
        if not again:
            _fail(turn, "TrainingJobFailed", "its launcher is gone")
        return again
    if len(turn.running(job.target)) == len(job.target):
        return True
    dead = etworkers.dead(turn) if conditions.holds(turn.status, etworkers.CREATED) else []
    if dead:
        _fail(turn, "TrainingJobWorkerFailed", f"its worker {dead[0]} ended before the launcher started")
    return False


def _judge(turn: Turn) -> None:
    """What the launcher's and the workers' phases mean for the job."""
    launcher = [turn.launcher] if turn.launcher else []
    if turn.status["phase"] == conditions.RESTARTING and not turn.status["targetWorkers"]:
        return  # decided in this pass
    turn.status["replicaStatuses"] = {
        "Launcher": _counts(launcher),
        "Worker": _counts(list(turn.workers.values())),
    }
    if not launcher:
        return
    state = facts.phase(launcher[0])
    if state == "Succeeded":
        turn.status.update(completionTime=stamp(turn.now), phase=conditions.SUCCEEDED)
        _announce(turn, conditions.SUCCEEDED, f"TrainingJob {turn.job.name} successfully completed.")
    elif state == "Failed":
        code = facts.exit_code(launcher[0], "")
        why = (launcher[0].get("status") or {}).get("reason") or f"exit code {code}"
        _fail(turn, "TrainingJobFailed", f"its launcher failed: {why}")
    elif state == "Running" and turn.status["phase"] != scales.SCALING:
        turn.status["phase"] = conditions.RUNNING
        _announce(turn, conditions.RUNNING, f"TrainingJob {turn.job.name} is running.")


def _counts(pods: list[Object]) -> Object:
    words = {"active": "Running", "succeeded": "Succeeded", "failed": "Failed"}
    found = {name: facts.count(pods, word) for name, word in words.items()}
    return {name: number for name, number in found.items() if number}


def _fail(turn: Turn, reason: str, why: str) -> None:
    """Start the job anew where its policy and limit allow, else let it fail."""
    spec, status = turn.job.spec, turn.status
    limit = BACKOFF if spec.get("backoffLimit") is None else int(spec["backoffLimit"])
    done = int(status.get("restartCount") or 0)
    if spec.get("restartPolicy") == "OnFailure" and done < limit:
        _forget(turn)
        status.update(restartCount=done + 1, phase=conditions.RESTARTING)
        text = f"TrainingJob {turn.job.name} restarts ({done + 1} of {limit}) as {why}."
        status["conditions"] = [one for one in status["conditions"] if one["type"] != conditions.RESTARTING]
        _announce(turn, conditions.RESTARTING, text, "Warning")
        return
    status.update(completionTime=stamp(turn.now), phase=conditions.FAILED)
    _tell(
        turn, Words(conditions.FAILED, reason, f"TrainingJob {turn.job.name} has failed as {why}."), "Warning"
    )


def check(obj: Object) -> Iterator[Cause]:
    """A TrainingJob has one launcher and at least one worker."""
    spec = obj["spec"]
    specs = spec["etReplicaSpecs"]
    for role in ("launcher", "worker"):
        path = f"spec.etReplicaSpecs.{role}"
        one = specs.get(role) or {}
        if not ((one.get("template") or {}).get("spec") or {}).get("containers"):
            yield missing(f"{path}.template.spec.containers", "must be specified")
        for field in ("replicas", "minReplicas", "maxReplicas"):
            if one.get(field) is not None and (not isinstance(one[field], int) or one[field] < 1):
                yield invalid(f"{path}.{field}", one[field], "must be greater than or equal to 1")
    if (specs.get("launcher") or {}).get("replicas", 1) != 1:
        yield invalid("spec.etReplicaSpecs.launcher.replicas", specs["launcher"]["replicas"], "must be 1")
    if spec.get("restartPolicy") not in (None, "Never", "OnFailure"):
        yield unsupported("spec.restartPolicy", spec["restartPolicy"], ("Never", "OnFailure"))
    yield from check_count("spec.backoffLimit", spec.get("backoffLimit"))


SHAPES = """
TrainingJob metadata:ObjectMeta spec:TrainingJobSpec! status:any
TrainingJobSpec backoffLimit:i cleanPodPolicy:s launcherAttachMode:s restartPolicy:s slotsPerWorker:i \
etReplicaSpecs:ETReplicaSpecs!
ETReplicaSpecs launcher:ReplicaSpec! worker:ETWorkerSpec!
ETWorkerSpec replicas:i minReplicas:i maxReplicas:i template:PodTemplateSpec restartPolicy:s
"""

DEFINITIONS = (
    Definition(
        resource=TRAININGJOBS,
        shapes=SHAPES,
        check=check,
        columns=(("Phase", lambda obj: (obj.get("status") or {}).get("phase")),),
    ),
)
