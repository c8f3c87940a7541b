"""The protocols of inference servers: what requests look like, and how one finds which a server speaks.

Each module defines a `PROTOCOL`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from arena.actions.serving.client import Client, refusal
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Protocol
from arena.errors import SpecError

NAMES = ("v1", "v2", "torchserve", "seldon", "openai", "completions", "raw")
_ASKED = ("v2", "openai", "v1", "torchserve", "seldon")
"""The order in which a server is asked; a server of KServe speaks v1 and v2."""
_TELLING = (401, 403, 502, 503, 504)
"""Statuses that tell nothing of the protocol, but why no request will succeed."""
_ALIASES = {"chat": "openai", "oip": "v2", "kserve-v1": "v1", "kserve-v2": "v2", "tensorflow": "v1"}


@cache
def named(name: str) -> Protocol:
    """The protocol with that name or alias, ignoring case.

    Raises:
        SpecError: there is none.
    """
    low = name.lower()
    low = _ALIASES.get(low, low)
    if low not in NAMES:
        raise SpecError(f'there is no protocol "{name}"', f"choose one of {', '.join(NAMES)}")
    found: Protocol = import_module(f"{__name__}.{low}").PROTOCOL
    return found


def of_body(given: Input) -> Protocol | None:
    """The protocol that a complete body of a request belongs to; None if the input is something else."""
    data = given.data
    if not isinstance(data, dict):
        return None
    return next((one for one in map(named, NAMES) if one.owns(data)), None)


def asked(client: Client) -> tuple[Protocol, Sequence[str]]:
    """Ask a server which protocol it speaks; return it with the names of the models, as far as it tells.

    Raises:
        SpecError: it answers, but speaks none that is known.
        Unreachable: it does not answer, or is not ready. NotAllowed: it wants a token.
    """
    first = client.ask("GET", "/v2")
    if first.status in _TELLING:
        raise refusal(first, client.address.shown)
    for name in _ASKED:
        protocol = named(name)
        if (models := protocol.models(client)) is not None:
            return _plainer(client, protocol, models)
    raise SpecError(
        f"{client.address.shown} speaks none of the protocols {', '.join(_ASKED)}",
        "choose one with --protocol, or --protocol raw with a URL up to its path",
    )


def _plainer(client: Client, protocol: Protocol, models: Sequence[str]) -> tuple[Protocol, Sequence[str]]:
    """V1 for a model whose inputs V2 does not describe, if the server speaks both, as that of KServe."""
    v1 = named("v1")
    if protocol.name != "v2" or len(models) != 1 or protocol.describe(client, models[0]).inputs:
        return protocol, models
    return protocol if v1.models(client) is None else v1, models


def of_path(path: str) -> tuple[Protocol, str, int] | None:
    """The protocol, the model and where it begins, if the path of a URL ends with one of a request."""
    for protocol in map(named, NAMES):
        if protocol.path and (found := protocol.pattern.search(path)):
            parts = found.groupdict()
            return protocol, parts.get("model") or "", found.start()
    return None
