"""Pod messages of the API in protobuf, decoded as far as a scheduler looks at pods that are there.

The numbers of the fields are those of `generated.proto` in k8s.io/api, which never change.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from arena.wire import fields

Object = dict[str, Any]
_META, _SPEC, _STATUS = 1, 2, 3


class ScheduledPods:
    """Decodes pods; equal parts of several pods are decoded once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Any] = {}

    def decode(self, data: bytes) -> Object:
        """The pod as in JSON: name, namespace, labels, node, requests, ports, claims and anti-affinity."""
        parts = dict(fields(data))
        status = parts.get(_STATUS, b"")
        return {
            "metadata": self._metadata(parts.get(_META, b"")),
            "spec": self._spec(parts.get(_SPEC, b"")),
            "status": self._status(status) if status else {},
        }

    def _once(self, what: str, data: bytes, decode: Callable[[bytes], Any]) -> Any:
        key = what, data
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = decode(data)
        return found

    def _metadata(self, data: bytes) -> Object:
        found: Object = {"labels": {}}
        for number, value in fields(data):
            if number == 11:
                key, text = self._once("pair", value, _pair)
                found["labels"][key] = text
            elif number in _TEXTS_OF_META:
                found[_TEXTS_OF_META[number]] = value.decode()
            elif number == 9:
                found["deletionTimestamp"] = ""
            elif number == 12:
                break  # the annotations and what follows are long
        return found

    def _spec(self, data: bytes) -> Object:
        found: Object = {"containers": [], "initContainers": [], "volumes": [], "overhead": {}}
        for number, value in fields(data):
            if number in _CONTAINERS:
                found[_CONTAINERS[number]].append(self._container(value))
            elif number == 1:
                found["volumes"] += _claim(value)
            elif number == 32:
                found["overhead"].update([_quantity(value)])
            elif number in _PARTS_OF_SPEC:
                key, decode = _PARTS_OF_SPEC[number]
                found[key] = self._once(key, value, decode) if isinstance(value, bytes) else decode(value)
        return found

    def _container(self, data: bytes) -> Object:
        found: Object = {}
        for number, value in fields(data):
            if number == 8:
                found["resources"] = self._once("resources", value, _resources)
            elif number == 6:
                found.setdefault("ports", []).append(self._once("port", value, _port))
            elif number == 24:
                found["restartPolicy"] = value.decode()
        return found

    def _status(self, data: bytes) -> Object:
        found: Object = {}
        for number, value in fields(data):
            if number == 7:
                found["startTime"] = self._once("time", value, _time)
            elif number == 11:
                found["nominatedNodeName"] = value.decode()
        return found


_TEXTS_OF_META = {1: "name", 3: "namespace"}
_CONTAINERS = {2: "containers", 20: "initContainers"}


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _pair(data: bytes) -> tuple[str, str]:
    entry = dict(fields(data))
    return entry.get(1, b"").decode(), entry.get(2, b"").decode()


def _time(data: bytes) -> str:
    seconds = dict(fields(data)).get(1, 0)
    try:
        return f"{datetime.fromtimestamp(_signed(seconds), timezone.utc).isoformat()[:19]}Z"
    except (OverflowError, OSError, ValueError):
        return ""


def _quantity(data: bytes) -> tuple[str, str]:
    entry = dict(fields(data))
    return entry.get(1, b"").decode(), dict(fields(entry.get(2, b""))).get(1, b"").decode()


def _resources(data: bytes) -> Object:
    found: Object = {"limits": {}, "requests": {}}
    for number, value in fields(data):
        if number in (1, 2):
            found["limits" if number == 1 else "requests"].update([_quantity(value)])
    return found


def _port(data: bytes) -> Object:
    entry = dict(fields(data))
    return {
        "hostPort": entry.get(2, 0),
        "containerPort": entry.get(3, 0),
        "protocol": entry.get(4, b"").decode(),
        "hostIP": entry.get(5, b"").decode(),
    }


def _claim(data: bytes) -> Iterator[Object]:
    source = dict(fields(dict(fields(data)).get(2, b"")))
    if 10 in source:
        yield {"persistentVolumeClaim": {"claimName": dict(fields(source[10])).get(1, b"").decode()}}


def _affinity(data: bytes) -> Object:
    """The required anti-affinity, which keeps other pods away."""
    away = dict(fields(data)).get(3, b"")
    terms = [_term(value) for number, value in fields(away) if number == 1]
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}} if terms else {}


def _term(data: bytes) -> Object:
    found: Object = {"namespaces": [], "matchLabelKeys": [], "mismatchLabelKeys": []}
    for number, value in fields(data):
        if number == 1:
            found["labelSelector"] = _selector(value)
        elif number == 3:
            found["topologyKey"] = value.decode()
        elif number == 4:
            found["namespaceSelector"] = _selector(value)
        elif number in _LISTS_OF_TERM:
            found[_LISTS_OF_TERM[number]].append(value.decode())
    return found


_LISTS_OF_TERM = {2: "namespaces", 5: "matchLabelKeys", 6: "mismatchLabelKeys"}


def _selector(data: bytes) -> Object:
    found: Object = {"matchLabels": {}, "matchExpressions": []}
    for number, value in fields(data):
        if number == 1:
            found["matchLabels"].update([_pair(value)])
        elif number == 2:
            several = list(fields(value))
            entry = dict(several)
            found["matchExpressions"].append({
                "key": entry.get(1, b"").decode(),
                "operator": entry.get(2, b"").decode(),
                "values": [one.decode() for each, one in several if each == 3],
            })  # fmt: skip
    return found


_PARTS_OF_SPEC: dict[int, tuple[str, Callable[[Any], Any]]] = {
    10: ("nodeName", bytes.decode),
    11: ("hostNetwork", bool),
    18: ("affinity", _affinity),
    25: ("priority", _signed),
    31: ("preemptionPolicy", bytes.decode),
    40: ("resources", _resources),
}
