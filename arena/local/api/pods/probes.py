"""Probes and hooks of containers."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.checks import Check, at_least, between, enum, fields, mapping, text
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.objects import Object

_NUMBER, _NAME = between(1, 65535), text(formats.port_name)


def port(path: str, value: Any) -> Iterator[FieldError]:
    """The number or the name of a port."""
    yield from _NUMBER(path, value)
    yield from _NAME(path, value)


def _headers(path: str, value: Any) -> Iterator[FieldError]:
    for one in value if isinstance(value, list) else ():
        name = mapping(one).get("name", "")
        yield from (invalid(path, name, why) for why in formats.header(str(name)))


_port_given = fields({"port": port})


def _with_port(check: Check) -> Check:
    """An action with a port; there is no port 0 and none without a name."""

    def both(path: str, value: Any) -> Iterator[FieldError]:
        yield from check(path, value)
        given = mapping(value).get("port", None)
        if given is None or given == "":  # `fields` omits both
            yield from port(f"{path}.port", 0 if given is None else given)

    return both


_ACTIONS = {
    "exec": fields({}, required=("command",)),
    "httpGet": _with_port(fields({"port": port, "scheme": enum("HTTP", "HTTPS"), "httpHeaders": _headers})),
    "tcpSocket": _with_port(_port_given),
    "grpc": _port_given,
    "sleep": fields({}),
}


def _action(path: str, value: Any) -> Iterator[FieldError]:
    """What a probe or hook does, which is exactly one thing."""
    given = [name for name in _ACTIONS if mapping(value).get(name) is not None]
    if not given:
        yield missing(path, "must specify a handler type")
    for name in given[:1]:
        yield from _ACTIONS[name](f"{path}.{name}", value[name])
    yield from (forbidden(f"{path}.{name}", "may not specify more than 1 handler type") for name in given[1:])


def _probe(**more: Check) -> Check:
    counts = (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    )
    numbers = fields({**dict.fromkeys(counts, at_least(0)), **more})

    def check(path: str, value: Any) -> Iterator[FieldError]:
        yield from _action(path, value)
        yield from numbers(path, value)

    return check


def _once(path: str, value: Any) -> Iterator[FieldError]:
    yield from at_least(0)(path, value)
    if value != 1:
        yield invalid(path, value, "must be 1")


def _no_grace(path: str, value: Any) -> Iterator[FieldError]:
    yield invalid(path, value, "must not be set for readinessProbes")


_decisive = _probe(
    successThreshold=_once, terminationGracePeriodSeconds=at_least(1, "must be greater than 0")
)

FIELDS = {
    "lifecycle": fields({"postStart": _action, "preStop": _action}),
    "livenessProbe": _decisive,
    "readinessProbe": _probe(terminationGracePeriodSeconds=_no_grace),
    "startupProbe": _decisive,
}
"""The fields of a container that serves."""


def check_sleep(path: str, container: Object, grace: int | None) -> Iterator[FieldError]:
    """The errors of hooks that sleep, for which the pod gives its containers that many seconds."""
    hooks = mapping(container.get("lifecycle"))
    for name in ("postStart", "preStop") if hooks and grace is not None else ():
        sleep = mapping(hooks.get(name)).get("sleep")
        if sleep is not None and not 0 <= mapping(sleep).get("seconds", 0) <= grace:
            why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            yield invalid(f"{path}.lifecycle.{name}.sleep", mapping(sleep)["seconds"], why)
