"""Lets Services stop passing requests on to a pod before its containers are told to end.

On a cluster both happen at the same time, so manifests make containers sleep before they end (preStop). Here
the node waits itself: a rolling update loses no request, whatever the program does on SIGTERM.
"""

import time
from contextlib import suppress

from arena.local.objects import ENDPOINTS, PORTS, SERVICES, Object, Objects, Refused, key, owner

OWNERS = ("ReplicaSet", "StatefulSet", "LeaderWorkerSet")
"""Controllers of pods that serve. The many pods of jobs are not looked up among all Services."""
LONGEST = 2.0
"""Seconds to wait for the Endpoints."""
SETTLE = 0.1
"""Seconds from a change of the Endpoints until the proxy has surely followed it."""
LOOK = 0.02
"""Seconds between two looks at the Endpoints."""


def is_due(pod: Object) -> bool:
    """Whether a pod that is to end may be getting requests."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    controller = owner(pod) or {}
    return bool(is_ready and pod["metadata"].get("deletionTimestamp") and controller.get("kind") in OWNERS)


def wait(objects: Objects, pod: Object) -> None:
    """Wait until no Service passes requests on to the pod."""
    deadline = time.monotonic() + LONGEST
    with suppress(Refused):
        names = _services(objects, pod)
        while any(_lists(objects, pod, name) for name in names) and time.monotonic() < deadline:
            time.sleep(LOOK)
        if names:
            time.sleep(SETTLE)


def _services(objects: Objects, pod: Object) -> list[str]:
    """The names of the Services that have a port here, and select the pod."""
    labels = (pod["metadata"].get("labels") or {}).items()
    return [
        key(one)[1]
        for one in objects.list(SERVICES, key(pod)[0])
        if PORTS in (one["metadata"].get("annotations") or {})
        and one["spec"].get("clusterIP") != "None"
        and (selector := one["spec"].get("selector"))
        and selector.items() <= labels
    ]


def _lists(objects: Objects, pod: Object, name: str) -> bool:
    """Whether the Endpoints of a Service have the pod as ready."""
    subsets = (objects.get(ENDPOINTS, name, key(pod)[0]) or {}).get("subsets") or []
    ready = (one for part in subsets for one in part.get("addresses") or [])
    return any((one.get("targetRef") or {}).get("uid") == pod["metadata"]["uid"] for one in ready)
