"""Findings from the instances of a job: why it waits or fails."""

from collections.abc import Sequence

from arena.kinds.workload import finding_ids
from arena.model.findings import STILL_RUNNING, Evidence, Finding
from arena.model.instances import Instance

TERMINATED = 128 + 15
"""The exit code of a program that SIGTERM ended."""
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
}  # fmt: skip
"""The signals of Linux, which containers run on; an exit code above 128 is 128 plus such a number."""
_QUIET = ("", "ContainerCreating", "PodInitializing", "Completed")
"""Reasons of containers that are about to start or have succeeded."""
_UNSTARTED = ("ContainerCannotRun", "CreateContainerError", "StartError")
_SINGLE = ("launcher", "submitter", "head", "driver")
"""Roles with a single instance."""
_MEMORY = "request more memory with --memory, or use a smaller batch"
_PULL = "check the name of the image and, for a private registry, --image-pull-secret"
_ROOM = "request less, or wait until resources are free: arena top node shows them"


def trouble(instances: Sequence[Instance]) -> Finding | None:
    """The problem of the instance in the worst state, if any."""
    if one := culprit(instances):
        return _failed(one)
    return next(filter(None, map(_hindered, instances)), None)


def culprit(instances: Sequence[Instance]) -> Instance | None:
    """The instance that failed first; others usually fail because it is gone, or are terminated."""
    failed = (one for one in instances if one.phase == "Failed")
    return min(
        failed, key=lambda one: (_was_terminated(one), one.finished is None, one.finished), default=None
    )


def survivors(instances: Sequence[Instance]) -> Finding | None:
    """Describe the instances of an ended job that still run: `1 instance still runs, 8 GPUs`."""
    held = [one for one in instances if one.holds]
    if not held:
        return None
    gpus = sum(one.gpus for one in held)
    cause = f"{len(held)} instances still run" if len(held) > 1 else _survives(held[0])
    cause += f", {gpus} GPU{'s' * (gpus > 1)}" if gpus else ""
    return Finding(STILL_RUNNING, cause, tuple(_status(one, one.status) for one in held))


def exit_code(code: int) -> str:
    """`exit code 3`, `exit code 137 (SIGKILL)`."""
    name = _SIGNALS.get(code - 128)
    return f"exit code {code}" + (f" ({name})" if name else "")


def place(one: Instance) -> str:
    """The short name of an instance: `worker-1`."""
    return one.role if one.role in _SINGLE else f"{one.role}-{one.index}" if one.role else one.name


def short(text: str) -> str:
    """The text on one line of at most 120 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:117] + "..."


def _failed(one: Instance) -> Finding:
    failure = _failure(one)
    return _finding(
        finding_ids.failed(failure, one.message, one.exit_code),
        f"{failure} on {place(one)}" + _start_error(one),
        one,
        f"{failure}: {one.message}" if one.message else failure,
    )


def _hindered(one: Instance) -> Finding | None:
    """What prevents an instance that has not failed from running or ending."""
    if one.sidecar:
        return _finding("sidecar.alive", _outlasted(one), one, f"{one.sidecar} is running")
    if one.reason == "Unschedulable":
        id = finding_ids.unplaced(one.message)
        return _finding(id, short(one.message) or f"no node for {place(one)}", one, one.message or one.reason)
    if one.reason in _QUIET:
        return None
    after = f" after {exit_code(one.exit_code)}" if one.exit_code else ""
    shown = f"{one.reason}: {one.message}" if one.message else one.reason
    return _finding(
        finding_ids.waiting(one.reason, one.message), f"{one.reason} on {place(one)}{after}", one, shown
    )


def _finding(id: str, cause: str, one: Instance, shown: str) -> Finding:
    return Finding(id, cause, (_status(one, shown),), _remedy(id))


def _remedy(id: str) -> str:
    if id.startswith("image."):
        return _PULL
    return _ROOM if id.startswith("sched.") and id.endswith("-short") else _MEMORY if id == "oom.host" else ""


def _status(one: Instance, text: str) -> Evidence:
    return Evidence("status", f"pod/{one.name}", text)


def _was_terminated(one: Instance) -> bool:
    """Whether SIGTERM ended it, as happens at the end of a job."""
    return one.exit_code == TERMINATED


def _survives(one: Instance) -> str:
    return _outlasted(one) if one.sidecar else "1 instance still runs"


def _outlasted(one: Instance) -> str:
    """How a program ended whose pod continues because of another container."""
    code = f"{exit_code(one.exit_code)} on {place(one)}, where " if one.exit_code else ""
    return f"{code}sidecar {one.sidecar} still runs" + ("" if code else f" on {place(one)}")


def _failure(one: Instance) -> str:
    ended = [part for part in one.containers if part.exit_code]
    if not ended:
        return one.reason or "failure"
    first = ended[0]
    if first.reason in ("", "Error") or first.reason.startswith(("ExitCode:", "Signal:")):
        return exit_code(first.exit_code or 0)
    return first.reason


def _start_error(one: Instance) -> str:
    """Why a program never started, which no log shows."""
    known = (part.message for part in one.containers if part.exit_code and part.reason in _UNSTARTED)
    message = next(filter(None, known), "")
    return f": {short(message)}" if message else ""
