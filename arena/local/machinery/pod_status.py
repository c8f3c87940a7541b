"""What the objects of pods say about them."""

from collections.abc import Iterable

from arena.local.machinery import conditions
from arena.local.objects import Object


def phase(pod: Object) -> str:
    """`Pending`, `Running`, `Succeeded` or `Failed`."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_going(pod: Object) -> bool:
    """Whether it was deleted and waits for its processes to end."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_finished(pod: Object) -> bool:
    """Whether all its containers have ended for good."""
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
    """The number of restarts of its containers, init containers included."""
    initial = (pod.get("status") or {}).get("initContainerStatuses") or []
    return sum(one.get("restartCount", 0) for one in (*statuses(pod), *initial))


def first(pod: Object) -> str:
    """The name of its first container, which runs the program where an operator prescribes no name."""
    return str(pod["spec"]["containers"][0]["name"])


def exit_code(pod: Object, container: str) -> int | None:
    """The exit code of a container; None if it has none yet."""
    codes = {
        one["name"]: int(one["state"]["terminated"].get("exitCode", 0))
        for one in statuses(pod)
        if (one.get("state") or {}).get("terminated")
    }
    return codes.get(container)


def finished_at(pod: Object) -> str:
    """When its last container ended, as the API's text; when it was created if that is unknown."""
    ends = [(one.get("state") or {}).get("terminated", {}).get("finishedAt") or "" for one in statuses(pod)]
    return max(ends, default="") or str(pod["metadata"].get("creationTimestamp", ""))


def count(pods: Iterable[Object], wanted: str) -> int:
    """The number of pods in the phase `wanted`."""
    return sum(phase(pod) == wanted for pod in pods)


def in_phase(pods: Iterable[Object], wanted: str) -> list[Object]:
    """The pods in the phase `wanted`."""
    return [pod for pod in pods if phase(pod) == wanted]


def replica_counts(pods: Iterable[Object], alive: Iterable[Object] | None = None) -> Object:
    """Count pods as a replicaStatus does: counts of 0 are left out.

    Args:
        pods: all pods.
        alive: those that count as active while they run; None: all.
    """
    pods = list(pods)
    found = {
        "active": count(pods if alive is None else alive, "Running"),
        "succeeded": count(pods, "Succeeded"),
        "failed": count(pods, "Failed"),
    }
    return {name: number for name, number in found.items() if number}
