"""Why the containers of a pod fail: what they said last, their exit codes, and what they wait for."""

import re

from arena.local.machinery import conditions, pod_status
from arena.local.objects import Object
from arena.tuples import NamedTuple

_ERROR = re.compile(r"^\s*(?:error|fatal)\b|\b[A-Z]\w*(?:Error|Exception)\b\s*:|\bERROR\b", re.IGNORECASE)
_VAGUE = re.compile(r"see (?:the )?(?:root cause|stack trace|above)|The above exception was", re.IGNORECASE)
_LONGEST = 1000
_KILLED = 137


class Failure(NamedTuple):
    """The failed run of a container, or what keeps it from running.

    Attributes:
        reason: such as `Error`, `OOMKilled` or `ContainerCreating`.
        code: the exit code; None if the container has not run.
        time: when it ended, as the API's text; "" if it has not run.
    """

    container: str
    reason: str
    message: str
    code: int | None = None
    time: str = ""


def failure(pod: Object) -> Failure | None:
    """The failure of a pod that is not ready; None if nothing has failed so far."""
    status = pod.get("status") or {}
    if pod_status.is_ready(pod):
        return None
    every = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    ended = (found for one in every if (found := _ended(one)))
    waiting = (found for one in every if (found := _waiting(one)))
    return next(ended, None) or next(waiting, None) or _unscheduled(status)


def _ended(container: Object) -> Failure | None:
    """The failed run of a container that has no better one."""
    states = (container.get("state") or {}, container.get("lastState") or {})
    for one in states:
        found = one.get("terminated")
        if found and found.get("exitCode"):
            text, code = last_words(str(found.get("message") or "")), int(found["exitCode"])
            return Failure(
                container["name"],
                str(found.get("reason") or "Error"),
                text or _without_words(code),
                code,
                str(found.get("finishedAt") or ""),
            )
        if found:
            return None
    return None


def _without_words(code: int) -> str:
    if code == _KILLED:
        return f"it was killed (exit code {code}), as the system does when memory runs out"
    return f"exit code {code}"


def _waiting(container: Object) -> Failure | None:
    waiting = (container.get("state") or {}).get("waiting") or {}
    message = str(waiting.get("message") or "")
    return Failure(container["name"], str(waiting.get("reason") or ""), message) if message else None


def _unscheduled(status: Object) -> Failure | None:
    found = conditions.find(status, "PodScheduled")
    if found.get("status") != "False" or not found.get("message"):
        return None
    return Failure("", str(found.get("reason") or "Unschedulable"), str(found["message"]))


def last_words(text: str) -> str:
    """The line of a program's last output that says why it ended: its last error, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    clear = [line for line in errors if not _VAGUE.search(line)]
    return (clear or errors or lines or [""])[-1][:_LONGEST]
