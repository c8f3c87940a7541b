"""Where pods that know each other by name find each other on the loopback, where no name resolves.

The pods of a Job whose template names a subdomain are `<job>-<index>.<subdomain>` to each other, by a
headless Service of that name. The local cluster has allotted a port to each port of the Service; it takes
the place of names and ports in variables. On a real cluster nothing is allotted, and nothing changes.
"""

import re
from datetime import datetime

from arena.local.objects import SERVICES, Object, Objects, key
from arena.local.operators import pods as facts
from arena.local.operators.clock import left
from arena.local.operators.replicas import LOOPBACK

GRACE = 3.0
"""Seconds that a Job's pods wait for their Service, which mostly is made right after the Job."""


def wait(objects: Objects, job: Object, status: Object, now: datetime) -> float:
    """Seconds that the pods of a Job should still wait for their Service; 0 when it is there."""
    name = job["spec"]["template"]["spec"].get("subdomain")
    if not name or objects.get(SERVICES, name, key(job)[0]):
        return 0.0
    return max(0.0, left(status.get("startTime"), GRACE, now))


def settle(objects: Objects, namespace: str, spec: Object) -> None:
    """Let the variables of a pod's spec name the loopback instead of pods of its Service, in place."""
    name = spec.get("subdomain")
    service = objects.get(SERVICES, name, namespace) if name else None
    allotted = facts.ports(service) if service else {}
    if not allotted:
        return
    pod = re.compile(
        rf"(?<![\w.-])(\$\(\w+\)|[a-z0-9])[a-z0-9-]*-\d+\.({re.escape(str(name))}|\$\(\w+\))"
        r"(\.[a-z0-9.-]+)?(:(?P<port>\d+))?"
    )
    for container in [*spec["containers"], *(spec.get("initContainers") or [])]:
        for variable in container.get("env") or []:
            if variable.get("value"):
                variable["value"] = _settled(variable, pod, allotted)


def _settled(variable: Object, pod: "re.Pattern[str]", allotted: dict[int, int]) -> str:
    value = str(variable["value"])
    if variable["name"].endswith("_PORT") and value.isdigit():
        return str(allotted.get(int(value), value))
    return pod.sub(lambda found: _address(found["port"], allotted), value)


def _address(port: str | None, allotted: dict[int, int]) -> str:
    return f"{LOOPBACK}:{allotted.get(int(port), port)}" if port else LOOPBACK
