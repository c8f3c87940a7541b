"""Carries out the requests to scale a TrainingJob step by step.

The names of the affected workers are written into the request before anything happens to them, so that
after a crash the next pass continues with the same ones. The job's status is stored before the request's.
"""

from arena.local.machinery import conditions, pod_status
from arena.local.machinery.clock import left, stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.writes import RETRY, ensure, event, reference
from arena.local.objects import JOBS, Object, key, owner
from arena.local.operators.elastic import manifests, scale_requests, workers
from arena.local.operators.elastic.scale_requests import FAILED, SCALING, SCRIPTED, SUCCEEDED, Scale
from arena.local.operators.elastic.workers import ElasticJob


def usable(elastic: ElasticJob, scale: Scale | None) -> list[str]:
    """The workers that the program may use: those that stay, and new ones once all of them run."""
    target = elastic.job.target
    if scale is None:
        return target
    if not scale.out:
        return [name for name in target if name not in scale.names]
    new = [name for name in scale.names if name not in target]
    return [*target, *new] if len(elastic.running(new)) == len(new) else target


def advance(elastic: ElasticJob, scale: Scale) -> float | None:
    """Take the next step of a request; the seconds until the one after, None to wait for a change."""
    if not scale.begun:
        _begin(elastic, scale)
        return None
    if scale.out and len(elastic.running(scale.names)) < len(scale.names):
        return _add(elastic, scale)
    if not _scripted(elastic, scale):
        return None
    if not scale.out:
        workers.remove_workers(elastic, scale.names)
        if any(name in elastic.workers for name in scale.names):
            return None
    kept = [name for name in elastic.job.target if name not in scale.names]
    elastic.status["targetWorkers"] = [*kept, *(scale.names if scale.out else [])]
    _mark(elastic, scale, SUCCEEDED, f"{scale.title} is done: {len(elastic.job.target)} workers")
    return None


def _begin(elastic: ElasticJob, scale: Scale) -> None:
    """Choose the workers, and write them into the request."""
    if owner(scale.obj) is None:
        namespace, name = key(scale.obj)
        meta = {"ownerReferences": [reference(*elastic.parent)]}
        scale.obj = elastic.objects.patch(scale.resource, name, {"metadata": meta}, namespace)
    names, flaw = scale_requests.choose(elastic.job, scale, elastic.workers)
    scale.status["startTime"] = stamp(elastic.now)
    conditions.put(
        scale.status, Condition(conditions.CREATED, "ScalerCreated", f"{scale.title} was seen."), elastic.now
    )
    if flaw:
        _mark(elastic, scale, FAILED, flaw)
        return
    scale.status["addPods" if scale.out else "toDeletePods"] = names
    word = "adds" if scale.out else "removes"
    _mark(elastic, scale, SCALING, f"{scale.title} {word} {', '.join(names)}")


def _add(elastic: ElasticJob, scale: Scale) -> float | None:
    """Create the new workers; the seconds until they are late."""
    for name in scale.names:
        if name not in elastic.workers:
            workers.create_worker(elastic, name)
    ended = [
        name
        for name in scale.names
        if name in elastic.workers and pod_status.is_finished(elastic.workers[name])
    ]
    seconds = left(scale.begun, scale.timeout, elastic.now)
    if not ended and seconds > 0:
        return min(seconds, RETRY)
    count = f"{len(elastic.running(scale.names))} of {len(scale.names)} run after {scale.timeout:g}s"
    fail(
        elastic, scale, f"{scale.title} could not add its workers: {f'{ended[0]} ended' if ended else count}"
    )
    return None


def fail(elastic: ElasticJob, scale: Scale, why: str) -> None:
    """Fail a request, and remove the workers that it added."""
    if scale.out:
        workers.remove_workers(elastic, [name for name in scale.names if name not in elastic.job.target])
    _mark(elastic, scale, FAILED, why)


def _scripted(elastic: ElasticJob, scale: Scale) -> bool:
    """Whether the request's script, if any, has run; otherwise start it, or fail as it failed."""
    line = scale.spec.get("script")
    if not line or conditions.holds(scale.status, SCRIPTED):
        return True
    made = ensure(elastic.objects, JOBS, _script(elastic, scale), scale.parent)
    state = made.get("status") or {}
    if conditions.holds(state, "Complete"):
        conditions.put(scale.status, Condition(SCRIPTED, SCRIPTED, f"the script {line} has run"), elastic.now)
        return True
    if conditions.holds(state, conditions.FAILED):
        last = next(one for one in state["conditions"] if one["type"] == conditions.FAILED)
        where = f"kubectl logs job/{made['metadata']['name']} shows its output"
        fail(elastic, scale, f"{scale.title}: the script {line} failed: {last.get('message')}; {where}")
    return False


def _script(elastic: ElasticJob, scale: Scale) -> Object:
    """The batch Job that runs the request's script with the affected workers as its argument."""
    job, spec = elastic.job, scale.spec
    workers = ",".join(f"{name}:{job.slots}" for name in scale.names)
    command = ["sh", str(spec["script"]), workers]
    return {
        "metadata": {
            "name": f"{scale.obj['metadata']['name'][:50]}-{'out' if scale.out else 'in'}",
            "labels": {manifests.JOB_NAME: job.name},
        },
        "spec": {
            "backoffLimit": int(spec.get("backoffLimit") or 0),
            "activeDeadlineSeconds": int(scale.timeout),
            "template": manifests.script(job, command, spec.get("env") or [], elastic.local),
        },
    }


def _mark(elastic: ElasticJob, scale: Scale, kind: str, message: str) -> None:
    """Write the progress of a request into its status and the job's, and report it by Events."""
    for status in (scale.status, elastic.status):
        # The last one counts, so those of an earlier request are removed.
        outdated = (SUCCEEDED, FAILED, *([SCALING] if kind == SCALING else []))
        known = status.get("conditions") or []
        status["conditions"] = [one for one in known if one["type"] not in outdated]
        conditions.put(status, Condition(kind, f"{scale.resource.kind}{kind}", message), elastic.now)
    over = kind != SCALING
    scale.status["phase"] = kind
    if over:
        scale.status["completionTime"] = stamp(elastic.now)
    elastic.status["phase"] = conditions.RUNNING if over else SCALING
    elastic.status["currentScaler"] = "" if over else f"{scale.resource.kind}:{'/'.join(key(scale.obj))}"
    for about in (scale.parent, elastic.parent):
        event(elastic.objects, about, elastic.now, "Warning" if kind == FAILED else "Normal", kind, message)
