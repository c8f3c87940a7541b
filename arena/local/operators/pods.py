"""Facts about pods, read from their objects."""

import json
from collections.abc import Iterable

from arena.local.objects import PORTS, Object
from arena.local.operators import conditions


def phase(pod: Object) -> str:
    """`Pending`, `Running`, `Succeeded` or `Failed`."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_going(pod: Object) -> bool:
    """Whether it was deleted and only waits for its processes to end."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_finished(pod: Object) -> bool:
    """Whether all its containers ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Whether it runs or may still run."""
    return not is_finished(pod) and not is_going(pod)


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition holds."""
    return conditions.holds(pod.get("status") or {}, "Ready") and not is_going(pod)


def ready_since(pod: Object) -> str:
    """When it became ready, as the API's text; "" when it is not."""
    ready = conditions.find(pod.get("status") or {}, "Ready")
    return str(ready.get("lastTransitionTime") or "") if is_ready(pod) else ""


def statuses(pod: Object) -> list[Object]:
    """The statuses of its containers, without those of init containers."""
    return list((pod.get("status") or {}).get("containerStatuses") or [])


def restarts(pod: Object) -> int:
    """How often its containers were started again, init containers included."""
    initial = (pod.get("status") or {}).get("initContainerStatuses") or []
    return sum(one.get("restartCount", 0) for one in (*statuses(pod), *initial))


def exit_code(pod: Object, container: str) -> int | None:
    """The exit code of a container that ended, else of the first that ended badly; None if unknown."""
    codes = {
        one["name"]: int(one["state"]["terminated"].get("exitCode", 0))
        for one in statuses(pod)
        if (one.get("state") or {}).get("terminated")
    }
    if container in codes:
        return codes[container]
    return next((code for code in codes.values() if code), None)


def finished_at(pod: Object) -> str:
    """When its last container ended, as the API's text; when it was created if that is unknown."""
    ends = [(one.get("state") or {}).get("terminated", {}).get("finishedAt") or "" for one in statuses(pod)]
    return max(ends, default="") or str(pod["metadata"].get("creationTimestamp", ""))


def count(pods: Iterable[Object], wanted: str) -> int:
    """How many are in the phase `wanted`."""
    return sum(phase(pod) == wanted for pod in pods)


def ports(obj: Object) -> dict[int, int]:
    """The declared ports of a Service or Pod and the loopback ports allotted to them; {} elsewhere."""
    text = (obj["metadata"].get("annotations") or {}).get(PORTS)
    return {int(port): int(real) for port, real in json.loads(text).items()} if text else {}
