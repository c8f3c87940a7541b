"""Replaces the host names of pods in variables by loopback addresses, since names do not resolve here.

The pods of a Job whose template names a subdomain know each other as `<job>-<index>.<subdomain>`, through a
headless Service of that name. The local cluster has allotted a port to each port of the Service; names and
ports in variables are replaced by the loopback and that port. On a real cluster nothing is allotted, and
nothing changes.
"""

import re
from datetime import datetime

from arena.digits import whole
from arena.local.machinery.clock import left
from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import LOOPBACK, SERVICES, Object, Objects, key

LONGEST = 10_000
"""Maximum characters of a variable in which pod names are replaced, since that takes long."""
GRACE = 3.0
"""Seconds that a Job's pods wait for their Service, which is usually created right after the Job."""


def seconds_until_service(objects: Objects, job: Object, status: Object, now: datetime) -> float:
    """The seconds that the pods of a Job still wait for their Service; 0 when it exists."""
    name = job["spec"]["template"]["spec"].get("subdomain")
    if not name or objects.get(SERVICES, name, key(job)[0]):
        return 0.0
    return max(0.0, left(status.get("startTime"), GRACE, now))


def resolve(objects: Objects, namespace: str, spec: Object) -> None:
    """Replace host names of pods in the variables of a pod's spec by loopback addresses, in place."""
    name = spec.get("subdomain")
    service = objects.get(SERVICES, name, namespace) if name else None
    allotted = allotted_ports(service) if service else {}
    if not allotted:
        return
    pod = re.compile(
        rf"(?<![\w.-])(\$\(\w+\)|[a-z0-9])[a-z0-9-]*-\d+\.({re.escape(str(name))}|\$\(\w+\))"
        r"(\.[a-z0-9.-]+)?(:(?P<port>\d+))?"
    )
    for container in [*spec["containers"], *(spec.get("initContainers") or [])]:
        for variable in container.get("env") or []:
            if 0 < len(str(variable.get("value") or "")) < LONGEST:
                variable["value"] = _resolved(variable, pod, allotted)


def _resolved(variable: Object, pod: "re.Pattern[str]", allotted: dict[int, int]) -> str:
    value = str(variable["value"])
    if variable["name"].endswith("_PORT") and (port := whole(value)) is not None:
        return str(allotted.get(port, value))
    return pod.sub(lambda found: _address(found["port"], allotted), value)


def _address(port: str | None, allotted: dict[int, int]) -> str:
    return f"{LOOPBACK}:{allotted.get(int(port), port)}" if port else LOOPBACK
