"""The probes of a pod template, in words."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from arena.model.servings import Probe

Object = Mapping[str, Any]
_TYPES = {"readiness": "readinessProbe", "liveness": "livenessProbe", "startup": "startupProbe"}


def probes(template: Object) -> tuple[Probe, ...]:
    """The probes of all containers of a pod template."""
    containers = (template.get("spec") or {}).get("containers") or ()
    return tuple(one for container in containers for one in _of(container))


def _of(container: Object) -> Iterator[Probe]:
    for type, key in _TYPES.items():
        if found := container.get(key):
            yield Probe(
                type=type,
                container=container.get("name") or "",
                action=_action(found),
                delay=int(found.get("initialDelaySeconds") or 0),
                period=int(found.get("periodSeconds") or 10),
                failures=int(found.get("failureThreshold") or 3),
            )


def _action(probe: Object) -> str:
    if http := probe.get("httpGet"):
        scheme = "" if (http.get("scheme") or "HTTP") == "HTTP" else f"{http['scheme'].lower()} "
        return f"GET {scheme}:{http.get('port', '')}{http.get('path') or '/'}"
    if tcp := probe.get("tcpSocket"):
        return f"TCP :{tcp.get('port', '')}"
    if grpc := probe.get("grpc"):
        return f"gRPC :{grpc.get('port', '')}"
    if command := probe.get("exec"):
        return "exec " + shlex.join(map(str, command.get("command") or ()))
    return ""
