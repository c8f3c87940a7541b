"""Carries out the requests to scale a TrainingJob, a step at a time.

The names of the workers concerned are written into the request before anything happens to them, so that
whoever takes over after a crash goes on with the same ones. The job's status is stored before the request's.
"""

from arena.local.objects import JOBS, Object, key, owner
from arena.local.operators import conditions, et, etworkers, scales
from arena.local.operators import pods as facts
from arena.local.operators.clock import left, stamp
from arena.local.operators.conditions import Words
from arena.local.operators.etworkers import Turn
from arena.local.operators.scales import FAILED, SCALING, SCRIPTED, SUCCEEDED, Scale
from arena.local.operators.writes import RETRY, ensure, event, reference


def usable(turn: Turn, scale: Scale | None) -> list[str]:
    """The workers that the program may use: those that shall stay, and new ones once all of them run."""
    target = turn.job.target
    if scale is None:
        return target
    if not scale.out:
        return [name for name in target if name not in scale.names]
    new = [name for name in scale.names if name not in target]
    return [*target, *new] if len(turn.running(new)) == len(new) else target


def advance(turn: Turn, scale: Scale) -> float | None:
    """Carry a request on by a step; seconds until the next one, None: when something changes."""
    if not scale.begun:
        _begin(turn, scale)
        return None
    if scale.out and len(turn.running(scale.names)) < len(scale.names):
        return _add(turn, scale)
    if not _scripted(turn, scale):
        return None
    if not scale.out:
        etworkers.drop(turn, scale.names)
        if any(name in turn.workers for name in scale.names):
            return None
    kept = [name for name in turn.job.target if name not in scale.names]
    turn.status["targetWorkers"] = [*kept, *(scale.names if scale.out else [])]
    _mark(turn, scale, SUCCEEDED, f"{scale.title} is done: {len(turn.job.target)} workers")
    return None


def _begin(turn: Turn, scale: Scale) -> None:
    """Choose the workers and say so."""
    if owner(scale.obj) is None:
        namespace, name = key(scale.obj)
        meta = {"ownerReferences": [reference(*turn.job.parent)]}
        scale.obj = turn.objects.patch(scale.resource, name, {"metadata": meta}, namespace)
    names, flaw = scales.choose(turn.job, scale, turn.workers)
    scale.status.update(startTime=stamp(turn.now), replicaStatuses={}, restartCount=0)
    conditions.put(
        scale.status, Words(conditions.CREATED, "ScalerCreated", f"{scale.title} was seen."), turn.now
    )
    if flaw:
        _mark(turn, scale, FAILED, flaw)
        return
    scale.status["addPods" if scale.out else "toDeletePods"] = names
    word = "adds" if scale.out else "removes"
    _mark(turn, scale, SCALING, f"{scale.title} {word} {', '.join(names)}")


def _add(turn: Turn, scale: Scale) -> float | None:
    """Start the new workers; seconds until they are late."""
    for name in scale.names:
        if name not in turn.workers:
            etworkers.create(turn, name)
    ended = [name for name in scale.names if name in turn.workers and facts.is_finished(turn.workers[name])]
    seconds = left(scale.begun, scale.timeout, turn.now)
    if not ended and seconds > 0:
        return min(seconds, RETRY)
    count = f"{len(turn.running(scale.names))} of {len(scale.names)} run after {scale.timeout:g}s"
    fail(turn, scale, f"{scale.title} could not add its workers: {f'{ended[0]} ended' if ended else count}")
    return None


def fail(turn: Turn, scale: Scale, why: str) -> None:
    """End a request for good; workers that it added go again."""
    if scale.out:
        etworkers.drop(turn, [name for name in scale.names if name not in turn.job.target])
    _mark(turn, scale, FAILED, why)


def _scripted(turn: Turn, scale: Scale) -> bool:
    """Whether the request's script, if it has one, has run; else start it, or fail with it."""
    line = scale.spec.get("script")
    if not line or conditions.holds(scale.status, SCRIPTED):
        return True
    made = ensure(turn.objects, JOBS, _script(turn, scale), scale.parent)
    state = made.get("status") or {}
    if conditions.holds(state, "Complete"):
        conditions.put(scale.status, Words(SCRIPTED, SCRIPTED, f"the script {line} has run"), turn.now)
        return True
    if conditions.holds(state, conditions.FAILED):
        last = next(one for one in state["conditions"] if one["type"] == conditions.FAILED)
        where = f"kubectl logs job/{made['metadata']['name']} shows its output"
        fail(turn, scale, f"{scale.title}: the script {line} failed: {last.get('message')}; {where}")
    return False


def _script(turn: Turn, scale: Scale) -> Object:
    """The batch Job that runs the script beside the launcher, with the workers concerned as its argument."""
    job, spec = turn.job, scale.spec
    workers = ",".join(f"{name}:{job.slots}" for name in scale.names)
    line = f"sh {spec['script']} {workers}"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{scale.obj['metadata']['name'][:50]}-{'out' if scale.out else 'in'}",
            "labels": {et.JOB_NAME: job.name},
        },
        "spec": {
            "backoffLimit": int(spec.get("backoffLimit") or 0),
            "activeDeadlineSeconds": int(scale.timeout),
            "template": et.script(job, line, spec.get("env") or [], turn.local),
        },
    }


def _mark(turn: Turn, scale: Scale, kind: str, message: str) -> None:
    """Write how far a request is into its status and the job's, and tell it."""
    for status in (scale.status, turn.status):
        # The last one counts, so those of an earlier request make way.
        outdated = (SUCCEEDED, FAILED, *([SCALING] if kind == SCALING else []))
        known = status.get("conditions") or []
        status["conditions"] = [one for one in known if one["type"] not in outdated]
        conditions.put(status, Words(kind, f"{scale.resource.kind}{kind}", message), turn.now)
    over = kind != SCALING
    scale.status["phase"] = kind
    if over:
        scale.status["completionTime"] = stamp(turn.now)
    turn.status["phase"] = conditions.RUNNING if over else SCALING
    turn.status["currentScaler"] = "" if over else f"{scale.resource.kind}:{'/'.join(key(scale.obj))}"
    for about in (scale.parent, turn.job.parent):
        event(turn.objects, about, turn.now, "Warning" if kind == FAILED else "Normal", kind, message)
