"""From an object and its instances to the phase of the job and the reason for it, in a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Object
from arena.model import Instance, Phase

_QUIET = ("", "ContainerCreating", "PodInitializing", "Completed")
TERMINATED = 128 + 15
"""The exit code of what SIGTERM ended."""
SUCCESS = ("Succeeded", "Complete", "Completed")
"""Conditions that say so: of training jobs, of Jobs and TrainJobs, of JobSets."""
_SINGLE = ("launcher", "submitter", "head", "driver")
"""Roles that a job has one instance of."""
_STARTING = ("ContainerCreating", "PodInitializing")
_UNSTARTED = ("ContainerCannotRun", "CreateContainerError", "StartError")


def phase(
    obj: Object, instances: Sequence[Instance], said: Phase | None = None, why: str = ""
) -> tuple[Phase, str]:
    """The phase of a job and why.

    Args:
        obj: its object; its conditions count, as the operators of most kinds write them.
        instances: its pods.
        said: the phase that a status of another form stands for, of the kinds that have no conditions.
        why: what that status says about it.
    """
    ended = _final(obj, instances, said, why)
    if ended:
        return ended
    if obj["metadata"].get("deletionTimestamp"):
        return Phase.STOPPING, "it is being deleted"
    waiting = _held(obj, said)
    if waiting:
        return waiting
    if said in (Phase.RESTARTING, Phase.SCALING):
        return said, trouble(instances) or _short(why)
    if condition(obj, "Restarting"):
        return Phase.RESTARTING, trouble(instances) or _message(condition(obj, "Restarting"))
    return _alive(obj, instances, said, _short(why))


def _final(
    obj: Object, instances: Sequence[Instance], said: Phase | None, why: str
) -> tuple[Phase, str] | None:
    failed = condition(obj, "Failed")
    if failed or said is Phase.FAILED:
        told = _why(failed) or _short(why)
        return Phase.FAILED, told if "deadline" in told.lower() else trouble(instances) or told
    if said is Phase.SUCCEEDED or any(condition(obj, one) for one in SUCCESS):
        return Phase.SUCCEEDED, ""
    return None


def _held(obj: Object, said: Phase | None) -> tuple[Phase, str] | None:
    """Whether a queue or a user keeps it from running."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    queue = (meta.get("labels") or {}).get(labels.KUEUE_QUEUE)
    asked = (spec.get("runPolicy") or {}).get("suspend") or spec.get("suspend")
    if asked or said is Phase.SUSPENDED or condition(obj, "Suspended"):
        return (Phase.QUEUING, f"waits in queue {queue}") if queue else (Phase.SUSPENDED, "it is suspended")
    waits = (meta.get("annotations") or {}).get(labels.QUEUE_SUSPEND) == "true"
    if waits or said is Phase.QUEUING or condition(obj, "Queuing"):
        return Phase.QUEUING, "waits in the queue of the cluster"
    return None


def _alive(obj: Object, instances: Sequence[Instance], said: Phase | None, told: str) -> tuple[Phase, str]:
    live = [one for one in instances if not one.is_final]
    why = trouble(instances) or told
    running = said is Phase.RUNNING or condition(obj, "Running")
    if any(one.phase == "Running" for one in live) and (running or not _pending(live)):
        return Phase.RUNNING, why
    if any(_is_starting(one) or one.phase == "Running" for one in live):
        return Phase.STARTING, why
    if running and not live:
        return Phase.RUNNING, why
    if not obj.get("status") and not instances:
        return Phase.PENDING, "its operator has not seen it yet"
    return Phase.PENDING, why or ("" if instances else "no instance exists yet")


def _pending(live: Sequence[Instance]) -> bool:
    return any(one.phase != "Running" for one in live)


def _is_starting(one: Instance) -> bool:
    placed = bool(one.node) and one.phase == "Pending"
    return placed or one.status.startswith("Init:") or one.status in _STARTING


def trouble(instances: Sequence[Instance]) -> str:
    """What is wrong with the worst instance: `ImagePullBackOff on worker-1`, `0/3 nodes are available`."""
    failed = [one for one in instances if one.phase == "Failed"]
    if failed:
        # The first to fail is the cause; the others mostly fail because it went away, or were told to end.
        one = min(failed, key=lambda one: (_was_told(one), one.finished is None, one.finished))
        return f"{_failure(one)} on {place(one)}" + _unstarted(one)
    for one in instances:
        if one.reason == "Unschedulable":
            return _short(one.message) or f"no node for {place(one)}"
        if one.reason not in _QUIET:
            return f"{one.reason} on {place(one)}"
    return ""


def _was_told(one: Instance) -> bool:
    """Whether it ended by SIGTERM, as those do that are removed at the end of their job."""
    return any(part.exit_code == TERMINATED for part in one.containers)


def _failure(one: Instance) -> str:
    ended = [part for part in one.containers if part.exit_code]
    if not ended:
        return one.reason or "failure"
    part = ended[0]
    if part.reason in ("", "Error") or part.reason.startswith("ExitCode:"):
        return f"exit code {part.exit_code}"
    return part.reason


def _unstarted(one: Instance) -> str:
    """Why a program never began, which no log tells."""
    known = (part.message for part in one.containers if part.exit_code and part.reason in _UNSTARTED)
    message = next(filter(None, known), "")
    return f": {_short(message)}" if message else ""


def place(one: Instance) -> str:
    """An instance as people call it: `worker-1`."""
    return one.role if one.role in _SINGLE else f"{one.role}-{one.index}" if one.role else one.name


def condition(obj: Object, kind: str) -> Mapping[str, Any]:
    """The condition of that type if it is true, else an empty one."""
    for one in (obj.get("status") or {}).get("conditions") or ():
        if one.get("type") == kind and str(one.get("status")) == "True":
            found: Mapping[str, Any] = one
            return found
    return {}


def started_at(obj: Object) -> str | None:
    """When the job started, as the API writes it; without a startTime that is when it was last resumed."""
    state = obj.get("status") or {}
    held = (one for one in state.get("conditions") or () if one.get("type") == "Suspended")
    resumed = (one.get("lastTransitionTime") for one in held if str(one.get("status")) == "False")
    return state.get("startTime") or next(resumed, None)


def ended_at(obj: Object) -> str | None:
    """When the job ended, as the API writes it."""
    status = obj.get("status") or {}
    if status.get("completionTime"):
        return str(status["completionTime"])
    # A failed job has no completionTime; its last condition tells.
    last = next(filter(None, (condition(obj, one) for one in ("Failed", *SUCCESS))), {})
    return last.get("lastTransitionTime")


def _why(one: Mapping[str, Any]) -> str:
    return _message(one) or str(one.get("reason") or "")


def _message(one: Mapping[str, Any]) -> str:
    return _short(str(one.get("message") or ""))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:117] + "..."
