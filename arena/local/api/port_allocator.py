"""Loopback ports for the declared ports of Services and Pods, and the Service's address."""

import json
import secrets
import socket
from typing import Any

from arena.local.api.refusals import invalid, of_code
from arena.local.api.resource_types import Type
from arena.local.api.store import Store
from arena.local.field_errors import FieldError
from arena.local.objects import PORTS, Object

MOST = 500
"""Maximum number of ports of one object."""


class PortAllocator:
    """Allots the ports of a range, each only once; freed ones are reused last. An empty range allots none."""

    def __init__(self, store: Store, choice: range) -> None:
        self._store = store
        self._choice = choice
        # Local clusters on one machine share the range, so they begin at different ports.
        self._next = secrets.randbelow(len(choice) or 1)

    def allot(self, kind: Type, obj: Object, old: Object | None = None) -> None:
        """Allot a free port to every declared port (in place), and keep those of `old`.

        A port of a Service that gets another number keeps its loopback port, so clients still find it.

        Raises:
            Refused: 507 if the range is used up; 422 if the object alone would use up much of it.
        """
        if kind.key not in ("/pods", "/services") or not self._choice:
            return
        given = _renumbered(kind, obj, old) if old else {}
        declared = _declared(kind, obj)
        if len(declared) > MOST:
            message = f"Invalid value: declares {len(declared)} ports; one object may have {MOST} here"
            cause = FieldError("spec", "FieldValueInvalid", message)
            raise invalid(kind.resource, obj["metadata"]["name"], [cause])
        wanted = {port: given[port] if port in given else self._free(obj) for port in declared}
        # A port that is no longer declared stays allotted until the object is gone, since it may be in use.
        wanted = given | wanted
        notes = dict(obj["metadata"].get("annotations") or {})
        notes.pop(PORTS, None)
        if wanted:
            notes[PORTS] = json.dumps(wanted, separators=(",", ":"))
        obj["metadata"].pop("annotations", None)
        if notes:
            obj["metadata"]["annotations"] = notes

    def _free(self, obj: Object) -> int:
        for _ in self._choice:
            port = self._choice[self._next % len(self._choice)]
            self._next += 1
            if not self._store.taken(port) and _unbound(port):
                self._store.take(port, obj["metadata"]["uid"])
                return port
        first, last = self._choice[0], self._choice[-1]
        raise of_code(
            507, f"no loopback port between {first} and {last} is free; delete jobs that have ended"
        )


def _given(obj: Object) -> dict[str, int]:
    text = (obj["metadata"].get("annotations") or {}).get(PORTS)
    return dict(json.loads(text)) if text else {}


def _renumbered(kind: Type, obj: Object, old: Object) -> dict[str, int]:
    """What `old` was allotted, by the present numbers of ports that have kept their names."""
    given = _given(old)
    if kind.key != "/services":
        return given
    before, after = (
        {
            one["name"]: str(one["port"])
            for one in (some.get("spec") or {}).get("ports") or []
            if "name" in one
        }
        for some in (old, obj)
    )
    there = _declared(kind, obj)
    for name, number in after.items():
        was = before.get(name, number)
        if was not in there and was in given and number not in given:
            given[number] = given.pop(was)
    return given


def _declared(kind: Type, obj: Object) -> list[str]:
    spec: dict[str, Any] = obj.get("spec") or {}
    if kind.key == "/services":
        return [str(one["port"]) for one in spec.get("ports") or [] if spec.get("type") != "ExternalName"]
    containers = (spec.get("initContainers") or []) + (spec.get("containers") or [])
    ports = [str(one["containerPort"]) for c in containers for one in c.get("ports") or []]
    return list(dict.fromkeys(ports))


def _unbound(port: int) -> bool:
    """Whether no program outside the cluster listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
