"""Containers: names, images, ports, and what each group of them may have."""

from collections.abc import Iterable, Iterator, Mapping

from arena.local import formats
from arena.local.api.pods import environment, mounts, probes, resources, security
from arena.local.checks import banned, between, each, enum, fields, items, text, unique
from arena.local.checks import together as both
from arena.local.field_errors import FieldError, duplicate, forbidden, missing, unknown
from arena.local.objects import Object

_EPHEMERAL = "cannot be set for an Ephemeral Container"
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


_restart_rule = fields(
    {
        "action": enum("Restart", "RestartAllContainers"),
        "exitCodes": fields({"operator": enum("In", "NotIn")}, required=("operator",)),
    },
    required=("action", "exitCodes"),
)
_RULES = 20
"""Maximum restart rules of a container."""


def _resize_policies(path: str, value: object) -> Iterator[FieldError]:
    yield from each(_resize)(path, value)
    names = [one.get("resourceName") for one in items(value)]
    yield from (
        duplicate(f"{path}[{index}]", name) for index, name in enumerate(names) if name in names[:index]
    )


def _set(path: str, value: object) -> Iterable[FieldError]:
    return [forbidden(path, _EPHEMERAL)] if value else ()


_container = fields(
    {
        "env": each(environment.variable),
        "envFrom": environment.check_sources,
        "imagePullPolicy": enum("Always", "IfNotPresent", "Never"),
        "name": text(formats.label),
        "ports": both(each(_port), unique("name")),
        "resizePolicy": _resize_policies,
        "resources": resources.check,
        "restartPolicy": enum("Always", "Never", "OnFailure"),
        "restartPolicyRules": each(_restart_rule),
        "securityContext": security.container,
        "terminationMessagePolicy": enum("File", "FallbackToLogsOnError"),
    },
    required=("name", "image"),
)
_services = fields(probes.FIELDS)
"""Of containers that serve: probes and hooks."""
_INITIAL = "may not be set for init containers without restartPolicy=Always"
_initial = fields(dict.fromkeys(probes.FIELDS, banned(_INITIAL)))
_ephemeral = fields(
    {
        **dict.fromkeys((*probes.FIELDS, "restartPolicy", "restartPolicyRules"), banned(_EPHEMERAL)),
        **dict.fromkeys(("ports", "resources", "resizePolicy"), _set),
        "volumeMounts": each(fields(dict.fromkeys(("subPath", "subPathExpr"), _set))),
    }
)


def check(path: str, spec: Object, volumes: Mapping[str, Object] | None) -> Iterator[FieldError]:
    """The errors of all containers of a pod, which has these volumes; None if it will get more."""
    seen: set[str] = set()
    for group in ("containers", "initContainers", "ephemeralContainers"):
        ports: set[str] = set()
        for index, one in enumerate(items(spec.get(group))):
            where = f"{path}.{group}[{index}]"
            yield from _container(where, one)
            yield from mounts.check(where, one, volumes)
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
    policy, rules = container.get("restartPolicy"), items(container.get("restartPolicyRules"))
    if rules and policy is None:
        yield missing(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
    if len(rules) > _RULES:
        message = f"Too many: {len(rules)}: must have at most {_RULES} items"
        yield FieldError(f"{path}.restartPolicyRules", "FieldValueTooMany", message)
    yield from probes.check_sleep(path, container, spec.get("terminationGracePeriodSeconds"))
    if group == "containers":
        yield from _services(path, container)
    elif group == "initContainers":
        yield from (_services if policy == "Always" else _initial)(path, container)
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
