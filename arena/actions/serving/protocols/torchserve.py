"""TorchServe: `/predictions/NAME`."""

import json
from collections.abc import Sequence
from typing import Any

from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Payload, Protocol, Wish


def models(client: Client) -> Sequence[str] | None:
    """No names: TorchServe tells them at another port."""
    said = client.ask("GET", "/ping").found
    return [] if isinstance(said, dict) and str(said.get("status", "")).endswith("ealthy") else None


def build(given: Input, wish: Wish) -> Payload:
    """The input as it is: handlers read JSON, text and files."""
    if given.raw is not None:
        return Payload(body=given.raw, media=given.media)
    if given.fault:
        return Payload(body=(given.text or "").encode(), media="text/plain; charset=utf-8")
    return Payload(body=json.dumps(given.json()).encode())


def answer(data: Any) -> Any:
    """All of it: handlers answer what they like."""
    return data


PROTOCOL = Protocol(
    name="torchserve",
    path="/predictions/{model}",
    build=build,
    answer=answer,
    models=models,
    is_json=False,
)
