"""Make arena/local/api/published/kubernetes.json, what built-in kinds are, of OpenAPI documents.

`ARENA_REGENERATE=1 .venv/bin/pytest tests/test_published.py` writes the file if the documents (of version 3,
one for each group and version, as `kubectl get --raw /openapi/v3/api/v1` prints them) are at hand: in the
folder that ARENA_OPENAPI names, else in `openapi` beside the checkout. Only what the kinds of the local
cluster refer to is kept, and no text.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from openapi_rules import DEFAULTS, KEYLESS, NEEDED

from arena.local.api import published, resource_types
from arena.local.api.schema import TIMES
from arena.local.objects import Resource

Node = Any
"""A node of the compact form: the name of a type or of another structure, or a mapping."""

FOLDER = Path(os.environ.get("ARENA_OPENAPI") or Path(__file__).parents[2] / "openapi")
RELEASE = FOLDER / "version.json"
"""What the API server answers to `/version`."""

TYPES: dict[str, Node] = {
    "Quantity": "quantity",
    "IntOrString": "int-or-string",
    "Time": "date-time",
    "MicroTime": "micro-time",
    "Duration": "string",
    "FieldsV1": {"type": "object", "open": True},
    "RawExtension": {"type": "object", "open": True},
    "JSONSchemaProps": {"type": "object", "open": True},
}
"""Structures that are written in another way than their fields."""


def made() -> str:
    """The text of the file."""
    found = Reduction(_documents()).reduced(_served())
    version = json.loads(RELEASE.read_text(encoding="utf-8"))["gitVersion"]
    rows = ",\n".join(f'"{name}": {_text(node)}' for name, node in sorted(found.items()))
    return f'{{"from": "Kubernetes {version.removeprefix("v")}", "structures": {{\n{rows}\n}}}}\n'


def _documents() -> dict[str, Any]:
    """Name -> schema, of all documents."""
    paths = sorted(set(FOLDER.glob("*.json")) - {RELEASE})
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return {name: one for document in documents for name, one in document["components"]["schemas"].items()}


def _served() -> Iterator[Resource]:
    """The built-in kinds of the local cluster that Kubernetes has, too."""
    kinds = (
        kind for kind in resource_types.TYPES if not kind.custom and kind.verbs != resource_types.MEASURED
    )
    return (kind.resource for kind in kinds if not kind.resource.group.endswith("arena.io"))


EMPTY = {"boolean!": False, "int-or-string!": 0, "integer!": 0, "quantity": "0", "string!": ""}
"""The values of fields that are always there, if none is given; lists and times are so as null."""


class Reduction:
    """Structures of OpenAPI in the compact form."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas
        self.found: dict[str, Node] = {}
        self._origin: dict[str, str] = {}
        self._todo: list[str] = []

    def reduced(self, kinds: Iterable[Resource]) -> dict[str, Node]:
        """Name -> structure, of the kinds and all that they refer to."""
        self._todo = [self._named(one) for one in kinds]
        while self._todo:
            name = self._todo.pop()
            short = _short(name)
            assert self._origin.setdefault(short, name) == name, f"two structures are named {short}"
            if short not in self.found:
                marks = {"keyless": True} if short in KEYLESS else {}
                self.found[short] = self.node(self.schemas[name], short) | _presence(name, short) | marks
        fields = {
            f"{name}.{field}" for name, node in self.found.items() for field in node.get("properties", ())
        }
        known = (*NEEDED.items(), *DEFAULTS.items())
        restated = {f"{name}.{field}" for name, inside in known for field in inside}
        assert restated <= fields, f"openapi_rules.py has fields that are not there: {restated - fields}"
        return self.found

    def _named(self, kind: Resource) -> str:
        key = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        marks = "x-kubernetes-group-version-kind"
        return next(name for name, one in self.schemas.items() if key in one.get(marks, ()))

    def node(self, schema: dict[str, Any], name: str = "", field: str = "") -> Node:
        """One schema; `name` and `field` tell where it stands."""
        if refers := _reference(schema):
            return self._place(refers)
        found = _marks(schema)
        if "properties" in schema:
            below = sorted(schema["properties"].items())
            found["properties"] = {key: self.node(one, name, key) for key, one in below}
            is_named = [key for key, one in found["properties"].items() if isinstance(one, str)]
            if embedded := [key for key in is_named if _is_embedded(schema["properties"][key])]:
                found["embedded"] = embedded
            if replaced := [key for key, one in below if one.get("x-kubernetes-patch-strategy") == "replace"]:
                found["replaced"] = replaced
        if "additionalProperties" in schema:
            found["values"] = self.node(schema["additionalProperties"])
        if "items" in schema:
            found["items"] = self.node(schema["items"])
        if required := sorted(schema.get("required", ())):
            found["required"] = required
        if not field and NEEDED.get(name, tuple(required)) != tuple(required):
            found["needed"] = list(NEEDED[name])
        if known := schema.get("enum"):
            found["enum"] = sorted(known)
        return _simple(found, schema)

    def _place(self, name: str) -> Node:
        short = _short(name)
        known = TYPES.get(short)
        if known is None and self.schemas[name].get("properties"):
            self._todo.append(name)
            return short
        if known is None:
            known = {"type": "object"} if self.schemas[name].get("type") == "object" else {}
        if not isinstance(known, dict) or not known:
            return known
        self.found[short] = known  # has a name, by which clients show it
        return short


def _is_embedded(schema: dict[str, Any]) -> bool:
    """Whether a field always has its structure, and only the fields of that may be missing."""
    name = _short(_reference(schema))
    return bool(name) and name not in TYPES and schema.get("default") == {}


def _presence(name: str, short: str) -> dict[str, Any]:
    """Which fields of a structure stay although they are empty, and which are always there."""
    group, version, _ = name.split(".")[-3:]
    message = f"{group}.{short}" if version == "v1" else f"{group}/{version}.{short}"
    if message not in published.messages():
        return {"defaults": DEFAULTS[short]} if short in DEFAULTS else {}
    types = dict(_types(message))
    always = {field: EMPTY.get(kind) for field, kind in types.items() if kind in EMPTY or kind[-2:] == "]!"}
    if short != "ObjectMeta":  # whose time of creation Go leaves out if there is none
        always |= {field: None for field, kind in types.items() if kind.rstrip("!") in TIMES}
    kept = sorted(field for field, kind in types.items() if kind[-1] in "*!" and not _is_message(kind))
    defaults = always | DEFAULTS.get(short, {})
    return {"kept": kept} | ({"defaults": defaults} if defaults else {})


def _types(message: str) -> Iterator[tuple[str, str]]:
    """The fields of a message, with what `protobuf.messages` says of their types."""
    for word in published.messages()[message].split():
        name, _, kind = word.rpartition("=")[2].partition(":")
        yield from [(name, kind)] if name else _types(kind)


def _is_message(kind: str) -> bool:
    return kind.rstrip("*!") in published.messages()


def _simple(found: dict[str, Any], schema: dict[str, Any]) -> Node:
    """The node, as the name of its type or format if it has nothing else."""
    if not found.keys() & {"properties", "values", "items"}:
        if schema.get("default"):
            found["default"] = schema["default"]
        found["type"] = schema["type"]
        if "format" in schema:
            found["format"] = schema["format"]
        if found.keys() == {"type", "format"}:
            return found["format"]
        return found["type"] if found.keys() == {"type"} else found
    return found


def _marks(schema: dict[str, Any]) -> dict[str, Any]:
    """What Kubernetes adds to OpenAPI."""
    kind = schema.get("x-kubernetes-list-type")
    keys = schema.get("x-kubernetes-list-map-keys") if kind == "map" else None
    key = schema.get("x-kubernetes-patch-merge-key")
    if keys and key:
        keys = [key, *(one for one in keys if one != key)]
    first = keys[0] if keys else ""
    marks = {
        "keys": keys,
        "set": kind == "set",
        "atomic": schema.get("x-kubernetes-map-type") == "atomic",
    }
    found = {name: value for name, value in marks.items() if value}
    merges = "merge" in str(schema.get("x-kubernetes-patch-strategy"))
    return found | (
        {} if (key or "", merges) == (first, bool(keys) or kind == "set") else {"merge": key or ""}
    )


def _reference(schema: dict[str, Any]) -> str:
    """The name of the schema that this one refers to; "" if it does not."""
    refers = schema.get("$ref") or next((one.get("$ref", "") for one in schema.get("allOf", ())), "")
    return str(refers).rpartition("/")[2]


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _text(node: Any) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"))
