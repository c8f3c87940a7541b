"""Probes of containers: options with typed values, and what is rendered of them."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import OptionType, as_list, choice
from arena.kinds.serving.specs.base.spec import GRPC, HTTP, ServingSpec
from arena.kinds.spec import option
from arena.kinds.validators import shown, text
from arena.tuples import NamedTuple

Values = dict[str, Any]
Parse = Callable[[object], Any]

LOADING = {"periodSeconds": 5, "failureThreshold": 720}
"""How long a server may load its model before it is restarted: an hour."""
PERIOD = 2
"""Seconds between two checks whether a server accepts connections."""


def _port(value: object) -> int | str:
    word = text(value)
    return types.integer(1, 65535)(word) if word.isascii() and word.isdigit() else types.LABEL.parse(word)


def _words(value: object) -> str:
    """The words of a command, written for a shell, as a list of YAML, or as a list."""
    if isinstance(value, (list, tuple)):
        return shlex.join(map(text, value))
    word = text(value).strip()
    try:
        if word.startswith("[") and word.endswith("]"):
            return shlex.join(one.strip().strip("'\"") for one in word[1:-1].split(","))
        return shlex.join(shlex.split(word))
    except ValueError as error:
        raise SpecError(f"{shown(word)} is not a command: {error}", "close its quotes") from error


ACTIONS: Mapping[str, Mapping[str, Parse]] = {
    "httpGet": {"path": text, "port": _port, "scheme": choice("HTTP", "HTTPS").parse, "host": text},
    "exec": {"command": _words},
    "grpc": {"port": types.integer(1, 65535), "service": text},
    "tcpSocket": {"port": _port, "host": text},
}
"""What a probe can do, and the fields of each."""
TIMES: Mapping[str, Parse] = {
    "initialDelaySeconds": types.integer(0),
    "periodSeconds": types.integer(1),
    "timeoutSeconds": types.integer(1),
    "successThreshold": types.integer(1),
    "failureThreshold": types.integer(1),
    "terminationGracePeriodSeconds": types.integer(1),
}


class Field(NamedTuple):
    """A field of a probe."""

    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


def _fields(known: Mapping[str, Parse]) -> Callable[[object], tuple[Field, ...]]:
    """The parser of `NAME: VALUE` or `NAME=VALUE`, as single lines of YAML or as a mapping."""

    def parse(given: object) -> tuple[Field, ...]:
        found: dict[str, Any] = {}
        for item in as_list(given):
            for name, value in item.items() if isinstance(item, Mapping) else [_line(item)]:
                if name not in known:
                    raise SpecError(f"{shown(name)} is not a field", f"known are {', '.join(known)}")
                found[name] = known[name](value)
        return tuple(Field(*one) for one in found.items())

    return parse


def _line(item: object) -> tuple[str, object]:
    if isinstance(item, Field):
        return item.name, item.value
    line = text(item)
    place = min((where for sign in ":=" if (where := line.find(sign)) > 0), default=0)
    if not place:
        raise SpecError(f"{shown(line)} has no value", 'write it as "NAME: VALUE"')
    return line[:place].strip(), line[place + 1 :].strip()


ACTION = choice(*ACTIONS)
FIELDS = OptionType(
    _fields({name: parse for one in ACTIONS.values() for name, parse in one.items()}),
    "NAME:VALUE",
    multiple=True,
)
OPTIONS = OptionType(_fields(TIMES), "NAME:VALUE", multiple=True, safe=True)


def _action(kind: str, after: str) -> Any:
    return option("", f"What the {kind} probe does", ACTION, after=after)


def _field(kind: str) -> Any:
    about = f'Field of what the {kind} probe does, such as "path: /healthz" or "command: cat /tmp/healthy"'
    return option((), about, FIELDS, after=f"{kind}_probe_action")


def _time(kind: str) -> Any:
    about = f'Field of the {kind} probe, such as "periodSeconds: 3"'
    return option((), about, OPTIONS, after=f"{kind}_probe_action_option")


class ProbeOptions(ServingSpec):
    """Probes that the user describes."""

    liveness_probe_action: str = option("", "What the liveness probe does", ACTION)
    liveness_probe_action_option: tuple[Field, ...] = _field("liveness")
    liveness_probe_option: tuple[Field, ...] = _time("liveness")
    readiness_probe_action: str = _action("readiness", "liveness_probe_option")
    readiness_probe_action_option: tuple[Field, ...] = _field("readiness")
    readiness_probe_option: tuple[Field, ...] = _time("readiness")
    startup_probe_action: str = _action("startup", "readiness_probe_option")
    startup_probe_action_option: tuple[Field, ...] = _field("startup")
    startup_probe_option: tuple[Field, ...] = _time("startup")

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind in ("liveness", "readiness", "startup"):
            self._check_probe(kind)

    def _check_probe(self, kind: str) -> None:
        action, fields, times = self.probe(kind)
        flag = f"--{kind}-probe-action"
        if not action and (fields or times):
            raise SpecError(f"{flag}-option and --{kind}-probe-option need {flag}", f"add {flag} httpGet")
        for name in fields:
            if name not in ACTIONS[action]:
                known = ", ".join(ACTIONS[action])
                raise SpecError(f"{flag}-option: {action} has no field {name}", f"its fields are {known}")
        if action == "exec" and not fields.get("command"):
            raise SpecError(f"{flag} exec lacks a command", f'add {flag}-option "command: PROGRAM"')
        if kind != "readiness" and times.get("successThreshold", 1) != 1:
            raise SpecError(f"--{kind}-probe-option: successThreshold must be 1", "omit it")

    def probe(self, kind: str) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
        """What a probe does, the fields of that, and those of the probe."""
        return (
            getattr(self, f"{kind}_probe_action"),
            dict(getattr(self, f"{kind}_probe_action_option")),
            dict(getattr(self, f"{kind}_probe_option")),
        )


def values(spec: ProbeOptions) -> Values:
    """Values of the probes of a container.

    A server is ready when it accepts connections, unless the user says otherwise. While it starts, its
    liveness probe does not count.
    """
    liveness = _rendered(spec, "liveness")
    started = {**liveness, **LOADING} if liveness else None
    if started:
        started.pop("terminationGracePeriodSeconds", None)
        started.pop("initialDelaySeconds", None)
    return {
        "liveness": liveness,
        "readiness": _rendered(spec, "readiness") or _accepting(spec),
        "startup": _rendered(spec, "startup") or started,
    }


def _accepting(spec: ServingSpec) -> Values | None:
    port = next((name for name in (HTTP, GRPC) if spec.ports.get(name)), None)
    return {"tcpSocket": {"port": port}, "periodSeconds": PERIOD} if port else None


def _rendered(spec: ProbeOptions, kind: str) -> Values | None:
    action, fields, times = spec.probe(kind)
    if not action:
        return None
    found: Values = {name: value for name, value in fields.items() if value != ""}
    if action == "exec":
        found["command"] = shlex.split(found["command"])
    elif "port" not in found:
        found = {"port": _usual(action, spec.ports, kind), **found}
    return {action: found, **times}


def _usual(action: str, ports: Mapping[str, int], kind: str) -> int | str:
    """The port of the serving that a probe asks: a number for gRPC, since Kubernetes takes no name there."""
    order = (GRPC, HTTP) if action == "grpc" else (HTTP, GRPC)
    name = next((one for one in order if ports.get(one)), "")
    if not name:
        raise SpecError(
            f"--{kind}-probe-action {action} lacks a port", f'add --{kind}-probe-action-option "port: N"'
        )
    return ports[name] if action == "grpc" else name
