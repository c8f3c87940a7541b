"""The phase of a job and the reason for it, from its object and its instances."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.errors import aimed
from arena.kinds.kind import Object
from arena.kinds.workload.instance_findings import short, survivors, trouble
from arena.model.findings import NO_INSTANCES, Evidence, Finding
from arena.model.instances import Instance
from arena.model.jobs import Phase

SUCCESS = ("Succeeded", "Complete", "Completed")
"""The conditions of success: of training jobs, of Jobs and TrainJobs, of JobSets."""
_STARTING = ("ContainerCreating", "PodInitializing")

State = tuple[Phase, tuple[Finding, ...]]
Conditions = Mapping[str, Mapping[str, Any]]
"""Those that are true, by their types."""


def phase(obj: Object, instances: Sequence[Instance], said: Phase | None = None, why: str = "") -> State:
    """The phase of a job, and the findings that explain it, the most specific one first.

    Args:
        obj: its object, with the conditions that the operators of most kinds write.
        instances: its pods.
        said: the phase from a status of another form, for kinds without conditions.
        why: the explanation in that status.
    """
    told, true = _reported(obj, why), _true(obj)
    ended = _final(obj, instances, true, said, told)
    if ended:
        return ended
    if obj["metadata"].get("deletionTimestamp"):
        return Phase.STOPPING, (Finding("deleting", "it is being deleted"),)
    waiting = _held(obj, true, said)
    if waiting:
        return waiting
    if said in (Phase.RESTARTING, Phase.SCALING):
        return said, _first(trouble(instances), told)
    if restarting := true.get("Restarting"):
        return Phase.RESTARTING, _first(trouble(instances), _reported(obj, _message(restarting)))
    return _alive(obj, instances, true, said, told)


def output_hint(name: str, namespace: str, instances: Sequence[Instance]) -> str:
    """A hint that names where to see the output of a failed job."""
    if instances:
        return f"arena logs {aimed(name, namespace)} shows its output"
    return "none of its instances is left; submit it with --logs to see their output while they run"


def _final(
    obj: Object, instances: Sequence[Instance], true: Conditions, said: Phase | None, told: Finding | None
) -> State | None:
    failed = true.get("Failed", {})
    if failed or said is Phase.FAILED:
        told = _reported(obj, _message(failed) or str(failed.get("reason") or "")) or told
        late = told is not None and "deadline" in told.cause.lower()
        reason = told if late else trouble(instances) or told
        explained = reason and _with_output_hint(obj, instances, reason)
        return Phase.FAILED, tuple(filter(None, (explained, survivors(instances))))
    if said is Phase.SUCCEEDED or not true.keys().isdisjoint(SUCCESS):
        return Phase.SUCCEEDED, _first(survivors(instances))
    return None


def _with_output_hint(obj: Object, instances: Sequence[Instance], finding: Finding) -> Finding:
    meta = obj["metadata"]
    hint = output_hint(meta["name"], meta.get("namespace", ""), instances)
    return finding._replace(remedy="; ".join(filter(None, (finding.remedy, hint))))


def _held(obj: Object, true: Conditions, said: Phase | None) -> State | None:
    """The phase of a job that a queue or a user holds."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    queue = (meta.get("labels") or {}).get(labels.KUEUE_QUEUE)
    asked = (spec.get("runPolicy") or {}).get("suspend") or spec.get("suspend")
    if asked or said is Phase.SUSPENDED or "Suspended" in true:
        if queue:
            return Phase.QUEUING, (Finding("quota.kueue", f"waits in queue {queue}"),)
        return Phase.SUSPENDED, (Finding("suspended", "it is suspended", (), _resume(meta)),)
    waits = (meta.get("annotations") or {}).get(labels.QUEUE_SUSPEND) == "true"
    if waits or said is Phase.QUEUING or "Queuing" in true:
        return Phase.QUEUING, (Finding("quota.kueue", "waits in the queue of the cluster"),)
    return None


def _resume(meta: Mapping[str, Any]) -> str:
    return f"arena resume {aimed(meta['name'], meta.get('namespace', ''))} starts it again"


def _alive(
    obj: Object, instances: Sequence[Instance], true: Conditions, said: Phase | None, told: Finding | None
) -> State:
    live = [one for one in instances if not one.is_final]
    why = _first(trouble(instances), told)
    running = said is Phase.RUNNING or "Running" in true
    if any(one.phase == "Running" for one in live) and (running or not _pending(live)):
        return Phase.RUNNING, why
    if any(_is_starting(one) or one.phase == "Running" for one in live):
        return Phase.STARTING, why
    if running and not live:
        return Phase.RUNNING, why
    if not obj.get("status") and not instances:
        return Phase.PENDING, (Finding("operator.waiting", "its operator has not seen it yet"),)
    return Phase.PENDING, why or (() if instances else (Finding(NO_INSTANCES, "no instance exists yet"),))


def _pending(live: Sequence[Instance]) -> bool:
    return any(one.phase != "Running" for one in live)


def _is_starting(one: Instance) -> bool:
    placed = bool(one.node) and one.phase == "Pending"
    return placed or one.status.startswith("Init:") or one.status in _STARTING


def _first(*found: Finding | None) -> tuple[Finding, ...]:
    """The first finding that exists, in a tuple."""
    return tuple(filter(None, found))[:1]


def _reported(obj: Object, text: str) -> Finding | None:
    """What the operator reports in the status of the job, if anything."""
    if not text:
        return None
    id = "deadline" if "deadline" in text.lower() else "operator.reported"
    about = f"{str(obj.get('kind') or 'job').lower()}/{obj['metadata']['name']}"
    return Finding(id, short(text), (Evidence("status", about, text),))


def condition(obj: Object, kind: str) -> Mapping[str, Any]:
    """The condition of that type if it is true, else an empty one."""
    return _true(obj).get(kind, {})


def _true(obj: Object) -> Conditions:
    """The conditions that are true, by their types."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in (obj.get("status") or {}).get("conditions") or ():
        if str(one.get("status")) == "True":
            found.setdefault(str(one.get("type")), one)
    return found


def started_at(obj: Object) -> str | None:
    """The start time of the job in API format; without a startTime, that of its last resume."""
    state = obj.get("status") or {}
    held = (one for one in state.get("conditions") or () if one.get("type") == "Suspended")
    resumed = (one.get("lastTransitionTime") for one in held if str(one.get("status")) == "False")
    return state.get("startTime") or next(resumed, None)


def ended_at(obj: Object) -> str | None:
    """The end time of the job in API format."""
    status = obj.get("status") or {}
    if status.get("completionTime"):
        return str(status["completionTime"])
    # A failed job has no completionTime, so its last condition is used.
    true = _true(obj)
    last = next((true[one] for one in ("Failed", *SUCCESS) if one in true), {})
    return last.get("lastTransitionTime")


def _message(one: Mapping[str, Any]) -> str:
    return " ".join(str(one.get("message") or "").split())
