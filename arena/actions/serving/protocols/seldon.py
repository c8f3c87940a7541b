"""Seldon Core 1: `/api/v1.0/predictions`."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Payload, Protocol, Wish

_BODIES = ("data", "strData", "jsonData", "binData")


def models(client: Client) -> Sequence[str] | None:
    """No names: requests name no model.

    A microservice answers a ping, and an executor has a description of its API.
    """
    ping = client.ask("GET", "/health/ping")
    if ping.status == 200 and ping.body.strip().strip(b'"') == b"pong":
        return []
    return [] if client.ask("GET", "/api/v1.0/doc/").status == 200 else None


def build(given: Input, wish: Wish) -> Payload:
    """`{"data": {"ndarray": [...]}}` for an array, else `jsonData`, `strData` or `binData`."""
    if given.raw is not None:
        data: dict[str, Any] = {"binData": base64.b64encode(given.raw).decode()}
    elif given.fault:
        data = {"strData": given.text}
    elif isinstance(given.data, list):
        data = {"data": {"ndarray": given.data}}
    elif isinstance(given.data, dict) and any(key in given.data for key in _BODIES):
        data = given.data
    else:
        data = {"jsonData": given.data}
    return Payload(body=json.dumps(data).encode())


def owns(data: dict[str, Any]) -> bool:
    """Whether an object is a complete body."""
    inner = data.get("data")
    return isinstance(inner, dict) and any(key in inner for key in ("ndarray", "tensor", "tftensor"))


def answer(data: Any) -> Any:
    """The data in whatever form the model chose."""
    if not isinstance(data, dict):
        return None
    status = data.get("status")
    if isinstance(status, dict) and status.get("status") in ("FAILURE", 1):
        return None
    found = next((data[key] for key in _BODIES if key in data), None)
    if isinstance(found, dict) and "data" in data:
        return found.get("ndarray", found)
    return found


PROTOCOL = Protocol(
    name="seldon",
    path="/api/v1.0/predictions",
    build=build,
    answer=answer,
    models=models,
    owns=owns,
    right=lambda body: b'"FAILURE"' not in body and (b'ata"' in body),
)
