"""The structures of kinds as they are published, as tests/published_reduction.py and others write them here.

What custom kinds are, their definitions say:

`PLURAL.GROUP.VERSION.jsonl` has two lines: facts (the release that it was made from, short names, columns,
subresources), which are read when the server starts, and the structure, which is read when an object of the
kind is first seen. What occurs in several structures, such as a pod's spec, is a part with a name, in
`parts.json`; `schema` says how structures are written.

What built-in kinds are, the OpenAPI documents of Kubernetes say: `kubernetes.json` has the release, and the
structures by their names there. `messages.json` is about protobuf, in which only built-in kinds are written:
tests/published_messages.py makes it, and `protobuf` reads it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from arena.local.objects import Resource

FOLDER = Path(__file__).parent
PARTS = FOLDER / "parts.json"
KUBERNETES = FOLDER / "kubernetes.json"
MESSAGES = FOLDER / "messages.json"


def facts(resource: Resource) -> dict[str, Any] | None:
    """The facts of a kind: `from`, `short`, `columns`, `subresources`, and `deprecated` if the version is.

    None if nobody published it.
    """
    found = _lines(resource, 1)
    return found[0] if found else None


def structure(resource: Resource) -> dict[str, Any] | None:
    """The structure of a kind; None if nobody published it."""
    found = _lines(resource, 2)
    return found[1] if found else None


@cache
def parts() -> dict[str, Any]:
    """What several structures refer to: name -> structure."""
    found: dict[str, Any] = json.loads(PARTS.read_text(encoding="utf-8"))
    return found


@cache
def kubernetes() -> dict[str, Any]:
    """The structures of built-in kinds, and those that they refer to: name -> structure."""
    found: dict[str, Any] = json.loads(KUBERNETES.read_text(encoding="utf-8"))["structures"]
    return found


def messages() -> dict[str, str]:
    """The messages of built-in kinds by name, as `protobuf.messages` says."""
    found: dict[str, str] = json.loads(MESSAGES.read_text(encoding="utf-8"))
    return found


def _lines(resource: Resource, count: int) -> list[Any]:
    path = FOLDER / f"{resource.plural}.{resource.group}.{resource.version}.jsonl"
    try:
        with path.open(encoding="utf-8") as file:
            return [json.loads(file.readline()) for _ in range(count)]
    except FileNotFoundError:
        return []
