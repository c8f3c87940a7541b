"""Containers: names, images, ports, and what each group of them may have."""

from collections.abc import Iterable, Iterator

from arena.local import formats
from arena.local.api.pods import environment, mounts, probes, resources, security
from arena.local.checks import banned, between, each, enum, fields, items, text, unique
from arena.local.checks import together as both
from arena.local.field_errors import FieldError, duplicate, forbidden, missing, unknown, unsupported
from arena.local.objects import Object

_PORT = between(1, 65535)


def _container_port(path: str, port: object) -> Iterable[FieldError]:
    return [missing(path)] if port == 0 else _PORT(path, port)


_port = fields(
    {
        "containerPort": _container_port,
        "hostPort": lambda path, port: () if port == 0 else _PORT(path, port),
        "name": text(formats.port_name),
        "protocol": enum("SCTP", "TCP", "UDP"),
    },
    required=("containerPort",),
)
_resize = fields(
    {"resourceName": enum("cpu", "memory"), "restartPolicy": enum("NotRequired", "RestartContainer")},
    required=("resourceName", "restartPolicy"),
)
_container = fields(
    {
        "env": each(environment.variable),
        "envFrom": environment.check_sources,
        "imagePullPolicy": enum("Always", "IfNotPresent", "Never"),
        "name": text(formats.label),
        "ports": both(each(_port), unique("name")),
        "resizePolicy": both(each(_resize), unique("resourceName")),
        "resources": resources.check,
        "securityContext": security.container,
        "terminationMessagePolicy": enum("File", "FallbackToLogsOnError"),
    },
    required=("name", "image"),
)
_services = fields(probes.FIELDS)
"""Of containers that serve: probes and hooks."""
_INITIAL = "may not be set for init containers without restartPolicy=Always"
_initial = fields(dict.fromkeys(probes.FIELDS, banned(_INITIAL)))
_EPHEMERAL = "cannot be set for an Ephemeral Container"
_ephemeral = fields(
    {
        **dict.fromkeys((*probes.FIELDS, "ports", "resources", "resizePolicy"), banned(_EPHEMERAL)),
        "volumeMounts": each(fields(dict.fromkeys(("subPath", "subPathExpr"), banned(_EPHEMERAL)))),
    }
)


def check(path: str, spec: Object, has_all: bool) -> Iterator[FieldError]:
    """The errors of all containers of a pod, which has the volumes that they mount if it `has_all`."""
    known = {str(one.get("name")): one for one in items(spec.get("volumes"))} if has_all else None
    seen: set[str] = set()
    for group in ("containers", "initContainers", "ephemeralContainers"):
        ports: set[str] = set()
        for index, one in enumerate(items(spec.get(group))):
            where = f"{path}.{group}[{index}]"
            yield from _container(where, one)
            yield from mounts.check(where, one, known)
            yield from _name(where, one, seen)
            yield from _group(group, where, one, spec)
            if group != "containers":
                ports = set()  # they do not run at the same time
            yield from _host_ports(where, one, ports)


def _name(path: str, container: Object, seen: set[str]) -> Iterator[FieldError]:
    name = container.get("name")
    if name and name in seen:
        yield duplicate(f"{path}.name", name)
    seen.add(str(name))


def _group(group: str, path: str, container: Object, spec: Object) -> Iterator[FieldError]:
    """The errors of what the containers of a group may not have."""
    policy = container.get("restartPolicy")
    if group == "containers":
        yield from _services(path, container)
        if policy is not None:
            yield forbidden(f"{path}.restartPolicy", "may not be set for non-init containers")
    elif group == "initContainers":
        yield from (_services if policy == "Always" else _initial)(path, container)
        if policy not in (None, "Always"):
            yield unsupported(f"{path}.restartPolicy", policy, ("Always",))
    else:
        yield from _ephemeral(path, container)
        others = items(spec.get("containers")) + items(spec.get("initContainers"))
        target = container.get("targetContainerName")
        if target and target not in [one.get("name") for one in others]:
            yield unknown(f"{path}.targetContainerName", target)


def _host_ports(path: str, container: Object, seen: set[str]) -> Iterator[FieldError]:
    for index, port in enumerate(items(container.get("ports"))):
        if port.get("hostPort"):
            used = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if used in seen:
                yield duplicate(f"{path}.ports[{index}].hostPort", used)
            seen.add(used)
