"""The state of a pod in the words of `kubectl get pods`."""

from datetime import datetime
from typing import Any

from arena.local.api.durations import ago
from arena.local.objects import Object, sidecars


def _statuses(pod: Object, group: str = "containerStatuses") -> list[Object]:
    return list((pod.get("status") or {}).get(group) or [])


def ready(pod: Object, now: datetime) -> str:
    """`1/2`: ready containers and all containers."""
    names = _sidecars(pod)
    beside = [one for one in _statuses(pod, "initContainerStatuses") if one.get("name") in names]
    lasting = [*_statuses(pod), *beside]
    count = sum(1 for one in lasting if one.get("ready") and "running" in (one.get("state") or {}))
    return f"{count}/{len(pod['spec'].get('containers') or []) + len(names)}"


def _sidecars(pod: Object) -> set[str]:
    return {one["name"] for one in sidecars(pod["spec"])}


def restarts(pod: Object, now: datetime) -> str:
    """The number of restarts of its containers, and the time of the last one."""
    found = _statuses(pod) + _statuses(pod, "initContainerStatuses")
    count = sum(one.get("restartCount", 0) for one in found)
    ends = [
        end
        for one in found
        if one.get("restartCount") and (end := _terminated(one.get("lastState")).get("finishedAt"))
    ]
    return f"{count} ({ago(max(ends), now)} ago)" if count and ends else str(count)


def status(pod: Object, now: datetime) -> str:
    """One word: the reason why a container does not run, else the phase."""
    known = pod.get("status") or {}
    word = str(known.get("reason") or known.get("phase") or "Unknown")
    gated = [one for one in known.get("conditions") or [] if one.get("reason") == "SchedulingGated"]
    if gated:
        word = "SchedulingGated"
    starting = _init(pod)
    word = starting or _main(pod, word)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if known.get("reason") == "NodeLost" else "Terminating"
    return word


def _init(pod: Object) -> str:
    """What the init containers wait for; "" when they are done."""
    total, names = len(pod["spec"].get("initContainers") or []), _sidecars(pod)
    for index, one in enumerate(_statuses(pod, "initContainerStatuses")):
        state = one.get("state") or {}
        ended = _terminated(state)
        if ended and not ended.get("exitCode"):
            continue
        if one.get("started") and "running" in state and one.get("name") in names:
            continue
        if ended:
            return f"Init:{_end(ended)}"
        reason = (state.get("waiting") or {}).get("reason")
        return f"Init:{reason}" if reason and reason != "PodInitializing" else f"Init:{index}/{total}"
    return ""


def _main(pod: Object, word: str) -> str:
    running = False
    for one in reversed(_statuses(pod)):
        state = one.get("state") or {}
        reason = (state.get("waiting") or {}).get("reason")
        if reason:
            word = reason
        elif ended := _terminated(state):
            word = _end(ended)
        elif one.get("ready") and "running" in state:
            running = True
    if word == "Completed" and running:
        conditions = (pod.get("status") or {}).get("conditions") or []
        held = [one.get("type") for one in conditions if one.get("status") == "True"]
        word = "Running" if "Ready" in held else "NotReady"
    return word


def _terminated(state: Any) -> Object:
    return dict((state or {}).get("terminated") or {})


def _end(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"
